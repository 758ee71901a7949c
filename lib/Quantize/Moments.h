// The optimizer's moments as codes, where a recipe has a format for them.
#pragma once
#include "mlir/IR/BuiltinOps.h"

namespace intq {

/// Every nn.adamw of `module` whose moments are large enough, and never updated in part, to intq.adamw; the count of them.
unsigned quantizeMoments(mlir::ModuleOp module);

} // namespace intq

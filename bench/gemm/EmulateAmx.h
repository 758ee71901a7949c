// AMX without AMX: the tile intrinsics of a kernel as plain vector arithmetic, so that its layouts
// and loops can be checked on any machine. Slow.
#pragma once
#include "mlir/IR/BuiltinOps.h"

/// Rewrites all calls of tile intrinsics in `module`.
void emulateAmx(mlir::ModuleOp module);

// Reading the checkpoint of ONNX Runtime's on-device training.
#pragma once
#include "Findings.h"
#include "intq/Import/ParameterStore.h"
#include <string>
#include <vector>

namespace intq {

/// Adds the parameters of a checkpoint to `store`, in the place of values of the same name, and
/// its moments as `<parameter>/moment1` and `/moment2`. `step`: optimizer steps done, 0 without moments. What a
/// user should know goes to `notes`.
mlir::LogicalResult readCheckpoint(llvm::StringRef path, ParameterStore &store, Findings &findings,
                                   std::vector<std::string> &notes, int64_t &step);

} // namespace intq

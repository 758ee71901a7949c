// Writing the checkpoint file of ONNX Runtime's on-device training.
#pragma once
#include "intq/Import/ParameterStore.h"
#include "mlir/IR/Location.h"

namespace intq {

struct SavedTensor {
  std::string name;
  StoredTensor value;
};
struct SavedMoments {
  std::string name; ///< of the parameter
  StoredTensor first, second;
};
struct CheckpointContents {
  std::vector<SavedTensor> trained, frozen;
  std::vector<SavedMoments> moments; ///< none: no optimizer state
  int64_t step = 0;                  ///< optimizer steps done
  float learningRate = 0;
};

/// Writes the whole file or none of it: to a draft beside it that is read back and renamed.
mlir::LogicalResult writeCheckpoint(llvm::StringRef path, CheckpointContents contents, mlir::Location loc);

} // namespace intq

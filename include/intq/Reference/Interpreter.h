// The reference interpreter: computes functions of nn, intq and check ops directly. Its results
// are the definition of every value (docs/Spec.md); no lowering is involved.
#pragma once
#include "intq/Reference/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

namespace intq::reference {

/// What a run reports beside its results.
struct Status {
  /// Sites of quantized blocks that held NaN or Inf (Spec N9), in order of occurrence.
  llvm::SetVector<llvm::StringRef> nonfinite;
};

/// Runs the straight-line function `func`. Errors (an op without a definition, an index out of
/// range, a failed check) are diagnostics at the op.
llvm::FailureOr<llvm::SmallVector<Value>>
interpret(mlir::func::FuncOp func, llvm::ArrayRef<Value> arguments, Status &status);

} // namespace intq::reference

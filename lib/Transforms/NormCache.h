// The norms of output gradients at a sample's last visit, as an input and an output of the step.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace intq {

/// One value a choice of rows and token, or one a choice and sample; whoever runs the function keeps them by sample.
class NormCache {
public:
  enum class Kind { None, Token, Sample };
  static std::optional<Kind> parse(llvm::StringRef name);

  NormCache(mlir::func::FuncOp func, Kind kind) : func(func), kind(kind) {}

  /// norms [T] of x's rows times the cached norms; this visit's norms of `gradients` go out.
  mlir::Value weigh(mlir::OpBuilder &b, mlir::Value norms, mlir::Value x, llvm::ArrayRef<mlir::Value> gradients);
  /// Adds the argument and the result `norm_cache`, [choices, B, S] or [choices, B].
  void finish();

private:
  mlir::Value sumOfNorms(llvm::ArrayRef<mlir::Value> gradients, int64_t rows);

  mlir::func::FuncOp func;
  Kind kind;
  /// The reads of the input, one a choice, from a placeholder of the one slice; and what goes out.
  llvm::SmallVector<mlir::Operation *> reads;
  llvm::SmallVector<mlir::Value> written;
};

} // namespace intq

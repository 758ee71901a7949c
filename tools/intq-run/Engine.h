// What intq-run runs functions with.
#pragma once
#include "intq/Reference/Interpreter.h"
#include "mlir/IR/BuiltinOps.h"

namespace intq::run {

class Engine {
public:
  virtual ~Engine() = default;
  /// What messages call it.
  virtual std::string name() const = 0;
  /// Runs a function without arguments, check ops included. Errors are diagnostics.
  virtual llvm::FailureOr<llvm::SmallVector<reference::Tensor>> run(mlir::func::FuncOp func) = 0;
};

std::unique_ptr<Engine> createReferenceEngine();

/// Error at `func` unless the results of two engines are equal bit for bit (NaNs are alike).
llvm::LogicalResult expectEqual(mlir::func::FuncOp func, llvm::ArrayRef<reference::Tensor> expected,
                                llvm::StringRef expectedFrom, llvm::ArrayRef<reference::Tensor> actual,
                                llvm::StringRef actualFrom);

} // namespace intq::run

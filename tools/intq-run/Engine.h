// What intq-run runs functions with.
#pragma once
#include "intq/Reference/Interpreter.h"
#include "mlir/IR/BuiltinOps.h"

namespace intq::run {

class Engine {
public:
  virtual ~Engine() = default;
  /// Runs a function without arguments, check ops included. Errors are diagnostics.
  virtual llvm::FailureOr<llvm::SmallVector<reference::Tensor>> run(mlir::func::FuncOp func) = 0;
};

} // namespace intq::run

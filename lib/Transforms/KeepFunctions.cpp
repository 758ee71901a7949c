// intq-keep-functions: what remains of a module is what will be compiled.
#include "intq/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace intq {
#define GEN_PASS_DEF_INTQKEEPFUNCTIONSPASS
#include "intq/Transforms/Passes.h.inc"
} // namespace intq

using namespace mlir;

namespace {
struct IntqKeepFunctions : intq::impl::IntqKeepFunctionsPassBase<IntqKeepFunctions> {
  using IntqKeepFunctionsPassBase::IntqKeepFunctionsPassBase;

  void runOnOperation() override {
    for (const std::string &name : names)
      if (!getOperation().lookupSymbol<func::FuncOp>(name)) {
        getOperation().emitError() << "expected a function @" << name << ", but got none";
        return signalPassFailure();
      }
    for (auto func : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (!llvm::is_contained(*names, func.getName())) {
        ++erased;
        func.erase();
      }
  }
};
} // namespace

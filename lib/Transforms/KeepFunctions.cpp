// intq-keep-functions: what remains of a module is what will be compiled.
#include "intq/Dialect/NN/Program.h"
#include "intq/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace intq {
#define GEN_PASS_DEF_INTQKEEPFUNCTIONSPASS
#include "intq/Transforms/Passes.h.inc"
} // namespace intq

using namespace mlir;
using namespace intq;

namespace {
struct IntqKeepFunctions : intq::impl::IntqKeepFunctionsPassBase<IntqKeepFunctions> {
  using IntqKeepFunctionsPassBase::IntqKeepFunctionsPassBase;

  void runOnOperation() override {
    for (const std::string &name : names)
      if (program::variants(getOperation(), name).empty()) {
        getOperation().emitError() << "expected a function @" << name << ", but got none";
        return signalPassFailure();
      }
    for (auto func : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (llvm::none_of(*names, [&](const std::string &n) { return program::isVariant(func.getName(), n); })) {
        ++erased;
        func.erase();
      }
  }
};
} // namespace

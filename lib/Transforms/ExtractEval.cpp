// nn-extract-eval: the function that evaluates a model.
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Transforms/Passes.h"

namespace intq {
#define GEN_PASS_DEF_NNEXTRACTEVALPASS
#include "intq/Transforms/Passes.h.inc"
} // namespace intq

using namespace mlir;
using namespace intq;

namespace {
struct NNExtractEval : intq::impl::NNExtractEvalPassBase<NNExtractEval> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    StringRef stage = program::kForward;
    SmallVector<func::FuncOp> sources = program::variants(module, stage);
    if (sources.empty())
      sources = program::variants(module, stage = program::kGrad);
    if (sources.empty()) {
      module.emitError() << "expected a function @" << program::kForward << " or @" << program::kGrad
                         << ", but got neither";
      return signalPassFailure();
    }
    for (func::FuncOp source : sources)
      extract(source, program::variantName(source, stage, program::kEval));
  }

  void extract(func::FuncOp source, StringRef name) {
    func::FuncOp eval = source.clone();
    eval.setName(name);
    OpBuilder::atBlockEnd(getOperation().getBody()).insert(eval);
    dropGradients(eval);
    dropDropout(eval);
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(eval.front())))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

  void dropGradients(func::FuncOp eval) {
    BitVector dropped(eval.getNumResults());
    for (auto [index, name] : program::gradients(eval))
      dropped.set(index);
    eval.front().getTerminator()->eraseOperands(dropped);
    (void)eval.eraseResults(dropped);
  }

  void dropDropout(func::FuncOp eval) {
    eval.walk([&](nn::DropoutOp op) {
      ++dropouts;
      op.getResult().replaceAllUsesWith(op.getX());
      op.erase();
    });
    for (unsigned i = eval.getNumArguments(); i-- > 0;)
      if (eval.getArgAttr(i, program::kRng) && eval.getArgument(i).use_empty())
        (void)eval.eraseArgument(i);
  }
};
} // namespace

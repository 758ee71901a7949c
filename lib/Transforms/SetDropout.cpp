// nn-set-dropout: another dropout ratio for the whole module.
#include "intq/Dialect/NN/NN.h"
#include "intq/Transforms/Passes.h"

namespace intq {
#define GEN_PASS_DEF_NNSETDROPOUTPASS
#include "intq/Transforms/Passes.h.inc"
} // namespace intq

using namespace mlir;
using namespace intq;

namespace {
struct NNSetDropout : intq::impl::NNSetDropoutPassBase<NNSetDropout> {
  using NNSetDropoutPassBase::NNSetDropoutPassBase;

  void runOnOperation() override {
    if (!(ratio >= 0.0 && ratio < 1.0)) {
      getOperation().emitError() << "expected a dropout ratio in [0, 1), but got " << ratio;
      return signalPassFailure();
    }
    getOperation().walk([&](nn::DropoutOp op) {
      ++changed;
      op.setRatio(APFloat(static_cast<float>(ratio)));
      if (ratio == 0.0) {
        op.getResult().replaceAllUsesWith(op.getX());
        op.erase();
      }
    });
  }
};
} // namespace

// intq-verify-integer: the integer contract of a recipe (Spec, section Integer contract).
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Transforms/Passes.h"

namespace intq {
#define GEN_PASS_DEF_INTQVERIFYINTEGERPASS
#include "intq/Transforms/Passes.h.inc"
} // namespace intq

using namespace mlir;
using namespace intq;

/// The recipe key whose presence makes `op`'s layer integer, or "" where no recipe speaks of it.
static StringRef layerKey(Operation *op) {
  return TypeSwitch<Operation *, StringRef>(op)
      .Case<nn::LinearOp, nn::LinearInputGradOp, nn::LinearWeightGradOp>(
          [](auto) { return "linear_weight"; })
      .Case([](nn::MatmulOp) { return "matmul_activation"; })
      .Case<nn::LayerNormOp, nn::LayerNormGradOp>([](auto) { return "layer_norm_activation"; })
      .Case<nn::EmbeddingOp, nn::EmbeddingGradOp>([](auto) { return "embedding_weight"; })
      .Default([](Operation *) { return ""; });
}

namespace {
struct IntqVerifyInteger : intq::impl::IntqVerifyIntegerPassBase<IntqVerifyInteger> {
  void runOnOperation() override {
    auto recipe = getOperation()->getAttrOfType<RecipeAttr>(program::kRecipe);
    if (!recipe) {
      getOperation().emitError() << "expected a module with an " << program::kRecipe
                                 << " attribute, but got none: run nn-quantize first";
      return signalPassFailure();
    }
    WalkResult result = getOperation().walk([&](Operation *op) {
      StringRef key = layerKey(op);
      if (!key.empty() && recipe.lookup(key)) {
        op->emitOpError() << "expected an integer op here by recipe " << recipe.getName()
                          << ", but this one multiplies and adds in float";
        return WalkResult::interrupt();
      }
      if (isa<MatmulOp, LayerNormOp, LayerNormInputGradOp, LayerNormWeightGradOp, EmbeddingOp,
              EmbeddingGradOp>(op))
        ++integerOps;
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace

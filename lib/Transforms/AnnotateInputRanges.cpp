// nn-annotate-input-ranges: allowed values of integer inputs, from their uses.
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Transforms/Passes.h"

namespace intq {
#define GEN_PASS_DEF_NNANNOTATEINPUTRANGESPASS
#include "intq/Transforms/Passes.h.inc"
} // namespace intq

using namespace mlir;
using namespace intq;

namespace {
struct Allowed {
  std::optional<int64_t> end, ignore;
};

struct NNAnnotateInputRanges : intq::impl::NNAnnotateInputRangesPassBase<NNAnnotateInputRanges> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      for (BlockArgument arg : func.getArguments())
        annotate(func, arg);
  }

  void annotate(func::FuncOp func, BlockArgument arg) {
    auto type = dyn_cast<RankedTensorType>(arg.getType());
    if (!type || !type.getElementType().isInteger(32) ||
        !func.getArgAttr(arg.getArgNumber(), program::kInput))
      return;
    Allowed allowed;
    collect(arg, allowed);
    if (!allowed.end)
      return;
    ++annotated;
    Builder b(func.getContext());
    func.setArgAttr(arg.getArgNumber(), program::kRange, b.getDenseI64ArrayAttr({0, *allowed.end}));
    if (allowed.ignore)
      func.setArgAttr(arg.getArgNumber(), program::kIgnore, b.getI64IntegerAttr(*allowed.ignore));
  }

  void collect(Value value, Allowed &allowed) {
    auto limit = [&](int64_t end) { allowed.end = std::min(end, allowed.end.value_or(end)); };
    for (Operation *user : value.getUsers()) {
      if (auto op = dyn_cast<nn::EmbeddingOp>(user))
        limit(cast<RankedTensorType>(op.getTable().getType()).getDimSize(0));
      else if (auto op = dyn_cast<nn::CrossEntropyOp>(user)) {
        limit(cast<RankedTensorType>(op.getLogits().getType()).getDimSize(1));
        allowed.ignore = op.getIgnoreIndex();
      } else if (auto op = dyn_cast<nn::SoftmaxOp>(user); op && op.getKeep() == value)
        limit(2);
      else if (isa<nn::ReshapeOp, nn::TransposeOp, nn::SliceOp, nn::BroadcastOp, nn::ConcatOp>(user))
        collect(user->getResult(0), allowed);
    }
  }
};
} // namespace

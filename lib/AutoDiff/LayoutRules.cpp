// Derivatives of the nn ops that move elements, and of sums.
#include "Rule.h"
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
using namespace intq;
using namespace intq::nn;

static LogicalResult reshapeRule(ReshapeOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  adj.add(op.getLoc(), op.getX(),
          adj.builder.createOrFold<ReshapeOp>(op.getLoc(), op.getX().getType(), g));
  return success();
}

static LogicalResult transposeRule(TransposeOp op, Adjoint &adj) {
  SmallVector<int64_t> inverse(op.getPerm().size());
  for (auto [i, p] : llvm::enumerate(op.getPerm()))
    inverse[p] = i;
  Value g = adj.get(op.getResult());
  adj.add(op.getLoc(), op.getX(),
          TransposeOp::create(adj.builder, op.getLoc(), op.getX().getType(), g, inverse));
  return success();
}

static LogicalResult sliceRule(SliceOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  adj.add(op.getLoc(), op.getX(),
          PadOp::create(adj.builder, op.getLoc(), op.getX().getType(), g, op.getOffsets()));
  return success();
}

static LogicalResult padRule(PadOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  adj.add(op.getLoc(), op.getX(),
          SliceOp::create(adj.builder, op.getLoc(), op.getX().getType(), g, op.getOffsets()));
  return success();
}

static LogicalResult concatRule(ConcatOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  SmallVector<int64_t> offsets(cast<RankedTensorType>(g.getType()).getRank(), 0);
  for (Value input : op.getInputs()) {
    if (adj.isActive(input))
      adj.add(op.getLoc(), input,
              SliceOp::create(adj.builder, op.getLoc(), input.getType(), g, offsets));
    offsets[op.getAxis()] += cast<RankedTensorType>(input.getType()).getDimSize(op.getAxis());
  }
  return success();
}

static LogicalResult broadcastRule(BroadcastOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  auto type = cast<RankedTensorType>(op.getX().getType());
  adj.add(op.getLoc(), op.getX(), unbroadcast(adj.builder, op.getLoc(), g, type));
  return success();
}

static LogicalResult reduceSumRule(ReduceSumOp op, Adjoint &adj) {
  auto type = cast<RankedTensorType>(op.getX().getType());
  SmallVector<int64_t> shape(type.getShape());
  auto summed = op.getTrailing() ? MutableArrayRef<int64_t>(shape).take_back(op.getCount())
                                 : MutableArrayRef<int64_t>(shape).take_front(op.getCount());
  llvm::fill(summed, 1);
  Value g = adj.builder.createOrFold<ReshapeOp>(op.getLoc(), type.clone(shape),
                                                adj.get(op.getResult()));
  adj.add(op.getLoc(), op.getX(), BroadcastOp::create(adj.builder, op.getLoc(), type, g));
  return success();
}

void intq::attachLayoutRules(MLIRContext *context) {
  attachRule<ReshapeOp, reshapeRule>(context);
  attachRule<TransposeOp, transposeRule>(context);
  attachRule<SliceOp, sliceRule>(context);
  attachRule<PadOp, padRule>(context);
  attachRule<ConcatOp, concatRule>(context);
  attachRule<BroadcastOp, broadcastRule>(context);
  attachRule<ReduceSumOp, reduceSumRule>(context);
}

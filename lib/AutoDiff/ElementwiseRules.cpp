// Derivatives of the element-wise nn ops.
#include "Rule.h"
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
using namespace intq;
using namespace intq::nn;

Value intq::unbroadcast(OpBuilder &b, Location loc, Value value, RankedTensorType type) {
  auto from = cast<RankedTensorType>(value.getType());
  if (from == type)
    return value;
  // Move the broadcast dimensions to the front, sum them away, restore the unit ones.
  int64_t missing = from.getRank() - type.getRank();
  SmallVector<int64_t> perm, kept;
  for (int64_t d = 0; d < from.getRank(); ++d)
    if (d < missing || type.getDimSize(d - missing) != from.getDimSize(d))
      perm.push_back(d);
  int64_t summed = perm.size();
  for (int64_t d = 0; d < from.getRank(); ++d)
    if (!llvm::is_contained(ArrayRef<int64_t>(perm).take_front(summed), d)) {
      perm.push_back(d);
      kept.push_back(from.getDimSize(d));
    }
  SmallVector<int64_t> permuted;
  for (int64_t d : perm)
    permuted.push_back(from.getDimSize(d));
  value = b.createOrFold<TransposeOp>(loc, from.clone(permuted), value, perm);
  if (summed)
    value = ReduceSumOp::create(b, loc, from.clone(kept), value, summed, false);
  return b.createOrFold<ReshapeOp>(loc, type, value);
}

template <typename Op> static RankedTensorType lhsType(Op op) {
  return cast<RankedTensorType>(op.getLhs().getType());
}
template <typename Op> static RankedTensorType rhsType(Op op) {
  return cast<RankedTensorType>(op.getRhs().getType());
}

static LogicalResult addRule(AddOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  if (adj.isActive(op.getLhs()))
    adj.add(op.getLoc(), op.getLhs(), unbroadcast(adj.builder, op.getLoc(), g, lhsType(op)));
  if (adj.isActive(op.getRhs()))
    adj.add(op.getLoc(), op.getRhs(), unbroadcast(adj.builder, op.getLoc(), g, rhsType(op)));
  return success();
}

static LogicalResult subRule(SubOp op, Adjoint &adj) {
  OpBuilder &b = adj.builder;
  Value g = adj.get(op.getResult());
  if (adj.isActive(op.getLhs()))
    adj.add(op.getLoc(), op.getLhs(), unbroadcast(b, op.getLoc(), g, lhsType(op)));
  if (adj.isActive(op.getRhs())) {
    Value negated = ScaleOp::create(b, op.getLoc(), g.getType(), g, b.getF32FloatAttr(-1.0f));
    adj.add(op.getLoc(), op.getRhs(), unbroadcast(b, op.getLoc(), negated, rhsType(op)));
  }
  return success();
}

static LogicalResult mulRule(MulOp op, Adjoint &adj) {
  OpBuilder &b = adj.builder;
  Value g = adj.get(op.getResult());
  if (adj.isActive(op.getLhs())) {
    Value d = MulOp::create(b, op.getLoc(), g.getType(), g, op.getRhs());
    adj.add(op.getLoc(), op.getLhs(), unbroadcast(b, op.getLoc(), d, lhsType(op)));
  }
  if (adj.isActive(op.getRhs())) {
    Value d = MulOp::create(b, op.getLoc(), g.getType(), g, op.getLhs());
    adj.add(op.getLoc(), op.getRhs(), unbroadcast(b, op.getLoc(), d, rhsType(op)));
  }
  return success();
}

// d(a/b) = da/b − (a/b)·db/b.
static LogicalResult divRule(DivOp op, Adjoint &adj) {
  OpBuilder &b = adj.builder;
  Location loc = op.getLoc();
  Value d = DivOp::create(b, loc, op.getType(), adj.get(op.getResult()), op.getRhs());
  if (adj.isActive(op.getLhs()))
    adj.add(loc, op.getLhs(), unbroadcast(b, loc, d, lhsType(op)));
  if (adj.isActive(op.getRhs())) {
    Value product = MulOp::create(b, loc, op.getType(), d, op.getResult());
    Value negated = ScaleOp::create(b, loc, op.getType(), product, b.getF32FloatAttr(-1.0f));
    adj.add(loc, op.getRhs(), unbroadcast(b, loc, negated, rhsType(op)));
  }
  return success();
}

static LogicalResult scaleRule(ScaleOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  adj.add(op.getLoc(), op.getX(),
          ScaleOp::create(adj.builder, op.getLoc(), op.getType(), g, op.getFactorAttr()));
  return success();
}

static LogicalResult geluRule(GeluOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  adj.add(op.getLoc(), op.getX(),
          GeluGradOp::create(adj.builder, op.getLoc(), op.getType(), g, op.getX(),
                             op.getApproximateAttr()));
  return success();
}

static LogicalResult tanhRule(TanhOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  adj.add(op.getLoc(), op.getX(),
          TanhGradOp::create(adj.builder, op.getLoc(), op.getType(), g, op.getResult()));
  return success();
}

static LogicalResult reluRule(ReluOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  adj.add(op.getLoc(), op.getX(),
          ReluGradOp::create(adj.builder, op.getLoc(), op.getType(), g, op.getResult()));
  return success();
}

// The mask is a function of the stream, so the adjoint of dropout is dropout.
static LogicalResult dropoutRule(DropoutOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  adj.add(op.getLoc(), op.getX(),
          DropoutOp::create(adj.builder, op.getLoc(), op.getType(), g, op.getRng(),
                            op.getRatioAttr(), op.getStreamAttr()));
  return success();
}

void intq::attachElementwiseRules(MLIRContext *context) {
  attachRule<AddOp, addRule>(context);
  attachRule<SubOp, subRule>(context);
  attachRule<MulOp, mulRule>(context);
  attachRule<DivOp, divRule>(context);
  attachRule<ScaleOp, scaleRule>(context);
  attachRule<GeluOp, geluRule>(context);
  attachRule<TanhOp, tanhRule>(context);
  attachRule<ReluOp, reluRule>(context);
  attachRule<DropoutOp, dropoutRule>(context);
}

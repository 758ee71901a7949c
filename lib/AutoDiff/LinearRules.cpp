// Derivatives of linear layers and batched matrix products.
#include "Rule.h"
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
using namespace intq;
using namespace intq::nn;

static LogicalResult linearRule(LinearOp op, Adjoint &adj) {
  OpBuilder &b = adj.builder;
  Location loc = op.getLoc();
  Value g = adj.get(op.getY());
  // The input gradient comes first: after it nothing reads the weight, so that its update may follow.
  if (adj.isActive(op.getX()))
    adj.add(loc, op.getX(),
            LinearInputGradOp::create(b, loc, op.getX().getType(), g, op.getWeight(), op.getSiteAttr()));
  if (adj.isActive(op.getWeight()))
    adj.add(loc, op.getWeight(),
            LinearWeightGradOp::create(b, loc, op.getWeight().getType(), g, op.getX(), op.getSiteAttr()));
  if (op.getBias() && adj.isActive(op.getBias()))
    adj.add(loc, op.getBias(), BiasGradOp::create(b, loc, op.getBias().getType(), g, op.getSiteAttr()));
  return success();
}

// C = A·B: dA = dC·Bᵀ, dB = Aᵀ·dC, each written in the orientation in which A and B are stored.
static LogicalResult matmulRule(MatmulOp op, Adjoint &adj) {
  OpBuilder &b = adj.builder;
  Value g = adj.get(op.getResult());
  bool ta = op.getTransposeA(), tb = op.getTransposeB();
  auto product = [&](Value like, Value x, Value y, bool tx, bool ty, StringRef suffix) {
    auto site = b.getStringAttr(op.getSite() + suffix);
    return MatmulOp::create(b, op.getLoc(), like.getType(), x, y, tx, ty, site);
  };
  if (adj.isActive(op.getA()))
    adj.add(op.getLoc(), op.getA(),
            ta ? product(op.getA(), op.getB(), g, tb, true, "/a_grad")
               : product(op.getA(), g, op.getB(), false, !tb, "/a_grad"));
  if (adj.isActive(op.getB()))
    adj.add(op.getLoc(), op.getB(),
            tb ? product(op.getB(), g, op.getA(), true, ta, "/b_grad")
               : product(op.getB(), op.getA(), g, !ta, false, "/b_grad"));
  return success();
}

void intq::attachLinearRules(MLIRContext *context) {
  attachRule<LinearOp, linearRule>(context);
  attachRule<MatmulOp, matmulRule>(context);
}

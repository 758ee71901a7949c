// Derivatives of layer norm, softmax and row masking.
#include "Rule.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
using namespace intq;

static LogicalResult layerNormRule(nn::LayerNormOp op, Adjoint &adj) {
  if (adj.get(op.getMean()) || adj.get(op.getRstd()))
    return op.emitOpError("has no derivative with respect to its mean or rstd result");
  Type parameter = op.getWeight().getType();
  auto grad = nn::LayerNormGradOp::create(adj.builder, op.getLoc(),
                                      TypeRange{op.getX().getType(), parameter, parameter},
                                      adj.get(op.getY()), op.getX(), op.getWeight(), op.getMean(),
                                      op.getRstd(), op.getEpsilonAttr(), op.getSiteAttr());
  adj.add(op.getLoc(), op.getX(), grad.getDx());
  adj.add(op.getLoc(), op.getWeight(), grad.getDweight());
  adj.add(op.getLoc(), op.getBias(), grad.getDbias());
  return success();
}

// Where the probabilities were quantized, the backward uses the values of the saved codes.
static LogicalResult softmaxRule(nn::SoftmaxOp op, Adjoint &adj) {
  Value y = op.getResult();
  for (Operation *user : y.getUsers())
    if (auto quantize = dyn_cast<QuantizeOp>(user))
      y = DequantizeOp::create(adj.builder, op.getLoc(), y.getType(), quantize.getResult());
    else if (auto reshape = dyn_cast<nn::ReshapeOp>(user))
      for (Operation *inner : reshape->getUsers())
        if (auto quantize = dyn_cast<QuantizeOp>(inner)) {
          Value values = DequantizeOp::create(adj.builder, op.getLoc(), reshape.getType(),
                                              quantize.getResult());
          y = adj.builder.createOrFold<nn::ReshapeOp>(op.getLoc(), op.getType(), values);
        }
  adj.add(op.getLoc(), op.getX(),
          nn::SoftmaxGradOp::create(adj.builder, op.getLoc(), op.getType(), adj.get(op.getResult()), y));
  return success();
}

static LogicalResult maskRowsRule(nn::MaskRowsOp op, Adjoint &adj) {
  Value g = adj.get(op.getResult());
  adj.add(op.getLoc(), op.getX(),
          nn::MaskRowsOp::create(adj.builder, op.getLoc(), op.getType(), g, op.getKeep()));
  return success();
}

void intq::attachNormalizationRules(MLIRContext *context) {
  attachRule<nn::LayerNormOp, layerNormRule>(context);
  attachRule<nn::SoftmaxOp, softmaxRule>(context);
  attachRule<nn::MaskRowsOp, maskRowsRule>(context);
}

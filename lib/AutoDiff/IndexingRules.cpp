// Derivatives of embedding tables and losses.
#include "Rule.h"
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
using namespace intq;
using namespace intq::nn;

static LogicalResult embeddingRule(EmbeddingOp op, Adjoint &adj) {
  adj.add(op.getLoc(), op.getTable(),
          EmbeddingGradOp::create(adj.builder, op.getLoc(), op.getTable().getType(),
                                  adj.get(op.getResult()), op.getIds(), op.getPaddingIdxAttr(),
                                  op.getSiteAttr()));
  return success();
}

static LogicalResult crossEntropyRule(CrossEntropyOp op, Adjoint &adj) {
  adj.add(op.getLoc(), op.getLogits(),
          CrossEntropyGradOp::create(adj.builder, op.getLoc(), op.getLogits().getType(),
                                     adj.get(op.getLoss()), op.getLogits(), op.getLabels(),
                                     op.getIgnoreIndexAttr()));
  return success();
}

static LogicalResult mseRule(MseOp op, Adjoint &adj) {
  if (adj.isActive(op.getTarget()))
    return op.emitOpError("has no derivative with respect to its target");
  adj.add(op.getLoc(), op.getPrediction(),
          MseGradOp::create(adj.builder, op.getLoc(), op.getPrediction().getType(),
                            adj.get(op.getLoss()), op.getPrediction(), op.getTarget()));
  return success();
}

void intq::attachIndexingRules(MLIRContext *context) {
  attachRule<EmbeddingOp, embeddingRule>(context);
  attachRule<CrossEntropyOp, crossEntropyRule>(context);
  attachRule<MseOp, mseRule>(context);
}

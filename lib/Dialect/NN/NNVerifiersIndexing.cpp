// Verifiers of embeddings and losses of nn.
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/VerifierChecks.h"

using namespace mlir;
using namespace intq;
using namespace intq::nn;

LogicalResult EmbeddingOp::verify() {
  ArrayRef<int64_t> table = getTable().getType().getShape();
  if (failed(expectRank(*this, "a table", table, 2))) // embedding_c1
    return failure();
  if (failed(expectShape(*this, "a result", getType().getShape(),
                         gatheredShape(getIds().getType().getShape(), table[1])))) // embedding_c2
    return failure();
  return verifyPaddingIndex(*this, getPaddingIdx(), table[0]); // embedding_c3
}

LogicalResult EmbeddingGradOp::verify() {
  ArrayRef<int64_t> table = getType().getShape();
  if (failed(expectRank(*this, "dtable", table, 2))) // embedding_grad_c1
    return failure();
  if (failed(expectShape(*this, "dy", getDy().getType().getShape(),
                         gatheredShape(getIds().getType().getShape(), table[1])))) // embedding_grad_c2
    return failure();
  return verifyPaddingIndex(*this, getPaddingIdx(), table[0]); // embedding_grad_c3
}

LogicalResult PositionIdsOp::verify() {
  ArrayRef<int64_t> ids = getIds().getType().getShape();
  if (failed(expectRank(*this, "ids", ids, 2))) // position_ids_c1
    return failure();
  if (failed(expectShape(*this, "a result", getType().getShape(), ids))) // position_ids_c2
    return failure();
  int64_t padding = getPaddingIdx();
  if (padding < 0 || padding >= (int64_t(1) << 30)) // position_ids_c3
    return emitOpError() << "expected padding_idx from 0 to below 2^30, but got " << padding;
  return success();
}

LogicalResult CrossEntropyOp::verify() {
  ArrayRef<int64_t> logits = getLogits().getType().getShape();
  if (failed(expectRank(*this, "logits", logits, 2))) // cross_entropy_c1
    return failure();
  return expectShape(*this, "labels", getLabels().getType().getShape(), logits[0]); // cross_entropy_c2
}

LogicalResult CrossEntropyGradOp::verify() {
  ArrayRef<int64_t> logits = getLogits().getType().getShape();
  if (failed(expectRank(*this, "logits", logits, 2))) // cross_entropy_grad_c1
    return failure();
  if (failed(expectShape(*this, "labels", getLabels().getType().getShape(),
                         logits[0]))) // cross_entropy_grad_c2
    return failure();
  return expectShape(*this, "dlogits", getType().getShape(), logits); // cross_entropy_grad_c3
}

LogicalResult MseOp::verify() {
  return expectShape(*this, "a target", getTarget().getType().getShape(),
                     getPrediction().getType().getShape()); // mse_c1
}

LogicalResult MseGradOp::verify() {
  ArrayRef<int64_t> prediction = getPrediction().getType().getShape();
  if (failed(expectShape(*this, "a target", getTarget().getType().getShape(), prediction)))
    return failure();
  return expectShape(*this, "dprediction", getType().getShape(), prediction); // mse_grad_c1
}

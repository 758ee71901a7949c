// Verifiers of layer norm, softmax and row masking of nn.
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/VerifierChecks.h"

using namespace mlir;
using namespace intq;
using namespace intq::nn;

static ArrayRef<int64_t> shapeOf(Value v) { return cast<RankedTensorType>(v.getType()).getShape(); }

LogicalResult LayerNormOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX());
  if (failed(expectRankAtLeast(*this, "x", x, 1)) ||
      failed(expectShape(*this, "a weight", shapeOf(getWeight()), x.back())) ||
      failed(expectShape(*this, "a bias", shapeOf(getBias()), x.back()))) // layer_norm_c1
    return failure();
  if (failed(expectShape(*this, "y", shapeOf(getY()), x)) ||
      failed(expectShape(*this, "a mean", shapeOf(getMean()), withLast(x, 1))) ||
      failed(expectShape(*this, "rstd", shapeOf(getRstd()), withLast(x, 1)))) // layer_norm_c2
    return failure();
  return verifyEpsilon(*this, getEpsilon()); // layer_norm_c3
}

LogicalResult LayerNormGradOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX());
  if (failed(expectRankAtLeast(*this, "x", x, 1)) ||
      failed(expectShape(*this, "dy", shapeOf(getDy()), x)) ||
      failed(expectShape(*this, "dx", shapeOf(getDx()), x))) // layer_norm_grad_c1
    return failure();
  if (failed(expectShape(*this, "a weight", shapeOf(getWeight()), x.back())) ||
      failed(expectShape(*this, "dweight", shapeOf(getDweight()), x.back())) ||
      failed(expectShape(*this, "dbias", shapeOf(getDbias()), x.back()))) // layer_norm_grad_c2
    return failure();
  if (failed(expectShape(*this, "a mean", shapeOf(getMean()), withLast(x, 1))) ||
      failed(expectShape(*this, "rstd", shapeOf(getRstd()), withLast(x, 1)))) // layer_norm_grad_c3
    return failure();
  return verifyEpsilon(*this, getEpsilon()); // layer_norm_grad_c4
}

LogicalResult SoftmaxOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX());
  if (failed(expectRankAtLeast(*this, "x", x, 1)) ||
      failed(expectShape(*this, "a result", getType().getShape(), x))) // softmax_c1
    return failure();
  if (!getKeep())
    return success();
  if (failed(expectRank(*this, "x", x, 4))) // softmax_c2
    return failure();
  return expectShape(*this, "keep", shapeOf(getKeep()), {x[0], x[3]}); // softmax_c2
}

LogicalResult SoftmaxGradOp::verify() {
  return expectRankAtLeast(*this, "y", shapeOf(getY()), 1); // softmax_grad_c1
}

LogicalResult MaskRowsOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX());
  if (failed(expectRank(*this, "x", x, 4)) ||
      failed(expectShape(*this, "keep", shapeOf(getKeep()), {x[0], x[2]}))) // mask_rows_c1
    return failure();
  return expectShape(*this, "a result", getType().getShape(), x); // mask_rows_c2
}

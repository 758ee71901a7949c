// Verifiers of linear layers, their gradients, and batched products of nn.
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/VerifierChecks.h"

using namespace mlir;
using namespace intq;
using namespace intq::nn;

LogicalResult LinearOp::verify() {
  ArrayRef<int64_t> x = getX().getType().getShape(), weight = getWeight().getType().getShape();
  if (failed(expectRankAtLeast(*this, "x", x, 1)) || failed(expectRank(*this, "a weight", weight, 2)) ||
      failed(expectShape(*this, "a weight", weight, {weight[0], x.back()}))) // linear_c1
    return failure();
  if (failed(expectShape(*this, "y", getType().getShape(), withLast(x, weight[0])))) // linear_c2
    return failure();
  if (getBias()) // linear_c3
    return expectShape(*this, "a bias", getBias().getType().getShape(), weight[0]);
  return success();
}

LogicalResult LinearInputGradOp::verify() {
  ArrayRef<int64_t> dy = getDy().getType().getShape(), weight = getWeight().getType().getShape();
  if (failed(expectRankAtLeast(*this, "dy", dy, 1)) ||
      failed(expectRank(*this, "a weight", weight, 2)) ||
      failed(expectShape(*this, "a weight", weight, {dy.back(), weight[1]}))) // linear_input_grad_c1
    return failure();
  return expectShape(*this, "dx", getType().getShape(),
                     withLast(dy, weight[1])); // linear_input_grad_c2
}

LogicalResult LinearWeightGradOp::verify() {
  ArrayRef<int64_t> dy = getDy().getType().getShape(), x = getX().getType().getShape();
  if (failed(expectRankAtLeast(*this, "dy", dy, 1)) ||
      failed(expectRankAtLeast(*this, "x", x, 1))) // linear_weight_grad_c1
    return failure();
  if (dy.drop_back() != x.drop_back()) // linear_weight_grad_c1
    return emitOpError() << "expected equal leading dimensions, but got " << shapeText(dy.drop_back())
                         << " and " << shapeText(x.drop_back());
  return expectShape(*this, "dw", getType().getShape(),
                     {dy.back(), x.back()}); // linear_weight_grad_c2
}

LogicalResult BiasGradOp::verify() {
  ArrayRef<int64_t> dy = getDy().getType().getShape();
  if (failed(expectRankAtLeast(*this, "dy", dy, 1))) // bias_grad_c1
    return failure();
  return expectShape(*this, "db", getType().getShape(), dy.back()); // bias_grad_c2
}

LogicalResult MatmulOp::verify() {
  return verifyMatmulShapes(*this, getA().getType().getShape(), getB().getType().getShape(),
                            getTransposeA(), getTransposeB(), getType().getShape());
}

LogicalResult Nf4DequantizeOp::verify() {
  int64_t elements = getType().getNumElements();
  if (elements % 64 != 0) // nf4_dequantize_c1
    return emitOpError() << "expected a result with a multiple of 64 elements, but got " << elements;
  auto shared = [&](int64_t count) { return (elements + count - 1) / count; };
  if (failed(expectShape(*this, "codes", getCodes().getType().getShape(), shared(8))) ||      // nf4_dequantize_c2
      failed(expectShape(*this, "absmax", getAbsmax().getType().getShape(), shared(256))) || // nf4_dequantize_c3
      failed(expectShape(*this, "scales", getScales().getType().getShape(), shared(16384)))) // nf4_dequantize_c4
    return failure();
  return expectShape(*this, "map", getMap().getType().getShape(), 256); // nf4_dequantize_c5
}

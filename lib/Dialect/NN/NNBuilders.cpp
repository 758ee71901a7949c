// Builders of nn ops that the generated ones do not cover.
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
using namespace intq::nn;

void SliceOp::build(OpBuilder &b, OperationState &state, Value x, int64_t dimension, int64_t low, int64_t high) {
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<int64_t> shape(type.getShape()), offsets(type.getRank(), 0);
  shape[dimension] = high - low;
  offsets[dimension] = low;
  build(b, state, type.clone(shape), x, offsets);
}

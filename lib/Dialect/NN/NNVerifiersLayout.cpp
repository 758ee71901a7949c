// Verifiers of the ops of nn that move elements, and of whole-dimension sums.
#include "intq/Dialect/NN/Broadcast.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/VerifierChecks.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace intq;
using namespace intq::nn;

static LogicalResult expectElementType(Operation *op, RankedTensorType actual, Type expected) {
  if (actual.getElementType() == expected)
    return success();
  return op->emitOpError() << "expected a result of " << expected << ", but got "
                           << actual.getElementType();
}

LogicalResult ReshapeOp::verify() {
  RankedTensorType x = getX().getType();
  if (failed(expectElementType(*this, getType(), x.getElementType()))) // reshape_c1
    return failure();
  if (x.getNumElements() != getType().getNumElements()) // reshape_c2
    return emitOpError() << "expected a result of " << x.getNumElements() << " elements, but got "
                         << shapeText(getType().getShape());
  return success();
}

LogicalResult TransposeOp::verify() {
  ArrayRef<int64_t> x = getX().getType().getShape(), perm = getPerm();
  llvm::SmallBitVector seen(x.size());
  for (int64_t p : perm)
    if (p >= 0 && p < int64_t(x.size()))
      seen.set(p);
  if (perm.size() != x.size() || !seen.all()) // transpose_c1
    return emitOpError() << "expected a permutation of " << x.size() << " dimensions, but got "
                         << shapeText(perm);
  if (failed(expectElementType(*this, getType(), getX().getType().getElementType()))) // transpose_c2
    return failure();
  auto expected = llvm::map_to_vector(perm, [&](int64_t p) { return x[p]; });
  return expectShape(*this, "a result", getType().getShape(), expected); // transpose_c2
}

/// Whether the block `part` at `offsets` lies within `whole`.
static LogicalResult verifyBlock(Operation *op, ArrayRef<int64_t> part, ArrayRef<int64_t> offsets,
                                 ArrayRef<int64_t> whole) {
  if (offsets.size() != whole.size())
    return op->emitOpError() << "expected " << whole.size() << " offsets, but got " << offsets.size();
  for (auto [offset, size, bound] : llvm::zip_equal(offsets, part, whole))
    if (offset < 0 || offset > bound - size)
      return op->emitOpError() << "expected a block within " << shapeText(whole) << ", but got "
                               << shapeText(part) << " at " << shapeText(offsets);
  return success();
}

LogicalResult SliceOp::verify() {
  RankedTensorType x = getX().getType();
  if (failed(expectElementType(*this, getType(), x.getElementType())) ||
      failed(expectRank(*this, "a result", getType().getShape(), x.getRank()))) // slice_c1
    return failure();
  return verifyBlock(*this, getType().getShape(), getOffsets(), x.getShape()); // slice_c2
}

LogicalResult PadOp::verify() {
  ArrayRef<int64_t> x = getX().getType().getShape();
  if (failed(expectRank(*this, "a result", getType().getShape(), x.size()))) // pad_c1
    return failure();
  return verifyBlock(*this, x, getOffsets(), getType().getShape()); // pad_c2
}

LogicalResult ConcatOp::verify() {
  if (getInputs().empty()) // concat_c1
    return emitOpError() << "expected at least one operand, but got none";
  int64_t axis = getAxis(), rank = getType().getRank(), sum = 0;
  if (axis < 0 || axis >= rank) // concat_c2
    return emitOpError() << "expected an axis below the rank " << rank << ", but got " << axis;
  for (Value input : getInputs()) {
    auto type = cast<RankedTensorType>(input.getType());
    if (failed(expectElementType(*this, getType(), type.getElementType())) ||
        failed(expectRank(*this, "an operand", type.getShape(), rank))) // concat_c3
      return failure();
    SmallVector<int64_t> expected(getType().getShape());
    expected[axis] = type.getDimSize(axis);
    if (failed(expectShape(*this, "an operand", type.getShape(), expected))) // concat_c3
      return failure();
    sum += expected[axis];
  }
  if (sum != getType().getDimSize(axis)) // concat_c4
    return emitOpError() << "expected a size of " << sum << " along axis " << axis << ", but got "
                         << getType().getDimSize(axis);
  return success();
}

LogicalResult BroadcastOp::verify() {
  RankedTensorType x = getX().getType();
  if (failed(expectElementType(*this, getType(), x.getElementType()))) // broadcast_c1
    return failure();
  if (!broadcastsTo(x.getShape(), getType().getShape())) // broadcast_c2
    return emitOpError() << "expected x to broadcast to " << shapeText(getType().getShape())
                         << ", but got " << shapeText(x.getShape());
  return success();
}

LogicalResult ReduceSumOp::verify() {
  ArrayRef<int64_t> x = getX().getType().getShape();
  int64_t count = getCount(), rank = x.size();
  if (count < 1 || count > rank) // reduce_sum_c1
    return emitOpError() << "expected a count of 1 to " << rank << ", but got " << count;
  ArrayRef<int64_t> rest = getTrailing() ? x.drop_back(count) : x.drop_front(count);
  return expectShape(*this, "a result", getType().getShape(), rest); // reduce_sum_c2
}

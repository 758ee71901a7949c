// Ops of nn that move elements, and sums over whole dimensions.
#include "Frame.h"
#include "intq/Dialect/NN/Broadcast.h"
#include "intq/Format/Reduce.h"
#include <cstring>

using namespace mlir;
using namespace intq;
using namespace intq::reference;

static SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t d = int64_t(shape.size()) - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * shape[d + 1];
  return strides;
}

// Copies a box of the given shape between two strided places. Elements are 32 bits wide,
// whatever they mean.
static void copyBox(ArrayRef<int64_t> shape, const int32_t *from, ArrayRef<int64_t> fromStrides,
                    int32_t *to, ArrayRef<int64_t> toStrides) {
  if (shape.empty()) {
    *to = *from;
    return;
  }
  for (int64_t i = 0; i < shape.front(); ++i)
    copyBox(shape.drop_front(), from + i * fromStrides.front(), fromStrides.drop_front(),
            to + i * toStrides.front(), toStrides.drop_front());
}

static int64_t offsetOf(ArrayRef<int64_t> index, ArrayRef<int64_t> strides) {
  int64_t offset = 0;
  for (auto [i, s] : llvm::zip(index, strides))
    offset += i * s;
  return offset;
}

static LogicalResult reshape(nn::ReshapeOp op, Frame &frame) {
  frame.set(op.getResult(), frame.tensor(op.getX()).reshaped(cast<RankedTensorType>(op.getType())));
  return success();
}

static LogicalResult transpose(nn::TransposeOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX());
  Tensor out = Frame::make(op.getResult());
  SmallVector<int64_t> strides = rowMajorStrides(x.getShape()), permuted;
  for (int64_t p : op.getPerm())
    permuted.push_back(strides[p]);
  copyBox(out.getShape(), x.i32(), permuted, out.as<int32_t>(), rowMajorStrides(out.getShape()));
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult slice(nn::SliceOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX());
  Tensor out = Frame::make(op.getResult());
  SmallVector<int64_t> strides = rowMajorStrides(x.getShape());
  copyBox(out.getShape(), x.i32() + offsetOf(op.getOffsets(), strides), strides, out.as<int32_t>(),
          rowMajorStrides(out.getShape()));
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult pad(nn::PadOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX());
  Tensor out = Frame::make(op.getResult());
  SmallVector<int64_t> strides = rowMajorStrides(out.getShape());
  copyBox(x.getShape(), x.i32(), rowMajorStrides(x.getShape()),
          out.as<int32_t>() + offsetOf(op.getOffsets(), strides), strides);
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult concat(nn::ConcatOp op, Frame &frame) {
  Tensor out = Frame::make(op.getResult());
  SmallVector<int64_t> strides = rowMajorStrides(out.getShape());
  int64_t axis = op.getAxis(), at = 0;
  for (mlir::Value input : op.getInputs()) {
    const Tensor &x = frame.tensor(input);
    copyBox(x.getShape(), x.i32(), rowMajorStrides(x.getShape()),
            out.as<int32_t>() + at * strides[axis], strides);
    at += x.getShape()[axis];
  }
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult broadcastOp(nn::BroadcastOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX());
  Tensor out = Frame::make(op.getResult());
  copyBox(out.getShape(), x.i32(), broadcastStrides(x.getShape(), out.getShape()),
          out.as<int32_t>(), rowMajorStrides(out.getShape()));
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult reduceSum(nn::ReduceSumOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX());
  Tensor out = Frame::make(op.getResult());
  const float *from = x.f32();
  int64_t kept = out.getNumElements(), summed = x.getNumElements() / kept;
  if (op.getTrailing())
    for (int64_t i = 0; i < kept; ++i)
      out.f32()[i] = sumLanes(summed, [&](int64_t j) { return from[i * summed + j]; });
  else
    sumRows(summed, kept, out.f32(), [&](int64_t row, int64_t n) { return from[row * kept + n]; });
  frame.set(op.getResult(), out);
  return success();
}

void intq::reference::defineLayout(Definitions &t) {
  define<nn::ReshapeOp>(t, reshape);
  define<nn::TransposeOp>(t, transpose);
  define<nn::SliceOp>(t, slice);
  define<nn::PadOp>(t, pad);
  define<nn::ConcatOp>(t, concat);
  define<nn::BroadcastOp>(t, broadcastOp);
  define<nn::ReduceSumOp>(t, reduceSum);
}

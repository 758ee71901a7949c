// Element-wise ops of nn and their gradients.
#include "Frame.h"
#include "intq/Dialect/NN/Broadcast.h"
#include "intq/Format/Activation.h"

using namespace mlir;
using namespace intq;
using namespace intq::reference;

std::vector<float> intq::reference::broadcast(const Tensor &x, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides = broadcastStrides(x.getShape(), shape), index(shape.size(), 0);
  std::vector<float> out(ShapedType::getNumElements(shape));
  const float *from = x.f32();
  int64_t offset = 0, rank = shape.size();
  for (float &v : out) {
    v = from[offset];
    for (int64_t d = rank - 1; d >= 0; --d) {
      offset += strides[d];
      if (++index[d] < shape[d])
        break;
      offset -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return out;
}

// out[i] = f(machine, operands[i]...)
template <class F> static Tensor map(mlir::Value result, const Tensor &a, F f) {
  Tensor out = Frame::make(result);
  ScalarMachine m;
  const float *x = a.f32();
  float *to = out.f32();
  for (int64_t i = 0, n = out.getNumElements(); i < n; ++i)
    to[i] = f(m, x[i]);
  return out;
}
template <class F> static Tensor map(mlir::Value result, const Tensor &a, const Tensor &b, F f) {
  Tensor out = Frame::make(result);
  ScalarMachine m;
  const float *x = a.f32(), *y = b.f32();
  float *to = out.f32();
  for (int64_t i = 0, n = out.getNumElements(); i < n; ++i)
    to[i] = f(m, x[i], y[i]);
  return out;
}

template <class OpTy, float (ScalarMachine::*operation)(float, float)>
static LogicalResult binary(OpTy op, Frame &frame) {
  Tensor out = Frame::make(op.getResult());
  std::vector<float> lhs = broadcast(frame.tensor(op.getLhs()), out.getShape());
  std::vector<float> rhs = broadcast(frame.tensor(op.getRhs()), out.getShape());
  ScalarMachine m;
  for (size_t i = 0; i < lhs.size(); ++i)
    out.f32()[i] = (m.*operation)(lhs[i], rhs[i]);
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult scale(nn::ScaleOp op, Frame &frame) {
  float factor = op.getFactor().convertToFloat();
  frame.set(op.getResult(), map(op.getResult(), frame.tensor(op.getX()),
                                [&](auto &m, float x) { return m.mul(x, factor); }));
  return success();
}

static LogicalResult geluForward(nn::GeluOp op, Frame &frame) {
  bool isTanh = op.getApproximate() == nn::GeluApproximation::Tanh;
  frame.set(op.getResult(), map(op.getResult(), frame.tensor(op.getX()), [&](auto &m, float x) {
              return isTanh ? geluTanh(m, x) : gelu(m, x);
            }));
  return success();
}

static LogicalResult geluBackward(nn::GeluGradOp op, Frame &frame) {
  bool isTanh = op.getApproximate() == nn::GeluApproximation::Tanh;
  frame.set(op.getDx(), map(op.getDx(), frame.tensor(op.getDy()), frame.tensor(op.getX()),
                            [&](auto &m, float dy, float x) {
                              return isTanh ? geluTanhGrad(m, dy, x) : geluGrad(m, dy, x);
                            }));
  return success();
}

static LogicalResult tanhForward(nn::TanhOp op, Frame &frame) {
  frame.set(op.getResult(), map(op.getResult(), frame.tensor(op.getX()),
                                [](auto &m, float x) { return intq::tanh(m, x); }));
  return success();
}

static LogicalResult tanhBackward(nn::TanhGradOp op, Frame &frame) {
  frame.set(op.getDx(), map(op.getDx(), frame.tensor(op.getDy()), frame.tensor(op.getY()),
                            [](auto &m, float dy, float y) { return tanhGrad(m, dy, y); }));
  return success();
}

static LogicalResult reluForward(nn::ReluOp op, Frame &frame) {
  frame.set(op.getResult(), map(op.getResult(), frame.tensor(op.getX()),
                                [](auto &m, float x) { return relu(m, x); }));
  return success();
}

static LogicalResult reluBackward(nn::ReluGradOp op, Frame &frame) {
  frame.set(op.getDx(), map(op.getDx(), frame.tensor(op.getDy()), frame.tensor(op.getY()),
                            [](auto &m, float dy, float y) { return reluGrad(m, dy, y); }));
  return success();
}

static LogicalResult dropoutForward(nn::DropoutOp op, Frame &frame) {
  DropoutRule rule(op.getRatio().convertToFloat());
  RandomBits random = frame.random(op.getRng(), op.getStream(), 16);
  int64_t i = 0;
  frame.set(op.getResult(), map(op.getResult(), frame.tensor(op.getX()), [&](auto &m, float x) {
              return dropout(m, x, random(i++), rule);
            }));
  return success();
}

void intq::reference::defineElementwise(Definitions &t) {
  define<nn::AddOp>(t, binary<nn::AddOp, &ScalarMachine::add>);
  define<nn::SubOp>(t, binary<nn::SubOp, &ScalarMachine::sub>);
  define<nn::MulOp>(t, binary<nn::MulOp, &ScalarMachine::mul>);
  define<nn::DivOp>(t, binary<nn::DivOp, &ScalarMachine::div>);
  define<nn::ScaleOp>(t, scale);
  define<nn::GeluOp>(t, geluForward);
  define<nn::GeluGradOp>(t, geluBackward);
  define<nn::TanhOp>(t, tanhForward);
  define<nn::TanhGradOp>(t, tanhBackward);
  define<nn::ReluOp>(t, reluForward);
  define<nn::ReluGradOp>(t, reluBackward);
  define<nn::DropoutOp>(t, dropoutForward);
}

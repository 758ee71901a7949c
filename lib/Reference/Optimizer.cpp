// AdamW and gradient clipping.
#include "Frame.h"
#include "intq/Format/AdamW.h"
#include "intq/Format/Reduce.h"

using namespace mlir;
using namespace intq;
using namespace intq::reference;

static LogicalResult schedule(nn::AdamWScheduleOp op, Frame &frame) {
  const double *powers = frame.tensor(op.getPowers()).as<double>();
  Tensor out = Frame::make(op.getSchedule()), newPowers = Frame::make(op.getNewPowers());
  ScalarMachine m;
  auto step =
      adamWSchedule(m, *frame.tensor(op.getLr()).as<double>(), powers[0], powers[1],
                    op.getBeta1().convertToDouble(), op.getBeta2().convertToDouble(),
                    op.getWeightDecay().convertToDouble(), op.getMode() == nn::AdamMode::Ort);
  out.f32()[0] = step.schedule.size;
  out.f32()[1] = step.schedule.root;
  out.f32()[2] = step.schedule.decay;
  newPowers.as<double>()[0] = step.power1;
  newPowers.as<double>()[1] = step.power2;
  frame.set(op.getSchedule(), out);
  frame.set(op.getNewPowers(), newPowers);
  return success();
}

static LogicalResult update(nn::AdamWOp op, Frame &frame) {
  const float *w = frame.tensor(op.getParameter()).f32(), *m1 = frame.tensor(op.getMoment1()).f32();
  const float *m2 = frame.tensor(op.getMoment2()).f32(), *g = frame.tensor(op.getGradient()).f32();
  const float *s = frame.tensor(op.getSchedule()).f32();
  const float *coefficient =
      op.getCoefficient() ? frame.tensor(op.getCoefficient()).f32() : nullptr;
  AdamWConstants constants(op.getBeta1().convertToDouble(), op.getBeta2().convertToDouble(),
                           op.getEpsilon().convertToDouble());
  Tensor newW = Frame::make(op.getNewParameter()), newM1 = Frame::make(op.getNewMoment1()),
         newM2 = Frame::make(op.getNewMoment2());
  bool ort = op.getMode() == nn::AdamMode::Ort;
  ScalarMachine m;
  for (int64_t i = 0; i < newW.getNumElements(); ++i) {
    float gradient = coefficient ? g[i] * *coefficient : g[i];
    auto next = adamW<ScalarMachine>(m, {w[i], m1[i], m2[i]}, gradient, {s[0], s[1], s[2]},
                                     constants, op.getDecay(), ort);
    newW.f32()[i] = next.parameter;
    newM1.f32()[i] = next.moment1;
    newM2.f32()[i] = next.moment2;
  }
  frame.set(op.getNewParameter(), newW);
  frame.set(op.getNewMoment1(), newM1);
  frame.set(op.getNewMoment2(), newM2);
  return success();
}

static LogicalResult clip(nn::ClipCoefficientOp op, Frame &frame) {
  double total = 0;
  for (mlir::Value gradient : op.getGradients()) {
    const Tensor &g = frame.tensor(gradient);
    std::vector<double> squares(g.getNumElements());
    for (int64_t i = 0; i < g.getNumElements(); ++i)
      squares[i] = double(g.f32()[i]) * double(g.f32()[i]);
    total += sumChunked(std::move(squares));
  }
  ScalarMachine m;
  double root = m.sqrtD(total);
  Tensor norm = Frame::make(op.getNorm()), coefficient = Frame::make(op.getCoefficient());
  *norm.f32() = m.truncate(root);
  *coefficient.f32() = clipCoefficient(m, root, op.getMaxNorm().convertToDouble());
  frame.set(op.getNorm(), norm);
  frame.set(op.getCoefficient(), coefficient);
  return success();
}

void intq::reference::defineOptimizer(Definitions &t) {
  define<nn::AdamWScheduleOp>(t, schedule);
  define<nn::AdamWOp>(t, update);
  define<nn::ClipCoefficientOp>(t, clip);
}

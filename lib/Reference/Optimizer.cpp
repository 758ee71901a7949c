// AdamW and gradient clipping.
#include "Frame.h"
#include "intq/Format/AdamW.h"
#include "intq/Format/Moments.h"
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

namespace {
/// The update of element i, of either op, from moments as floats.
template <class OpTy> class Update {
public:
  Update(OpTy op, Frame &frame)
      : op(op), w(frame.tensor(op.getParameter()).f32()), g(frame.tensor(op.getGradient()).f32()),
        s(frame.tensor(op.getSchedule()).f32()),
        coefficient(op.getCoefficient() ? frame.tensor(op.getCoefficient()).f32() : nullptr),
        constants(op.getBeta1().convertToDouble(), op.getBeta2().convertToDouble(), op.getEpsilon().convertToDouble()) {}

  AdamWState<ScalarMachine> operator()(int64_t i, float moment1, float moment2) {
    float gradient = coefficient ? g[i] * *coefficient : g[i];
    ScalarMachine m;
    return adamW<ScalarMachine>(m, {w[i], moment1, moment2}, gradient, {s[0], s[1], s[2]}, constants, op.getDecay(),
                                op.getMode() == nn::AdamMode::Ort);
  }

private:
  OpTy op;
  const float *w, *g, *s, *coefficient;
  AdamWConstants constants;
};
} // namespace

static LogicalResult update(nn::AdamWOp op, Frame &frame) {
  const float *m1 = frame.tensor(op.getMoment1()).f32(), *m2 = frame.tensor(op.getMoment2()).f32();
  Tensor newW = Frame::make(op.getNewParameter()), newM1 = Frame::make(op.getNewMoment1()),
         newM2 = Frame::make(op.getNewMoment2());
  Update<nn::AdamWOp> update(op, frame);
  for (int64_t i = 0; i < newW.getNumElements(); ++i) {
    auto next = update(i, m1[i], m2[i]);
    newW.f32()[i] = next.parameter;
    newM1.f32()[i] = next.moment1;
    newM2.f32()[i] = next.moment2;
  }
  frame.set(op.getNewParameter(), newW);
  frame.set(op.getNewMoment1(), newM1);
  frame.set(op.getNewMoment2(), newM2);
  return success();
}

static LogicalResult updateCodes(AdamWOp op, Frame &frame) {
  const auto *m1 = frame.tensor(op.getMoment1()).as<int8_t>(), *m2 = frame.tensor(op.getMoment2()).as<int8_t>();
  const float *scale = frame.tensor(op.getScale1()).f32();
  const int32_t *base = frame.tensor(op.getBase2()).i32();
  Tensor newW = Frame::make(op.getNewParameter()), newM1 = Frame::make(op.getNewMoment1()),
         newScale = Frame::make(op.getNewScale1()), newM2 = Frame::make(op.getNewMoment2()),
         newBase = Frame::make(op.getNewBase2());
  Update<AdamWOp> update(op, frame);
  RandomBits random = frame.random(op.getRng(), op.getStream(), 32);
  ScalarMachine m;
  int64_t count = newW.getNumElements();
  for (int64_t b = 0; b < momentBlocks(count); ++b) {
    int64_t begin = b * kMomentBlock, end = std::min(count, begin + kMomentBlock);
    std::vector<float> first, second;
    for (int64_t i = begin; i < end; ++i) {
      auto next = update(i, decode(m, m1[i], scale[b]), decodeSecondMoment(m, uint8_t(m2[i]), base[b]));
      newW.f32()[i] = next.parameter;
      first.push_back(next.moment1);
      second.push_back(next.moment2);
    }
    auto draw = [&](int64_t i) { return random(begin + i); };
    encodeFirstMoments(first.data(), end - begin, draw, newM1.as<int8_t>() + begin, newScale.f32()[b]);
    encodeSecondMoments(second.data(), end - begin, draw, newM2.as<int8_t>() + begin, newBase.as<int32_t>()[b]);
  }
  frame.set(op.getNewParameter(), newW);
  frame.set(op.getNewMoment1(), newM1);
  frame.set(op.getNewScale1(), newScale);
  frame.set(op.getNewMoment2(), newM2);
  frame.set(op.getNewBase2(), newBase);
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
  define<AdamWOp>(t, updateCodes);
  define<nn::ClipCoefficientOp>(t, clip);
}

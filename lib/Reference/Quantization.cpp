// Between floats and codes: quantize, dequantize, unscale, dropout and reshape on codes.
#include "Frame.h"
#include "intq/Format/Activation.h"
#include "intq/Format/Quantize.h"
#include "intq/Format/Stream.h"

using namespace mlir;
using namespace intq;
using namespace intq::reference;

// Largest magnitude bits of every block (N6).
static std::vector<int32_t> blockAmax(QType type, const std::vector<float> &x, size_t blocks) {
  std::vector<int32_t> amax(blocks);
  int64_t last = type.getRank() - 1, columns = type.getShape()[last],
          block = type.getBlockSize(last);
  ScalarMachine m;
  forEachRow(type, [&](int64_t begin, int64_t scale) {
    for (int64_t j = 0; j < columns; ++j) {
      int32_t &largest = amax[scale + j / block];
      largest = std::max(largest, magnitudeBits(m, x[begin + j]));
    }
  });
  return amax;
}

// The values that are encoded: x, or mul(x, fold).
static std::vector<float> foldedValues(QuantizeOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX());
  std::vector<float> values(x.f32(), x.f32() + x.getNumElements());
  if (op.getFold()) {
    std::vector<float> fold = broadcast(frame.tensor(op.getFold()), x.getShape());
    for (size_t i = 0; i < values.size(); ++i)
      values[i] *= fold[i];
  }
  return values;
}

static LogicalResult quantize(QuantizeOp op, Frame &frame) {
  QTensor out = Frame::makeQuantized(op.getResult());
  QType type = out.type;
  int width = type.getWidth();
  std::vector<float> values = foldedValues(op, frame);
  std::vector<int32_t> amax = blockAmax(type, values, out.scales->size());

  ScalarMachine m;
  std::vector<float> reciprocals(amax.size());
  for (size_t i = 0; i < amax.size(); ++i) {
    float scale = type.getScale() == ScaleKind::Pow2 ? scalePow2(m, amax[i], width)
                                                     : scaleF32(m, amax[i], width);
    (*out.scales)[i] = scale;
    reciprocals[i] = reciprocal(m, scale);
    if (!isFiniteBits(m, amax[i]))
      frame.status.nonfinite.insert(op.getSite());
  }

  bool stochastic = op.getRounding() == Rounding::Stochastic;
  std::optional<RandomBits> random;
  if (stochastic)
    random = frame.random(op.getRng(), *op.getStream(), stochasticBits(width));
  int64_t last = type.getRank() - 1, columns = type.getShape()[last],
          block = type.getBlockSize(last);
  forEachRow(type, [&](int64_t begin, int64_t scale) {
    int64_t drawn = begin; // the element whose draws are those of `begin`
    if (op.getRows())
      drawn = frame.tensor(op.getRows()).i32()[begin / columns] * columns;
    for (int64_t j = 0; j < columns; ++j) {
      int64_t i = begin + j, b = scale + j / block;
      bool finite = isFiniteBits(m, amax[b]);
      (*out.codes)[i] =
          stochastic ? encodeStochastic(m, values[i], reciprocals[b], finite, (*random)(drawn + j), width)
                     : encodeNearest(m, values[i], reciprocals[b], finite, width);
    }
  });
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult dequantize(DequantizeOp op, Frame &frame) {
  const QTensor &q = frame.quantized(op.getQ());
  Tensor out = Frame::make(op.getResult());
  int64_t last = q.type.getRank() - 1, columns = q.type.getShape()[last],
          block = q.type.getBlockSize(last);
  ScalarMachine m;
  forEachRow(q.type, [&](int64_t begin, int64_t scale) {
    for (int64_t j = 0; j < columns; ++j) {
      float s = q.type.getScale() == ScaleKind::Unit ? 1.0f : (*q.scales)[scale + j / block];
      out.f32()[begin + j] = decode(m, (*q.codes)[begin + j], s);
    }
  });
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult unscale(UnscaleOp op, Frame &frame) {
  const QTensor &q = frame.quantized(op.getQ());
  QTensor codes;
  codes.type = cast<QType>(op.getCodes().getType());
  codes.codes = q.codes;
  codes.scales = std::make_shared<std::vector<float>>();
  Tensor scales = Frame::make(op.getScales());
  std::copy(q.scales->begin(), q.scales->end(), scales.f32());
  frame.set(op.getScales(), scales);
  frame.set(op.getCodes(), codes);
  return success();
}

static LogicalResult dropoutCodes(DropoutOp op, Frame &frame) {
  const QTensor &q = frame.quantized(op.getQ());
  QTensor out = Frame::makeQuantized(op.getResult());
  DropoutRule rule(op.getRatio().convertToFloat());
  RandomBits random = frame.random(op.getRng(), op.getStream(), 16);
  for (size_t i = 0; i < q.codes->size(); ++i)
    (*out.codes)[i] = random(i) < rule.threshold ? 0 : (*q.codes)[i];
  for (size_t i = 0; i < q.scales->size(); ++i)
    (*out.scales)[i] = (*q.scales)[i] * rule.keepFactor;
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult reshape(ReshapeOp op, Frame &frame) {
  QTensor out = frame.quantized(op.getQ());
  out.type = cast<QType>(op.getResult().getType());
  frame.set(op.getResult(), out);
  return success();
}

void intq::reference::defineQuantization(Definitions &t) {
  define<QuantizeOp>(t, quantize);
  define<DequantizeOp>(t, dequantize);
  define<UnscaleOp>(t, unscale);
  define<DropoutOp>(t, dropoutCodes);
  define<ReshapeOp>(t, reshape);
}

// The definition of nn.nf4_dequantize.
#include "intq/Format/Nf4.h"
#include "Frame.h"
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
using namespace intq;
using namespace intq::reference;

static LogicalResult nf4Dequantize(nn::Nf4DequantizeOp op, Frame &frame) {
  const int32_t *codes = frame.tensor(op.getCodes()).i32(), *absmaxCodes = frame.tensor(op.getAbsmax()).i32();
  const float *scales = frame.tensor(op.getScales()).f32(), *map = frame.tensor(op.getMap()).f32();
  float offset = *frame.tensor(op.getOffset()).f32();
  Tensor out = Frame::make(op.getResult());
  ScalarMachine m;
  for (int64_t i = 0; i < out.getNumElements(); ++i) {
    int64_t block = i / nf4::kBlock;
    uint32_t absmaxCode = static_cast<uint32_t>(absmaxCodes[block / 4]) >> (8 * (block % 4)) & 255;
    float absmax = nf4::decodeAbsmax(m, map[absmaxCode], scales[block / nf4::kOuterBlock], offset);
    int32_t code = static_cast<uint32_t>(codes[i / 8]) >> nf4::shiftOf(i % 8) & 15;
    out.f32()[i] = nf4::decode(m, code, absmax);
  }
  frame.set(op.getResult(), out);
  return success();
}

void intq::reference::defineNf4(Definitions &t) { define<nn::Nf4DequantizeOp>(t, nf4Dequantize); }

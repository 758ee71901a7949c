// Verifiers of the intq ops that make, move or reshape codes.
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/Broadcast.h"
#include "intq/Dialect/NN/VerifierChecks.h"

using namespace mlir;
using namespace intq;

LogicalResult QuantizeOp::verify() {
  QType type = getType();
  ArrayRef<int64_t> x = getX().getType().getShape();
  if (failed(expectShape(*this, "x", x, type.getShape()))) // quantize_c1
    return failure();
  bool stochastic = getRounding() == Rounding::Stochastic;
  if (stochastic && (!getRng() || !getStreamAttr())) // quantize_c2
    return emitOpError() << "expected rng and stream with stochastic rounding, but got "
                         << (getRng() ? "no stream" : "no rng");
  if (!stochastic && (getRng() || getStreamAttr())) // quantize_c2
    return emitOpError() << "expected neither rng nor stream with rounding to nearest, but got "
                         << (getRng() ? "rng" : "a stream");
  if (getFold() && !broadcastsTo(getFold().getType().getShape(), x)) // quantize_c3
    return emitOpError() << "expected fold to broadcast to " << shapeText(x) << ", but got "
                         << shapeText(getFold().getType().getShape());
  if (type.getScale() == ScaleKind::Unit) // quantize_c4
    return emitOpError() << "expected a result with scale kind f32 or pow2, but got " << type;
  if (!getRows())
    return success();
  if (!stochastic) // quantize_c5
    return emitOpError() << "expected no rows with rounding to nearest, which draws nothing, but got some";
  if (failed(expectRank(*this, "x with rows", x, 2))) // quantize_c5
    return failure();
  return expectShape(*this, "rows", getRows().getType().getShape(), x[0]); // quantize_c5
}

LogicalResult DequantizeOp::verify() {
  return expectShape(*this, "a result", getType().getShape(), getQ().getType().getShape()); // dequantize_c1
}

LogicalResult UnscaleOp::verify() {
  QType type = getQ().getType();
  for (int64_t entry : type.getBlock())
    if (entry != 1 && entry != QType::kWhole) // unscale_c1
      return emitOpError() << "expected block entries of 1 or *, but got " << type;
  if (failed(expectShape(*this, "scales", getScales().getType().getShape(),
                         type.getScaleShape()))) // unscale_c2
    return failure();
  if (type.getScale() == ScaleKind::Unit) // unscale_c3
    return emitOpError() << "expected q with scale kind f32 or pow2, but got " << type;
  return expectType(*this, "codes", getCodes().getType(),
                    type.withScale(ScaleKind::Unit)); // unscale_c3
}

LogicalResult DropoutOp::verify() {
  QType type = getQ().getType();
  if (type.getScale() == ScaleKind::Unit) // dropout_c1
    return emitOpError() << "expected q with scale kind f32 or pow2, but got " << type;
  if (failed(expectType(*this, "a result", getType(), type.withScale(ScaleKind::F32)))) // dropout_c1
    return failure();
  return verifyDropoutRatio(*this, getRatio()); // dropout_c2
}

namespace {
/// One digit of a row-major index. The scale index of an element is the row-major number
/// of its scale digits; `within` digits do not enter it. A dimension whose last block is
/// short cannot be split and stays whole, with its block.
struct Digit {
  enum Kind { Scale, Within, Ragged } kind;
  int64_t size, block;
  bool operator==(const Digit &o) const {
    return kind == o.kind && size == o.size && block == o.block;
  }
};
} // namespace

static void append(SmallVectorImpl<Digit> &digits, Digit::Kind kind, int64_t size, int64_t block = 0) {
  if (size == 1)
    return;
  if (kind != Digit::Ragged && !digits.empty() && digits.back().kind == kind)
    digits.back().size *= size;
  else
    digits.push_back({kind, size, block});
}

/// The digits of a type: equal for two types exactly where every element, counted in
/// row-major order, has the same scale index.
static SmallVector<Digit> scaleDigits(QType type) {
  SmallVector<Digit> digits;
  for (auto [dim, size] : llvm::enumerate(type.getShape())) {
    int64_t block = std::min(type.getBlockSize(dim), size);
    if (size % block != 0) {
      append(digits, Digit::Ragged, size, block);
      continue;
    }
    append(digits, Digit::Scale, size / block);
    append(digits, Digit::Within, block);
  }
  return digits;
}

LogicalResult ReshapeOp::verify() {
  QType from = getQ().getType(), to = getType();
  if (from.getWidth() != to.getWidth() || from.getScale() != to.getScale()) // reshape_c1
    return emitOpError() << "expected a result of the code width and scale kind of " << from
                         << ", but got " << to;
  int64_t count = from.getCodesType().getNumElements();
  if (to.getCodesType().getNumElements() != count) // reshape_c2
    return emitOpError() << "expected a result of " << count << " codes, but got " << to;
  if (from.getScale() != ScaleKind::Unit && scaleDigits(from) != scaleDigits(to)) // reshape_c3
    return emitOpError() << "expected a result whose elements keep the scales of " << from
                         << ", but got " << to;
  return success();
}

// Assertions of tests.
#include "intq/Dialect/Check/Check.h"
#include "Frame.h"
#include "llvm/Support/Format.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace intq;
using namespace intq::reference;

// Element `i` as a number, and with its bits where it is a float.
static double number(const Tensor &t, int64_t i) {
  Type element = t.getType().getElementType();
  if (element.isF32())
    return t.f32()[i];
  if (element.isF64())
    return t.as<double>()[i];
  if (element.isInteger(8))
    return t.as<int8_t>()[i];
  return element.isInteger(16) ? t.as<int16_t>()[i] : t.i32()[i];
}
static std::string text(const Tensor &t, int64_t i) {
  std::string out;
  llvm::raw_string_ostream os(out);
  os << llvm::format("%.9g", number(t, i));
  if (t.getType().getElementType().isF32())
    os << llvm::format(" (%a)", double(t.f32()[i]));
  return out;
}

// Fails with the first of the elements that do not satisfy `matches`.
static LogicalResult expectAll(Operation *op, const Tensor &actual, const Tensor &expected,
                               function_ref<bool(int64_t)> matches) {
  int64_t wrong = 0, first = 0;
  for (int64_t i = actual.getNumElements() - 1; i >= 0; --i)
    if (!matches(i)) {
      ++wrong;
      first = i;
    }
  if (!wrong)
    return success();
  return op->emitError("expected ")
         << text(expected, first) << " at element " << first << ", but got " << text(actual, first)
         << "; " << wrong << " of " << actual.getNumElements() << " elements differ";
}

// Bits, except that every NaN equals every other (N2).
static LogicalResult expectEq(check::ExpectEqOp op, Frame &frame) {
  const Tensor &actual = frame.tensor(op.getActual()), &expected = frame.tensor(op.getExpected());
  int64_t bytes = actual.getType().getElementTypeBitWidth() / 8;
  return expectAll(op, actual, expected, [&](int64_t i) {
    return !std::memcmp(actual.as<char>() + i * bytes, expected.as<char>() + i * bytes, bytes) ||
           (std::isnan(number(actual, i)) && std::isnan(number(expected, i)));
  });
}

static LogicalResult expectClose(check::ExpectCloseOp op, Frame &frame) {
  const Tensor &actual = frame.tensor(op.getActual()), &expected = frame.tensor(op.getExpected());
  double absolute = op.getAbsolute().convertToDouble(),
         relative = op.getRelative().convertToDouble();
  return expectAll(op, actual, expected, [&](int64_t i) {
    double a = number(actual, i), e = number(expected, i);
    return a == e || std::fabs(a - e) <= absolute + relative * std::fabs(e) ||
           (std::isnan(a) && std::isnan(e));
  });
}

static LogicalResult codes(check::CodesOp op, Frame &frame) {
  if (!isa<QType>(op.getQ().getType()))
    return op.emitOpError("expected a !intq.q, but got ") << op.getQ().getType();
  const QTensor &q = frame.quantized(op.getQ());
  if (op.getCodes().getType() != q.type.getCodesType())
    return op.emitError("expected codes of type ")
           << q.type.getCodesType() << ", but got " << op.getCodes().getType();
  if (op.getScales().getType() != q.type.getScalesType())
    return op.emitError("expected scales of type ")
           << q.type.getScalesType() << ", but got " << op.getScales().getType();
  Tensor codes = Frame::make(op.getCodes()), scales = Frame::make(op.getScales());
  bool narrow = q.type.getStorageType().getWidth() == 8;
  for (size_t i = 0; i < q.codes->size(); ++i)
    if (narrow)
      codes.as<int8_t>()[i] = int8_t((*q.codes)[i]);
    else
      codes.as<int16_t>()[i] = (*q.codes)[i];
  for (int64_t i = 0; i < scales.getNumElements(); ++i)
    scales.f32()[i] = q.scales->empty() ? 1.0f : (*q.scales)[i];
  frame.set(op.getCodes(), codes);
  frame.set(op.getScales(), scales);
  return success();
}

static LogicalResult expectNonfinite(check::ExpectNonfiniteOp op, Frame &frame) {
  if (frame.status.nonfinite.contains(op.getSite()))
    return success();
  return op.emitError("expected a non-finite block at site \"")
         << op.getSite() << "\", but got none";
}

void intq::reference::defineCheck(Definitions &t) {
  define<check::ExpectEqOp>(t, expectEq);
  define<check::ExpectCloseOp>(t, expectClose);
  define<check::CodesOp>(t, codes);
  define<check::ExpectNonfiniteOp>(t, expectNonfinite);
}

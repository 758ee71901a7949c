// Checks that verifiers of several dialects share.
#include "intq/Dialect/NN/VerifierChecks.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

std::string intq::shapeText(ArrayRef<int64_t> shape) {
  std::string text = "[";
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(shape, os);
  os << "]";
  return text;
}

LogicalResult intq::expectShape(Operation *op, StringRef what, ArrayRef<int64_t> actual,
                                ArrayRef<int64_t> expected) {
  if (actual == expected)
    return success();
  return op->emitOpError() << "expected " << what << " of shape " << shapeText(expected)
                           << ", but got " << shapeText(actual);
}

LogicalResult intq::expectRank(Operation *op, StringRef what, ArrayRef<int64_t> shape, size_t rank) {
  if (shape.size() == rank)
    return success();
  return op->emitOpError() << "expected " << what << " of rank " << rank << ", but got "
                           << shapeText(shape);
}

LogicalResult intq::expectRankAtLeast(Operation *op, StringRef what, ArrayRef<int64_t> shape,
                                      size_t rank) {
  if (shape.size() >= rank)
    return success();
  return op->emitOpError() << "expected " << what << " of rank " << rank << " or more, but got "
                           << shapeText(shape);
}

LogicalResult intq::expectType(Operation *op, StringRef what, Type actual, Type expected) {
  if (actual == expected)
    return success();
  return op->emitOpError() << "expected " << what << " of type " << expected << ", but got " << actual;
}

SmallVector<int64_t> intq::withLast(ArrayRef<int64_t> shape, int64_t last) {
  SmallVector<int64_t> result(shape);
  result.back() = last;
  return result;
}

SmallVector<int64_t> intq::gatheredShape(ArrayRef<int64_t> ids, int64_t width) {
  SmallVector<int64_t> shape(ids);
  shape.push_back(width);
  return shape;
}

LogicalResult intq::verifyMatmulShapes(Operation *op, ArrayRef<int64_t> a, ArrayRef<int64_t> b,
                                       bool transposeA, bool transposeB, ArrayRef<int64_t> result) {
  if (failed(expectRankAtLeast(op, "a", a, 2)) ||
      failed(expectRank(op, "b", b, a.size()))) // matmul_c1
    return failure();
  size_t rank = a.size();
  ArrayRef<int64_t> batch = a.drop_back(2);
  if (batch != b.drop_back(2)) // matmul_c2
    return op->emitOpError() << "expected equal leading dimensions, but got " << shapeText(batch)
                             << " and " << shapeText(b.drop_back(2));
  int64_t m = a[transposeA ? rank - 1 : rank - 2], ka = a[transposeA ? rank - 2 : rank - 1];
  int64_t n = b[transposeB ? rank - 2 : rank - 1], kb = b[transposeB ? rank - 1 : rank - 2];
  if (ka != kb) // matmul_c3
    return op->emitOpError() << "expected equal sizes of the contraction, but got " << ka << " and "
                             << kb;
  SmallVector<int64_t> expected(batch);
  expected.append({m, n});
  return expectShape(op, "a result", result, expected); // matmul_c4
}

LogicalResult intq::verifyPaddingIndex(Operation *op, int64_t index, int64_t rows) {
  if (index >= -1 && index < rows)
    return success();
  return op->emitOpError() << "expected padding_idx to be -1 or a row below " << rows << ", but got "
                           << index;
}

LogicalResult intq::verifyEpsilon(Operation *op, const APFloat &epsilon) {
  float value = epsilon.convertToFloat();
  if (value > 0) // false for NaN
    return success();
  return op->emitOpError() << "expected epsilon > 0, but got " << value;
}

LogicalResult intq::verifyDropoutRatio(Operation *op, const APFloat &ratio) {
  float value = ratio.convertToFloat();
  if (value >= 0 && value < 1) // false for NaN
    return success();
  return op->emitOpError() << "expected 0 <= ratio < 1, but got " << value;
}

LogicalResult intq::expectBeta(Operation *op, StringRef name, const APFloat &beta) {
  double value = beta.convertToDouble();
  if (value >= 0 && value < 1) // false for NaN
    return success();
  return op->emitOpError() << "expected 0 <= " << name << " < 1, but got " << value;
}

LogicalResult intq::expectNotNegative(Operation *op, StringRef name, const APFloat &attribute) {
  double value = attribute.convertToDouble();
  if (value >= 0) // false for NaN
    return success();
  return op->emitOpError() << "expected " << name << " >= 0, but got " << value;
}

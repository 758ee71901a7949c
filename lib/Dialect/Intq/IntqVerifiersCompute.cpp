// Verifiers of the intq ops that compute on codes, with the proof that sums fit (Spec N1).
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/VerifierChecks.h"

using namespace mlir;
using namespace intq;

static ArrayRef<int64_t> shapeOf(Value v) { return cast<RankedTensorType>(v.getType()).getShape(); }

/// N1: the product of the bounds of a sum's factors and its length must stay below 2^63.
static LogicalResult expectExactSum(Operation *op, StringRef what, ArrayRef<int64_t> factors) {
  int64_t bound = 1;
  for (int64_t factor : factors)
    if (llvm::MulOverflow(bound, factor, bound))
      return op->emitOpError() << "expected " << what
                               << " to stay below 2^63, but got a bound with the factors "
                               << shapeText(factors);
  return success();
}

static int64_t blockAlong(QType type, int64_t dim) {
  return std::min(type.getBlockSize(dim), type.getShape()[dim]);
}

static bool isOneOrWhole(QType type, int64_t dim) {
  int64_t block = blockAlong(type, dim);
  return block == 1 || block == type.getShape()[dim];
}

/// Rank 2, and one scale a row or one for the tensor.
static LogicalResult expectRowScales(Operation *op, StringRef what, QType type) {
  if (type.getRank() == 2 && type.getScale() != ScaleKind::Unit && isOneOrWhole(type, 0) &&
      blockAlong(type, 1) == type.getShape()[1])
    return success();
  return op->emitOpError() << "expected " << what
                           << " of rank 2 with a scale a row or one for the tensor, but got " << type;
}

static LogicalResult expectOneScale(Operation *op, StringRef what, QType type) {
  if (type.getScale() != ScaleKind::Unit &&
      llvm::all_of(type.getScaleShape(), [](int64_t size) { return size == 1; }))
    return success();
  return op->emitOpError() << "expected " << what << " with one scale for the tensor, but got " << type;
}

LogicalResult MatmulOp::verify() {
  QType a = getA().getType(), b = getB().getType();
  if (failed(verifyMatmulShapes(*this, a.getShape(), b.getShape(), getTransposeA(), getTransposeB(),
                                getType().getShape()))) // matmul_c1 matmul_c2 matmul_c3 matmul_c4
    return failure();
  int64_t rank = a.getRank();
  int64_t alongA = getTransposeA() ? rank - 2 : rank - 1, alongB = getTransposeB() ? rank - 1 : rank - 2;
  bool scaledA = a.getScale() != ScaleKind::Unit, scaledB = b.getScale() != ScaleKind::Unit;
  int64_t blockA = blockAlong(a, alongA), blockB = blockAlong(b, alongB);
  if (scaledA && scaledB && blockA != blockB) // matmul_c5
    return emitOpError() << "expected equal blocks along the contraction, but got " << blockA << " and "
                         << blockB;
  if (getBias() &&
      failed(expectShape(*this, "a bias", shapeOf(getBias()), getType().getShape().back()))) // matmul_c6
    return failure();
  int64_t length = scaledA ? blockA : scaledB ? blockB : a.getShape()[alongA];
  return expectExactSum(*this, "the sums of products",
                        {a.getMaxCode(), b.getMaxCode(), length}); // matmul_n1
}

LogicalResult BiasGradOp::verify() {
  QType dy = getDy().getType();
  if (failed(expectRank(*this, "dy", dy.getShape(), 2)) ||
      failed(expectOneScale(*this, "dy", dy))) // bias_grad_c1
    return failure();
  return expectShape(*this, "db", getType().getShape(), dy.getShape()[1]); // bias_grad_c2
}

LogicalResult LayerNormOp::verify() {
  QType x = getX().getType();
  if (failed(expectRowScales(*this, "x", x))) // layer_norm_c1
    return failure();
  int64_t rows = x.getShape()[0], n = x.getShape()[1];
  if (failed(expectShape(*this, "a weight", shapeOf(getWeight()), n)) ||
      failed(expectShape(*this, "a bias", shapeOf(getBias()), n)) ||
      failed(expectShape(*this, "y", shapeOf(getY()), x.getShape())) ||
      failed(expectShape(*this, "rstd", shapeOf(getRstd()), {rows, 1}))) // layer_norm_c2
    return failure();
  if (failed(verifyEpsilon(*this, getEpsilon()))) // layer_norm_c3
    return failure();
  return expectExactSum(*this, "n times the sum of squares",
                        {n, n, x.getMaxCode(), x.getMaxCode()}); // layer_norm_n1
}

LogicalResult LayerNormInputGradOp::verify() {
  QType a = getA().getType(), x = getX().getType();
  if (failed(expectRowScales(*this, "a", a)) || failed(expectRowScales(*this, "x", x)) ||
      failed(expectShape(*this, "a", a.getShape(), x.getShape()))) // layer_norm_input_grad_c1
    return failure();
  int64_t rows = x.getShape()[0], n = x.getShape()[1];
  if (failed(expectShape(*this, "rstd", shapeOf(getRstd()), {rows, 1})) ||
      failed(expectShape(*this, "dx", getType().getShape(), x.getShape()))) // layer_norm_input_grad_c2
    return failure();
  return expectExactSum(*this, "the sums of products", // |c| <= 2·n·Q
                        {n, a.getMaxCode(), 2, n, x.getMaxCode()}); // layer_norm_input_grad_n1
}

LogicalResult LayerNormWeightGradOp::verify() {
  QType h = getH().getType(), x = getX().getType();
  if (failed(expectRowScales(*this, "x", x)) ||
      failed(expectShape(*this, "h", h.getShape(), x.getShape()))) // layer_norm_weight_grad_c1
    return failure();
  if (h.getScale() == ScaleKind::Unit || !isOneOrWhole(h, 1)) // layer_norm_weight_grad_c1
    return emitOpError() << "expected h with scale blocks [b, 1] or one for the tensor, but got " << h;
  int64_t n = x.getShape()[1];
  if (failed(expectShape(*this, "dweight", getType().getShape(), n))) // layer_norm_weight_grad_c2
    return failure();
  return expectExactSum(*this, "the sums of products", // |c| <= 2·n·Q
                        {blockAlong(h, 0), h.getMaxCode(), 2, n,
                         x.getMaxCode()}); // layer_norm_weight_grad_n1
}

LogicalResult EmbeddingOp::verify() {
  QType table = getTable().getType();
  if (failed(expectRowScales(*this, "a table", table))) // embedding_c1
    return failure();
  if (failed(expectShape(*this, "a result", getType().getShape(),
                         gatheredShape(shapeOf(getIds()), table.getShape()[1])))) // embedding_c2
    return failure();
  return verifyPaddingIndex(*this, getPaddingIdx(), table.getShape()[0]); // embedding_c3
}

LogicalResult EmbeddingGradOp::verify() {
  QType dy = getDy().getType();
  ArrayRef<int64_t> table = getType().getShape(), ids = shapeOf(getIds());
  if (failed(expectRank(*this, "dtable", table, 2))) // embedding_grad_c2
    return failure();
  if (failed(expectShape(*this, "dy", dy.getShape(), gatheredShape(ids, table[1]))) ||
      failed(expectOneScale(*this, "dy", dy))) // embedding_grad_c1
    return failure();
  if (failed(verifyPaddingIndex(*this, getPaddingIdx(), table[0]))) // embedding_grad_c3
    return failure();
  return expectExactSum(*this, "the sums of codes",
                        {getIds().getType().getNumElements(), dy.getMaxCode()}); // embedding_grad_n1
}

LogicalResult RowNormOp::verify() {
  QType q = getQ().getType();
  if (failed(expectRowScales(*this, "q", q))) // row_norm_c1
    return failure();
  if (failed(expectShape(*this, "norms", getType().getShape(), q.getShape()[0]))) // row_norm_c2
    return failure();
  return expectExactSum(*this, "the sums of squares",
                        {q.getShape()[1], q.getMaxCode(), q.getMaxCode()}); // row_norm_n1
}

LogicalResult GatherRowsOp::verify() {
  QType q = getQ().getType();
  if (q.getRank() != 2 || !isOneOrWhole(q, 0) || blockAlong(q, 1) != q.getShape()[1]) // gather_rows_c1
    return emitOpError() << "expected q of rank 2 with a scale a row or one for the tensor, but got " << q;
  ArrayRef<int64_t> rows = shapeOf(getRows());
  if (failed(expectRank(*this, "rows", rows, 1))) // gather_rows_c1
    return failure();
  auto expected = QType::get(getContext(), {rows[0], q.getShape()[1]}, q.getWidth(), q.getBlock(), q.getScale());
  return expectType(*this, "a result", getType(), expected); // gather_rows_c2
}

// Verifiers of the nn ops that sample rows.
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/VerifierChecks.h"

using namespace mlir;
using namespace intq;
using namespace intq::nn;

LogicalResult RowNormOp::verify() {
  RankedTensorType x = cast<RankedTensorType>(getX().getType());
  if (failed(expectRankAtLeast(*this, "x", x.getShape(), 1))) // row_norm_c1
    return failure();
  return expectShape(*this, "norms", getType().getShape(),
                     x.getNumElements() / x.getShape().back()); // row_norm_c2
}

static LogicalResult verifyKeep(SelectRowsOp op, int64_t rows) {
  int64_t anchor = op.getAnchor(), positions = 0;
  if (op.getKeep()) {
    ArrayRef<int64_t> keep = op.getKeep().getType().getShape();
    if (failed(expectRank(op, "keep", keep, 2))) // select_rows_c2
      return failure();
    if (keep[0] * keep[1] != rows) // select_rows_c2
      return op.emitOpError() << "expected keep of " << rows << " elements, one a weight, but got "
                              << shapeText(keep);
    positions = keep[1];
  }
  if (anchor < -1 || anchor >= positions) // select_rows_c5
    if (anchor != -1)
      return op.emitOpError() << "expected -1 <= anchor < " << positions << ", but got " << anchor;
  return success();
}

LogicalResult SelectRowsOp::verify() {
  ArrayRef<int64_t> weights = getWeights().getType().getShape(), rows = getRows().getType().getShape();
  if (failed(expectRank(*this, "weights", weights, 1)) || failed(expectRank(*this, "rows", rows, 1)) ||
      failed(expectShape(*this, "scales", getScales().getType().getShape(), rows))) // select_rows_c1
    return failure();
  if (rows[0] > weights[0]) // select_rows_c1
    return emitOpError() << "expected at most " << weights[0] << " rows, one a weight, but got " << rows[0];
  if (failed(verifyKeep(*this, weights[0]))) // select_rows_c2 select_rows_c5
    return failure();
  if (weights[0] > int64_t(1) << 20) // select_rows_c3
    return emitOpError() << "expected at most 1048576 weights, but got " << weights[0];
  double defensive = getDefensive().convertToDouble();
  if (!(defensive >= 0.0 && defensive <= 0.5)) // select_rows_c4
    return emitOpError() << "expected 0 <= defensive <= 0.5, but got " << defensive;
  return success();
}

LogicalResult GatherRowsOp::verify() {
  ArrayRef<int64_t> x = getX().getType().getShape(), rows = getRows().getType().getShape();
  if (failed(expectRankAtLeast(*this, "x", x, 1)) || failed(expectRank(*this, "rows", rows, 1))) // gather_rows_c2
    return failure();
  if (failed(expectShape(*this, "a result", getType().getShape(), {rows[0], x.back()}))) // gather_rows_c1
    return failure();
  if (getScales()) // gather_rows_c3
    return expectShape(*this, "scales", getScales().getType().getShape(), rows);
  return success();
}

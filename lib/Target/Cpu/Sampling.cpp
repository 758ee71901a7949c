// Kernels of row norms and of gathered rows, of floats and of codes.
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Target/Cpu/Kernel.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

using Values = KernelBuilder::Values;

static LogicalResult emitRowNorm(KernelBuilder &k) {
  auto x = cast<RankedTensorType>(k.op->getOperand(0).getType());
  int64_t columns = x.getShape().back();
  VectorMachine v = k.vector(), s = k.scalar();
  k.parallelFor(x.getNumElements() / columns, columns, [&](Value row) {
    Value base = k.mulIndex(row, columns);
    Value sum = k.sumRow(columns, [&](Lanes lanes) {
      Value e = k.load(k.operand(0), base, lanes);
      return v.mul(e, e);
    });
    k.storeScalar(s.sqrt(sum), k.result(), row);
  });
  return success();
}

static LogicalResult emitCodeRowNorm(KernelBuilder &k) {
  QType q = cast<RowNormOp>(k.op).getQ().getType();
  int64_t rows = q.getShape()[0], columns = q.getShape()[1], largest = q.getMaxCode();
  bool narrow = columns * largest * largest < int64_t(1) << 31, oneScale = q.getScalesType().getNumElements() == 1;
  VectorMachine v = k.vector(), s = k.scalar();
  k.parallelFor(rows, columns, [&](Value row) {
    Value base = k.mulIndex(row, columns), zero = narrow ? v.constantI(0) : k.splat(k.i64(0));
    Value lanesSum = k.reduceLanes(columns, {zero}, [&](Lanes lanes, ValueRange acc) {
      Value codes = k.loadCodes(k.operand(0), base, lanes);
      Value square = v.mulI(codes, codes); // at most 2^30
      return Values{v.addI(acc[0], narrow ? square : k.toI64(square))};
    })[0];
    Value sum = k.sumInteger(lanesSum);
    Value root = s.sqrt(narrow ? s.toFloat(sum) : k.i64ToF32(sum));
    Value scale = k.loadScalar(k.operandScales(0), oneScale ? k.index(0) : row);
    k.storeScalar(s.mul(root, scale), k.result(), row);
  });
  return success();
}

static LogicalResult emitGatherRows(KernelBuilder &k) {
  auto op = cast<nn::GatherRowsOp>(k.op);
  int64_t rows = op.getType().getDimSize(0), columns = op.getType().getDimSize(1);
  VectorMachine v = k.vector();
  k.parallelFor(rows, columns, [&](Value t) {
    Value from = k.mulIndex(k.loadIndex(k.operand(1), t), columns), to = k.mulIndex(t, columns);
    Value scale = op.getScales() ? k.splat(k.loadScalar(k.operand(2), t)) : Value();
    k.forLanes(columns, [&](Lanes lanes) {
      Value x = k.load(k.operand(0), from, lanes);
      k.store(scale ? v.mul(x, scale) : x, k.result(), to, lanes);
    });
  });
  return success();
}

static LogicalResult emitGatherCodes(KernelBuilder &k) {
  auto op = cast<GatherRowsOp>(k.op);
  QType q = op.getQ().getType();
  int64_t rows = op.getType().getShape()[0], columns = q.getShape()[1];
  bool hasScales = q.getScale() != ScaleKind::Unit, oneScale = hasScales && op.getType().getScaleShape()[0] == 1;
  bool oneSource = hasScales && q.getScaleShape()[0] == 1;
  k.parallelFor(rows, columns, [&](Value t) {
    Value row = k.loadIndex(k.operand(1), t), from = k.mulIndex(row, columns), to = k.mulIndex(t, columns);
    k.forLanes(columns, [&](Lanes lanes) { k.store(k.load(k.operand(0), from, lanes), k.result(), to, lanes); });
    if (hasScales && !oneScale)
      k.storeScalar(k.loadScalar(k.operandScales(0), oneSource ? k.index(0) : row), k.resultScales(), t);
  });
  if (oneScale) {
    Value row = oneSource ? k.index(0) : k.loadIndex(k.operand(1), k.index(0));
    k.storeScalar(k.loadScalar(k.operandScales(0), row), k.resultScales(), k.index(0));
  }
  return success();
}

void intq::cpu::addSamplingKernels(KernelRegistry &registry) {
  registry["nn.row_norm"] = {emitRowNorm};
  registry["nn.gather_rows"] = {emitGatherRows};
  registry["intq.row_norm"] = {emitCodeRowNorm};
  registry["intq.gather_rows"] = {emitGatherCodes};
}

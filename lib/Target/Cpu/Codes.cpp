// Kernels on codes: intq.dequantize, intq.dropout, intq.bias_grad.
#include "Blocks.h"
#include "Draws.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Format/Activation.h"
#include "intq/Format/Quantize.h"
#include "intq/Target/Cpu/Kernel.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

/// Rows of `type` seen as [leading, rows, columns].
struct Shape3 {
  int64_t leading = 1, rows = 1, columns = 1;
  explicit Shape3(QType type) {
    ArrayRef<int64_t> shape = type.getShape();
    columns = shape.back();
    rows = shape.size() > 1 ? shape[shape.size() - 2] : 1;
    leading = type.getFloatType().getNumElements() / (rows * columns);
  }
};

static LogicalResult emitDequantize(KernelBuilder &k) {
  auto type = cast<QType>(cast<DequantizeOp>(k.op).getQ().getType());
  VectorMachine v = k.vector();
  if (type.getScale() == ScaleKind::Unit) {
    k.parallelLanes(type.getFloatType().getNumElements(), [&](Lanes lanes) {
      k.store(v.toFloat(k.loadCodes(k.operand(0), nullptr, lanes)), k.result(), nullptr, lanes);
    });
    return success();
  }
  Shape3 shape(type);
  SmallVector<int64_t> scales = type.getScaleShape();
  int64_t rank = type.getRank();
  // Strides of the scale's index by leading, row block and column; each 0 where one scale serves.
  int64_t rowBlock = rank > 1 ? type.getBlockSize(rank - 2) : 1;
  int64_t scaleRows = rank > 1 ? scales[rank - 2] : 1, scaleColumns = scales[rank - 1];
  int64_t scaleLeading = type.getScalesType().getNumElements() / (scaleRows * scaleColumns);
  int64_t block = std::min(type.getBlockSize(rank - 1), shape.columns);
  bool wholeVectors = block == 1 || block == shape.columns || block % kLanes == 0;
  if (!wholeVectors || (scaleLeading != 1 && scaleLeading != shape.leading))
    return emitDequantizeBlocks(k);
  k.parallelFor(shape.leading * shape.rows, shape.columns, [&](Value i) {
    Value base = k.mulIndex(i, shape.columns);
    Value at = k.mulIndex(k.divIndex(k.remIndex(i, shape.rows), rowBlock), scaleColumns);
    if (scaleLeading > 1)
      at = k.addIndex(at, k.mulIndex(k.divIndex(i, shape.rows), scaleRows * scaleColumns));
    auto columns = [&](Value first, int64_t count, Value one) {
      k.forLanes(count, [&](Lanes lanes) {
        Value scale = one ? one : k.load(k.operandScales(0), at, lanes);
        k.store(decode(v, k.loadCodes(k.operand(0), first, lanes), scale), k.result(), first, lanes);
      });
    };
    auto scaleOf = [&](Value j) { return k.splat(k.loadScalar(k.operandScales(0), k.addIndex(at, j))); };
    if (block == 1)
      return columns(base, shape.columns, nullptr);
    int64_t whole = shape.columns / block, rest = shape.columns % block;
    k.loop(whole, [&](Value j) { columns(k.addIndex(base, k.mulIndex(j, block)), block, scaleOf(j)); });
    if (rest)
      columns(k.addIndex(base, k.index(whole * block)), rest, scaleOf(k.index(whole)));
  });
  return success();
}

static LogicalResult emitDropout(KernelBuilder &k) {
  auto op = cast<DropoutOp>(k.op);
  auto type = cast<QType>(op.getQ().getType());
  DropoutRule rule(op.getRatio().convertToFloat());
  VectorMachine v = k.vector();
  int64_t total = type.getFloatType().getNumElements();
  forEachDraw(k, k.operand(1), total, [&](Value first, Lanes lanes, Value draw) {
    Value code = k.loadCodes(k.operand(0), first, lanes), dropped = v.ltI(draw, v.constantI(rule.threshold));
    k.storeCodes(v.selectI(dropped, v.constantI(0), code), k.result(), first, lanes);
  });
  k.parallelLanes(type.getScalesType().getNumElements(), [&](Lanes lanes) {
    Value scale = k.load(k.operandScales(0), nullptr, lanes);
    k.store(v.mul(scale, v.constant(rule.keepFactor)), k.resultScales(), nullptr, lanes);
  });
  return success();
}

static LogicalResult emitBiasGrad(KernelBuilder &k) {
  auto type = cast<QType>(cast<BiasGradOp>(k.op).getDy().getType());
  int64_t rows = type.getShape()[0], columns = type.getShape()[1];
  VectorMachine v = k.vector();
  Value scale = k.splat(k.loadScalar(k.operandScales(0), k.index(0)));
  Value zero = k.splat(k.i64(0));
  k.parallelLanes(columns, [&](Lanes lanes) {
    Value sum = k.loop(k.index(0), k.index(rows), 1, {zero}, [&](Value row, ValueRange acc) {
      Value codes = k.toI64(k.loadCodes(k.operand(0), k.mulIndex(row, columns), lanes));
      return KernelBuilder::Values{v.addI(acc[0], codes)};
    })[0];
    k.store(v.mul(k.i64ToF32(sum), scale), k.result(), nullptr, lanes);
  }, rows);
  return success();
}

void intq::cpu::addCodeKernels(KernelRegistry &registry) {
  registry["intq.dequantize"] = {emitDequantize};
  registry["intq.dropout"] = {emitDropout};
  registry["intq.bias_grad"] = {emitBiasGrad};
}

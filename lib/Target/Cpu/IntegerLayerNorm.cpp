// Kernels of intq.layer_norm and its gradients (Spec, section Layer norm): exact integer sums of codes.
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Format/Quantize.h"
#include "intq/Target/Cpu/Kernel.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

using Values = KernelBuilder::Values;

/// c = n·q − S1 is an i32 where 2·n·Q < 2^31.
static LogicalResult checkWidth(KernelBuilder &k, QType x) {
  if (2 * x.getShape()[1] * x.getMaxCode() >= int64_t(1) << 31)
    return k.unsupported("rows so long that n·code does not fit 32 bits");
  return success();
}

/// Index of the scale of row i.
static Value scaleIndex(KernelBuilder &k, QType type, Value row) {
  return type.getScaleShape()[0] == 1 ? k.index(0) : row;
}

/// S1 = Σ q of a row, an i32.
static Value sumOfRow(KernelBuilder &k, Value codes, Value base, int64_t n) {
  VectorMachine v = k.vector();
  return k.sumInteger(k.reduceLanes(n, {v.constantI(0)}, [&](Lanes lanes, ValueRange acc) {
    return Values{v.addI(acc[0], k.loadCodes(codes, base, lanes))};
  })[0]);
}

/// Σ x·y of two rows of codes, an i64: products fit 32 bits, sums do not.
static Value dotOfRows(KernelBuilder &k, Value x, Value y, Value base, int64_t n) {
  VectorMachine v = k.vector();
  return k.sumInteger(k.reduceLanes(n, {k.splat(k.i64(0))}, [&](Lanes lanes, ValueRange acc) {
    Value product = v.mulI(k.loadCodes(x, base, lanes), k.loadCodes(y, base, lanes));
    return Values{v.addI(acc[0], k.toI64(product))};
  })[0]);
}

static Value extend(KernelBuilder &k, Value i32) {
  return arith::ExtSIOp::create(k.b, k.loc, k.b.getI64Type(), i32);
}
static Value toFloat(KernelBuilder &k, Value i64) {
  return arith::SIToFPOp::create(k.b, k.loc, k.b.getF32Type(), i64);
}

static LogicalResult emitLayerNorm(KernelBuilder &k) {
  auto op = cast<LayerNormOp>(k.op);
  auto type = cast<QType>(op.getX().getType());
  if (failed(checkWidth(k, type)))
    return failure();
  int64_t rows = type.getShape()[0], n = type.getShape()[1];
  VectorMachine v = k.vector(), s = k.scalar();
  float e2 = static_cast<float>(op.getEpsilon().convertToDouble() * static_cast<double>(n) * static_cast<double>(n));
  k.parallelFor(rows, 3 * n, [&](Value row) {
    Value base = k.mulIndex(row, n), codes = k.operand(0);
    Value s1 = sumOfRow(k, codes, base, n), s2 = dotOfRows(k, codes, codes, base, n);
    Value wide = extend(k, s1);
    Value variance = s.subI(s.mulI(k.i64(n), s2), s.mulI(wide, wide)); // V ≥ 0
    Value scale = k.loadScalar(k.operandScales(0), scaleIndex(k, type, row));
    Value epsilon = s.div(s.div(s.constant(e2), scale), scale);
    Value rstd = s.div(s.constant(1.0f), s.sqrt(s.add(toFloat(k, variance), epsilon)));
    k.storeScalar(rstd, k.result(1), row);
    Value splatS1 = k.splat(s1), splatRstd = k.splat(rstd);
    k.forLanes(n, [&](Lanes lanes) {
      Value c = v.subI(v.mulI(k.loadCodes(codes, base, lanes), v.constantI(n)), splatS1);
      Value normal = v.mul(v.toFloat(c), splatRstd);
      Value y = v.fma(normal, k.load(k.operand(1), nullptr, lanes), k.load(k.operand(2), nullptr, lanes));
      k.store(y, k.result(0), base, lanes);
    });
  });
  return success();
}

static LogicalResult emitInputGrad(KernelBuilder &k) {
  auto op = cast<LayerNormInputGradOp>(k.op);
  auto aType = cast<QType>(op.getA().getType()), xType = cast<QType>(op.getX().getType());
  if (failed(checkWidth(k, xType)))
    return failure();
  int64_t rows = xType.getShape()[0], n = xType.getShape()[1];
  VectorMachine v = k.vector(), s = k.scalar();
  k.parallelFor(rows, 3 * n, [&](Value row) {
    Value base = k.mulIndex(row, n), a = k.operand(0), x = k.operand(1);
    Value s1 = sumOfRow(k, x, base, n), a1 = sumOfRow(k, a, base, n);
    // A2 = Σ a·(n·q − S1) = n·Σ a·q − S1·A1
    Value a2 = s.subI(s.mulI(k.i64(n), dotOfRows(k, a, x, base, n)), s.mulI(extend(k, s1), extend(k, a1)));
    Value aScale = k.loadScalar(k.operandScales(0), scaleIndex(k, aType, row));
    Value xScale = k.loadScalar(k.operandScales(1), scaleIndex(k, xType, row));
    Value rstd = k.loadScalar(k.operand(2), row), count = s.constant(static_cast<float>(n));
    Value rho = k.splat(s.div(s.mul(rstd, count), xScale));
    Value m1 = k.splat(s.div(s.mul(s.toFloat(a1), aScale), count));
    Value m2 = k.splat(s.div(s.mul(s.mul(toFloat(k, a2), aScale), rstd), count));
    Value splatS1 = k.splat(s1), splatRstd = k.splat(rstd), splatScale = k.splat(aScale);
    k.forLanes(n, [&](Lanes lanes) {
      Value c = v.subI(v.mulI(k.loadCodes(x, base, lanes), v.constantI(n)), splatS1);
      Value normal = v.mul(v.toFloat(c), splatRstd);
      Value centred = v.sub(v.mul(v.toFloat(k.loadCodes(a, base, lanes)), splatScale), m1);
      k.store(v.mul(rho, v.fma(v.neg(normal), m2, centred)), k.result(), base, lanes);
    });
  });
  return success();
}

static LogicalResult emitWeightGrad(KernelBuilder &k) {
  auto op = cast<LayerNormWeightGradOp>(k.op);
  auto hType = cast<QType>(op.getH().getType()), xType = cast<QType>(op.getX().getType());
  if (failed(checkWidth(k, xType)))
    return failure();
  int64_t rows = hType.getShape()[0], n = hType.getShape()[1];
  int64_t block = hType.getBlockSize(0), blocks = llvm::divideCeil(rows, block);
  bool perColumn = hType.getScaleShape()[1] != 1;
  VectorMachine v = k.vector();
  Value sums = k.scratch(rows, k.b.getI32Type());
  k.parallelFor(rows, n, [&](Value row) {
    k.storeScalar(sumOfRow(k, k.operand(1), k.mulIndex(row, n), n), sums, row);
  });
  auto sumOfBlock = [&](Value begin, Value end, Lanes lanes) {
    return k.loop(begin, end, 1, {k.splat(k.i64(0))}, [&](Value row, ValueRange acc) {
      Value base = k.mulIndex(row, n);
      Value h = k.loadCodes(k.operand(0), base, lanes), q = k.loadCodes(k.operand(1), base, lanes);
      Value c = v.subI(v.mulI(q, v.constantI(n)), k.splat(k.loadScalar(sums, row)));
      return Values{v.addI(acc[0], v.mulI(k.toI64(h), k.toI64(c)))};
    })[0];
  };
  k.parallelLanes(n, [&](Lanes lanes) {
    Value sum = k.loop(k.index(0), k.index(blocks), 1, {v.constant(0.0f)}, [&](Value c, ValueRange acc) {
      Value begin = k.mulIndex(c, block), end = k.minIndex(k.addIndex(begin, k.index(block)), k.index(rows));
      Value scale = perColumn ? k.load(k.operandScales(0), k.mulIndex(c, n), lanes)
                              : k.splat(k.loadScalar(k.operandScales(0), c));
      return Values{v.fma(k.i64ToF32(sumOfBlock(begin, end, lanes)), scale, acc[0])};
    })[0];
    k.store(sum, k.result(), nullptr, lanes);
  }, rows);
  return success();
}

void intq::cpu::addIntegerLayerNormKernels(KernelRegistry &registry) {
  registry["intq.layer_norm"] = {emitLayerNorm};
  registry["intq.layer_norm_input_grad"] = {emitInputGrad};
  registry["intq.layer_norm_weight_grad"] = {emitWeightGrad};
}

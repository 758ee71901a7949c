// Kernels of the float layer norm and its gradient (Spec, section Layer norm in float).
#include "Reduce.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Target/Cpu/Kernel.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

static LogicalResult emitLayerNorm(KernelBuilder &k) {
  auto op = cast<nn::LayerNormOp>(k.op);
  auto type = cast<RankedTensorType>(op.getX().getType());
  int64_t n = type.getShape().back(), rows = type.getNumElements() / n;
  float epsilon = op.getEpsilon().convertToFloat();
  VectorMachine v = k.vector(), s = k.scalar();
  k.parallelFor(rows, 3 * n, [&](Value row) {
    Value base = k.mulIndex(row, n), count = s.constant(static_cast<float>(n));
    auto x = [&](Lanes lanes) { return k.load(k.operand(0), base, lanes); };
    Value mean = s.div(k.sumRow(n, x), count), splatMean = k.splat(mean);
    Value squares = k.sumRow(n, [&](Lanes lanes) {
      Value d = v.sub(x(lanes), splatMean);
      return v.mul(d, d);
    });
    Value rstd = s.div(s.constant(1.0f), s.sqrt(s.add(s.div(squares, count), s.constant(epsilon))));
    Value splatRstd = k.splat(rstd);
    k.forLanes(n, [&](Lanes lanes) {
      Value normal = v.mul(v.sub(x(lanes), splatMean), splatRstd);
      Value y = v.fma(normal, k.load(k.operand(1), nullptr, lanes), k.load(k.operand(2), nullptr, lanes));
      k.store(y, k.result(0), base, lanes);
    });
    k.storeScalar(mean, k.result(1), row);
    k.storeScalar(rstd, k.result(2), row);
  });
  return success();
}

static LogicalResult emitLayerNormGrad(KernelBuilder &k) {
  auto type = cast<RankedTensorType>(cast<nn::LayerNormGradOp>(k.op).getX().getType());
  int64_t n = type.getShape().back(), rows = type.getNumElements() / n;
  VectorMachine v = k.vector(), s = k.scalar();
  auto dy = [&](Value row, Lanes lanes) { return k.load(k.operand(0), k.mulIndex(row, n), lanes); };
  auto normal = [&](Value row, Lanes lanes) {
    Value mean = k.splat(k.loadScalar(k.operand(3), row)), rstd = k.splat(k.loadScalar(k.operand(4), row));
    return v.mul(v.sub(k.load(k.operand(1), k.mulIndex(row, n), lanes), mean), rstd);
  };
  k.parallelFor(rows, 3 * n, [&](Value row) {
    Value count = s.constant(static_cast<float>(n)), rstd = k.splat(k.loadScalar(k.operand(4), row));
    auto gh = [&](Lanes lanes) { return v.mul(dy(row, lanes), k.load(k.operand(2), nullptr, lanes)); };
    Value m1 = k.splat(s.div(k.sumRow(n, gh), count));
    Value m2 = k.splat(s.div(k.sumRow(n, [&](Lanes lanes) { return v.mul(gh(lanes), normal(row, lanes)); }), count));
    k.forLanes(n, [&](Lanes lanes) {
      Value dx = v.mul(rstd, v.fma(v.neg(normal(row, lanes)), m2, v.sub(gh(lanes), m1)));
      k.store(dx, k.result(0), k.mulIndex(row, n), lanes);
    });
  });
  emitColumnSums(k, rows, n, k.result(1),
                 [&](Value row, Lanes lanes) { return v.mul(dy(row, lanes), normal(row, lanes)); });
  emitColumnSums(k, rows, n, k.result(2), dy);
  return success();
}

void intq::cpu::addLayerNormKernels(KernelRegistry &registry) {
  registry["nn.layer_norm"] = {emitLayerNorm};
  registry["nn.layer_norm_grad"] = {emitLayerNormGrad};
}

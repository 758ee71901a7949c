// Kernels of the losses and their gradients (Spec, section Cross-entropy).
#include "SoftmaxRow.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Format/Math.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

using Values = KernelBuilder::Values;

static RankedTensorType tensor(Value v) { return cast<RankedTensorType>(v.getType()); }

namespace {
/// Logits, labels and what counts of them.
struct Rows {
  Rows(KernelBuilder &k, Value logits, Value labels, RankedTensorType type, int64_t ignore)
      : k(k), logits(logits), labels(labels), count(type.getDimSize(0)), classes(type.getDimSize(1)),
        ignore(ignore) {}

  Value label(Value row) { return k.loadScalar(labels, row); }
  Value ignored(Value row) { return k.scalar().eqI(label(row), k.i32(ignore)); }
  /// The label, or 0 where the row is ignored: always a class.
  Value safeLabel(Value row) { return k.scalar().selectI(ignored(row), k.i32(0), label(row)); }
  Value base(Value row) { return k.mulIndex(row, classes); }
  Value x(Value row, Lanes lanes) { return k.load(logits, base(row), lanes); }
  Value max(Value row) { return rowMax(k, classes, [&](Lanes lanes) { return x(row, lanes); }); }
  /// Number of rows that count, an i32.
  Value counted() {
    VectorMachine v = k.vector();
    return k.sumInteger(k.reduceLanes(count, {v.constantI(0)}, [&](Lanes lanes, ValueRange acc) {
      Value skip = v.eqI(k.load(labels, nullptr, lanes), v.constantI(ignore));
      Value one = k.maskedValue(v.selectI(skip, v.constantI(0), v.constantI(1)), lanes);
      return Values{v.addI(acc[0], one)};
    })[0]);
  }

  KernelBuilder &k;
  Value logits, labels;
  int64_t count, classes, ignore;
};
} // namespace

static LogicalResult emitCrossEntropy(KernelBuilder &k) {
  auto op = cast<nn::CrossEntropyOp>(k.op);
  Rows rows(k, k.operand(0), k.operand(1), tensor(op.getLogits()), op.getIgnoreIndex());
  VectorMachine s = k.scalar();
  Value losses = k.scratch(rows.count, k.b.getF32Type());
  k.parallelFor(rows.count, 8 * rows.classes, [&](Value row) {
    Value max = rows.max(row), splat = k.splat(max);
    Value total = k.sumRow(rows.classes, [&](Lanes lanes) { return shiftedExp(k, rows.x(row, lanes), splat); });
    Value label = arith::IndexCastOp::create(k.b, k.loc, k.b.getIndexType(), rows.safeLabel(row));
    Value x = k.loadScalar(rows.logits, k.addIndex(rows.base(row), label));
    Value loss = s.sub(s.add(max, intq::log(s, total)), x);
    k.storeScalar(s.select(rows.ignored(row), s.constant(0.0f), loss), losses, row);
  });
  Value sum = k.sumRow(rows.count, [&](Lanes lanes) { return k.load(losses, nullptr, lanes); });
  Value count = rows.counted();
  Value mean = s.div(sum, s.toFloat(count));
  k.storeScalar(s.select(s.eqI(count, s.constantI(0)), s.constant(0.0f), mean), k.result(), k.index(0));
  return success();
}

static LogicalResult emitCrossEntropyGrad(KernelBuilder &k) {
  auto op = cast<nn::CrossEntropyGradOp>(k.op);
  Rows rows(k, k.operand(1), k.operand(2), tensor(op.getLogits()), op.getIgnoreIndex());
  VectorMachine v = k.vector(), s = k.scalar();
  Value share = k.splat(s.div(s.constant(1.0f), s.toFloat(rows.counted())));
  Value dloss = k.splat(k.loadScalar(k.operand(0), k.index(0)));
  k.parallelFor(rows.count, 8 * rows.classes, [&](Value row) {
    Value base = rows.base(row), max = k.splat(rows.max(row));
    Value sum = k.splat(k.sumRow(rows.classes, [&](Lanes lanes) {
      Value e = shiftedExp(k, rows.x(row, lanes), max);
      k.store(e, k.result(), base, lanes);
      return e;
    }));
    Value label = k.splat(rows.safeLabel(row)), ignored = k.splat(rows.ignored(row));
    k.forLanes(rows.classes, [&](Lanes lanes) {
      Value p = v.div(k.load(k.result(), base, lanes), sum);
      Value hot = v.select(v.eqI(laneNumbers(k, lanes), label), v.constant(1.0f), v.constant(0.0f));
      Value d = v.mul(v.mul(v.sub(p, hot), share), dloss);
      k.store(v.select(ignored, v.constant(0.0f), d), k.result(), base, lanes);
    });
  });
  return success();
}

static LogicalResult emitMse(KernelBuilder &k) {
  int64_t count = tensor(k.op->getOperand(0)).getNumElements();
  VectorMachine v = k.vector(), s = k.scalar();
  Value sum = k.sumRow(count, [&](Lanes lanes) {
    Value d = v.sub(k.load(k.operand(0), nullptr, lanes), k.load(k.operand(1), nullptr, lanes));
    return v.mul(d, d);
  });
  k.storeScalar(s.div(sum, s.constant(static_cast<float>(count))), k.result(), k.index(0));
  return success();
}

static LogicalResult emitMseGrad(KernelBuilder &k) {
  int64_t count = tensor(k.op->getOperand(1)).getNumElements();
  VectorMachine v = k.vector();
  Value share = v.constant(2.0f / static_cast<float>(count));
  Value dloss = k.splat(k.loadScalar(k.operand(0), k.index(0)));
  k.parallelLanes(count, [&](Lanes lanes) {
    Value d = v.sub(k.load(k.operand(1), nullptr, lanes), k.load(k.operand(2), nullptr, lanes));
    k.store(v.mul(v.mul(d, share), dloss), k.result(), nullptr, lanes);
  });
  return success();
}

void intq::cpu::addLossKernels(KernelRegistry &registry) {
  registry["nn.cross_entropy"] = {emitCrossEntropy};
  registry["nn.cross_entropy_grad"] = {emitCrossEntropyGrad};
  registry["nn.mse"] = {emitMse};
  registry["nn.mse_grad"] = {emitMseGrad};
}

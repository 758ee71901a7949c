// Kernels of softmax, its gradient, and the masking of rows (Spec, section Softmax).
#include "SoftmaxRow.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Format/Math.h"
#include <limits>

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

using Values = KernelBuilder::Values;

static constexpr float kInfinity = std::numeric_limits<float>::infinity();

Value intq::cpu::rowMax(KernelBuilder &k, int64_t n, function_ref<Value(Lanes)> get) {
  VectorMachine v = k.vector(), s = k.scalar();
  Value lanes = k.reduceLanes(n, {v.constant(-kInfinity)}, [&](Lanes at, ValueRange acc) {
    Value x = get(at);
    if (at.mask)
      x = v.select(at.mask, x, v.constant(-kInfinity));
    return Values{v.select(v.lt(acc[0], x), x, acc[0])};
  })[0];
  // Floats without NaN are ordered like their bits, once those of negative ones are flipped: an integer
  // maximum, free of order.
  auto flip = [&](VectorMachine &m, Value bits) {
    return m.xorI(bits, m.andI(m.shrS(bits, 31), m.constantI(0x7fffffff)));
  };
  return s.floatOf(flip(s, k.maxInteger(flip(v, v.bitsOf(lanes)))));
}

Value intq::cpu::shiftedExp(KernelBuilder &k, Value x, Value max) {
  VectorMachine v = k.vector();
  return intq::exp(v, v.sub(x, max));
}

Value intq::cpu::laneNumbers(KernelBuilder &k, Lanes lanes) {
  VectorMachine v = k.vector();
  SmallVector<int32_t> numbers = llvm::to_vector(llvm::seq<int32_t>(0, kLanes));
  auto type = cast<VectorType>(v.type(k.b.getI32Type()));
  Value iota = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(type, ArrayRef<int32_t>(numbers)));
  Value base = arith::IndexCastOp::create(k.b, k.loc, k.b.getI32Type(), lanes.index);
  return v.addI(iota, k.splat(base));
}

static LogicalResult emitSoftmax(KernelBuilder &k) {
  auto op = cast<nn::SoftmaxOp>(k.op);
  auto type = cast<RankedTensorType>(op.getX().getType());
  int64_t n = type.getShape().back(), rows = type.getNumElements() / n, perBatch = rows / type.getDimSize(0);
  VectorMachine v = k.vector();
  Value zero = v.constant(0.0f);
  k.parallelFor(rows, 8 * n, [&](Value row) {
    Value base = k.mulIndex(row, n), keepBase = k.mulIndex(k.divIndex(row, perBatch), n);
    auto dropped = [&](Lanes lanes) { return v.eqI(k.load(k.operand(1), keepBase, lanes), v.constantI(0)); };
    auto x = [&](Lanes lanes) {
      Value value = k.load(k.operand(0), base, lanes);
      return op.getKeep() ? v.select(dropped(lanes), v.constant(-kInfinity), value) : value;
    };
    Value max = k.splat(rowMax(k, n, x));
    Value sum = k.splat(k.sumRow(n, [&](Lanes lanes) {
      Value e = shiftedExp(k, x(lanes), max);
      if (op.getKeep())
        e = v.select(dropped(lanes), zero, e);
      k.store(e, k.result(), base, lanes);
      return e;
    }));
    k.forLanes(n, [&](Lanes lanes) {
      Value p = v.div(k.load(k.result(), base, lanes), sum);
      if (op.getKeep()) // a row that keeps nothing divides 0 by 0
        p = v.select(dropped(lanes), zero, p);
      k.store(p, k.result(), base, lanes);
    });
  });
  return success();
}

static LogicalResult emitSoftmaxGrad(KernelBuilder &k) {
  auto type = cast<RankedTensorType>(cast<nn::SoftmaxGradOp>(k.op).getY().getType());
  int64_t n = type.getShape().back(), rows = type.getNumElements() / n;
  VectorMachine v = k.vector();
  k.parallelFor(rows, 2 * n, [&](Value row) {
    Value base = k.mulIndex(row, n);
    auto dy = [&](Lanes lanes) { return k.load(k.operand(0), base, lanes); };
    auto y = [&](Lanes lanes) { return k.load(k.operand(1), base, lanes); };
    Value d = k.splat(k.sumRow(n, [&](Lanes lanes) { return v.mul(dy(lanes), y(lanes)); }));
    k.forLanes(n, [&](Lanes lanes) { k.store(v.mul(y(lanes), v.sub(dy(lanes), d)), k.result(), base, lanes); });
  });
  return success();
}

static LogicalResult emitMaskRows(KernelBuilder &k) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(k.op->getOperand(0).getType()).getShape();
  int64_t heads = shape[1], length = shape[2], n = shape[3];
  VectorMachine v = k.vector(), s = k.scalar();
  k.parallelFor(shape[0] * heads * length, n, [&](Value row) {
    Value base = k.mulIndex(row, n);
    Value token = k.addIndex(k.mulIndex(k.divIndex(row, heads * length), length), k.remIndex(row, length));
    Value dropped = k.splat(s.eqI(k.loadScalar(k.operand(1), token), s.constantI(0)));
    k.forLanes(n, [&](Lanes lanes) {
      k.store(v.select(dropped, v.constant(0.0f), k.load(k.operand(0), base, lanes)), k.result(), base, lanes);
    });
  });
  return success();
}

void intq::cpu::addSoftmaxKernels(KernelRegistry &registry) {
  registry["nn.softmax"] = {emitSoftmax};
  registry["nn.softmax_grad"] = {emitSoftmaxGrad};
  registry["nn.mask_rows"] = {emitMaskRows};
}

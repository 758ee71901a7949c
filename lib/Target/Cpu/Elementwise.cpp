// Kernels of the element-wise nn ops: one pass over flat buffers, sixteen elements at a time.
#include "Draws.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Format/Activation.h"
#include "intq/Target/Cpu/Kernel.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

using Vector = VectorMachine;

/// result[i] = f(operands[i]…), all of one shape.
static LogicalResult emitMap(KernelBuilder &k, llvm::function_ref<Value(Vector &, ArrayRef<Value>)> f) {
  int64_t n = cast<ShapedType>(k.op->getResult(0).getType()).getNumElements();
  k.parallelLanes(n, [&](Lanes lanes) {
    SmallVector<Value> x;
    for (unsigned i = 0; i < k.op->getNumOperands(); ++i)
      x.push_back(k.load(k.operand(i), {}, lanes));
    Vector m = k.vector();
    k.store(f(m, x), k.result(), {}, lanes);
  });
  return success();
}

static LogicalResult emitScale(KernelBuilder &k) {
  float factor = cast<nn::ScaleOp>(k.op).getFactor().convertToFloat();
  return emitMap(k, [&](Vector &m, ArrayRef<Value> x) { return m.mul(x[0], m.constant(factor)); });
}

static LogicalResult emitGelu(KernelBuilder &k) {
  bool tanhForm = cast<nn::GeluOp>(k.op).getApproximate() == nn::GeluApproximation::Tanh;
  return emitMap(k, [&](Vector &m, ArrayRef<Value> x) { return tanhForm ? geluTanh(m, x[0]) : gelu(m, x[0]); });
}

static LogicalResult emitGeluGrad(KernelBuilder &k) {
  bool tanhForm = cast<nn::GeluGradOp>(k.op).getApproximate() == nn::GeluApproximation::Tanh;
  return emitMap(k, [&](Vector &m, ArrayRef<Value> x) {
    return tanhForm ? geluTanhGrad(m, x[0], x[1]) : geluGrad(m, x[0], x[1]);
  });
}

static LogicalResult emitTanh(KernelBuilder &k) {
  return emitMap(k, [](Vector &m, ArrayRef<Value> x) { return tanh(m, x[0]); });
}
static LogicalResult emitTanhGrad(KernelBuilder &k) {
  return emitMap(k, [](Vector &m, ArrayRef<Value> x) { return tanhGrad(m, x[0], x[1]); });
}

static LogicalResult emitRelu(KernelBuilder &k) {
  return emitMap(k, [](Vector &m, ArrayRef<Value> x) { return relu(m, x[0]); });
}
static LogicalResult emitReluGrad(KernelBuilder &k) {
  return emitMap(k, [](Vector &m, ArrayRef<Value> x) { return reluGrad(m, x[0], x[1]); });
}

static LogicalResult emitDropout(KernelBuilder &k) {
  auto op = cast<nn::DropoutOp>(k.op);
  DropoutRule rule(op.getRatio().convertToFloat());
  int64_t total = cast<ShapedType>(op.getType()).getNumElements();
  Vector m = k.vector();
  forEachDraw(k, k.operand(1), total, [&](Value first, Lanes lanes, Value draw) {
    Value x = k.load(k.operand(0), first, lanes);
    k.store(dropout(m, x, draw, rule), k.result(), first, lanes);
  });
  return success();
}

// ---- Binary ops with broadcast

/// The result as rows of its last dimensions, over which both operands are either contiguous or
/// constant; the dimensions before them are walked by index.
namespace {
struct BroadcastOperand {
  SmallVector<int64_t> strides; // of the outer dimensions; 0 where broadcast
  bool constantInRow;
};
struct BroadcastPlan {
  SmallVector<int64_t> outer; // sizes
  int64_t row = 1;            // elements of a row
  BroadcastOperand operands[2];
};
} // namespace

/// Extents and element strides of `from` seen in the shape `to`, aligned at the right (NumPy).
static SmallVector<int64_t> broadcastStrides(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  SmallVector<int64_t> strides(to.size(), 0);
  int64_t stride = 1;
  for (int64_t i = from.size() - 1, d = to.size() - 1; i >= 0; --i, --d) {
    strides[d] = from[i] == 1 ? 0 : stride;
    stride *= from[i];
  }
  return strides;
}

static BroadcastPlan planBroadcast(ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs, ArrayRef<int64_t> out) {
  BroadcastPlan plan;
  SmallVector<int64_t> strides[2] = {broadcastStrides(lhs, out), broadcastStrides(rhs, out)};
  int64_t inner = out.size();
  // A dimension joins the row while each operand stays contiguous or stays constant.
  std::optional<bool> constant[2];
  while (inner > 0) {
    int64_t d = inner - 1;
    bool joins = true;
    for (int i = 0; i < 2; ++i) {
      bool same = out[d] == 1 || !constant[i] || *constant[i] == (strides[i][d] == 0);
      bool contiguous = out[d] == 1 || strides[i][d] == 0 || strides[i][d] == plan.row;
      joins &= same && contiguous;
    }
    if (!joins)
      break;
    for (int i = 0; i < 2; ++i)
      if (out[d] != 1)
        constant[i] = strides[i][d] == 0;
    plan.row *= out[d];
    --inner;
  }
  plan.outer.assign(out.begin(), out.begin() + inner);
  for (int i = 0; i < 2; ++i)
    plan.operands[i] = {SmallVector<int64_t>(strides[i].begin(), strides[i].begin() + inner),
                        constant[i].value_or(false)};
  return plan;
}

/// The offset of `operand` at the row `row` of `outer` sizes.
static Value rowOffset(KernelBuilder &k, ArrayRef<int64_t> outer, const BroadcastOperand &operand, Value row) {
  Value offset = k.index(0);
  for (int64_t d = outer.size() - 1; d >= 0; --d) {
    if (operand.strides[d])
      offset = k.addIndex(offset, k.mulIndex(d ? k.remIndex(row, outer[d]) : row, operand.strides[d]));
    if (d)
      row = k.divIndex(row, outer[d]);
  }
  return offset;
}

template <class F> static LogicalResult emitBinary(KernelBuilder &k, F f) {
  auto shape = [&](Value v) { return cast<ShapedType>(v.getType()).getShape(); };
  BroadcastPlan plan = planBroadcast(shape(k.op->getOperand(0)), shape(k.op->getOperand(1)), shape(k.op->getResult(0)));
  int64_t rows = llvm::product_of(plan.outer);
  auto value = [&](int i, Value base, Lanes lanes) {
    return plan.operands[i].constantInRow ? k.splat(k.loadScalar(k.operand(i), base))
                                          : k.load(k.operand(i), base, lanes);
  };
  auto apply = [&](Value x, Value y, Value r, Lanes lanes) {
    Vector m = k.vector();
    k.store(f(m, value(0, x, lanes), value(1, y, lanes)), k.result(), r, lanes);
  };
  if (rows == 1)
    k.parallelLanes(plan.row, [&](Lanes lanes) { apply(k.index(0), k.index(0), k.index(0), lanes); });
  else
    k.parallelFor(rows, plan.row, [&](Value row) {
      Value x = rowOffset(k, plan.outer, plan.operands[0], row);
      Value y = rowOffset(k, plan.outer, plan.operands[1], row);
      Value r = k.mulIndex(row, plan.row);
      k.forLanes(plan.row, [&](Lanes lanes) { apply(x, y, r, lanes); });
    });
  return success();
}

static LogicalResult emitAdd(KernelBuilder &k) {
  return emitBinary(k, [](Vector &m, Value x, Value y) { return m.add(x, y); });
}
static LogicalResult emitSub(KernelBuilder &k) {
  return emitBinary(k, [](Vector &m, Value x, Value y) { return m.sub(x, y); });
}
static LogicalResult emitMul(KernelBuilder &k) {
  return emitBinary(k, [](Vector &m, Value x, Value y) { return m.mul(x, y); });
}
static LogicalResult emitDiv(KernelBuilder &k) {
  return emitBinary(k, [](Vector &m, Value x, Value y) { return m.div(x, y); });
}

void intq::cpu::addElementwiseKernels(KernelRegistry &r) {
  r["nn.add"] = {emitAdd, /*inPlace=*/true};
  r["nn.sub"] = {emitSub, /*inPlace=*/true};
  r["nn.mul"] = {emitMul, /*inPlace=*/true};
  r["nn.div"] = {emitDiv, /*inPlace=*/true};
  r["nn.scale"] = {emitScale, /*inPlace=*/true};
  r["nn.dropout"] = {emitDropout, /*inPlace=*/true};
  r["nn.gelu"] = {emitGelu, /*inPlace=*/true};
  r["nn.gelu_grad"] = {emitGeluGrad, /*inPlace=*/true};
  r["nn.tanh"] = {emitTanh, /*inPlace=*/true};
  r["nn.tanh_grad"] = {emitTanhGrad, /*inPlace=*/true};
  r["nn.relu"] = {emitRelu, /*inPlace=*/true};
  r["nn.relu_grad"] = {emitReluGrad, /*inPlace=*/true};
}

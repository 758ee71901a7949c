// Element-wise arithmetic on float tensors, and sums over dimensions.
#include "Match.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

template <class Op> static Val binary(Converter &c, onnx::NodeOp node, const Val &a, const Val &b) {
  auto shape = broadcastShape(a.shape, b.shape);
  Value x = c.materialize(a), y = c.materialize(b);
  if (!shape || !x || !y || !isFloat(a.elem) || !isFloat(b.elem))
    return c.defer(node, "expected float tensors whose shapes broadcast, but got " + shapeText(a.shape) + " and " +
                             shapeText(b.shape));
  return c.floating(Op::create(c.builder, c.loc(node), c.f32(*shape), x, y));
}

// What form B yields beside the loss has gradients of zero.
static bool isZeroGradient(const Val &x) {
  auto constant = x.is(Val::Kind::Float) && x.isGradient ? x.base.getDefiningOp<nn::ConstantOp>() : nn::ConstantOp();
  return constant && constant.getValue().isSplat() && constant.getValue().getSplatValue<APFloat>().isZero();
}

static void convertAdd(Converter &c, onnx::NodeOp node) {
  const Val &a = c.operand(node, 0), &b = c.operand(node, 1);
  if (b.uniform() == 0.0 && broadcastShape(a.shape, b.shape) == a.shape)
    return c.set(node, 0, a);
  c.set(node, 0, binary<nn::AddOp>(c, node, a, b));
}

static void convertSub(Converter &c, onnx::NodeOp node) {
  c.set(node, 0, binary<nn::SubOp>(c, node, c.operand(node, 0), c.operand(node, 1)));
}

// Kept aside, so that a scale on an operand of a product becomes one on the product; emitted
// at once on gradients, which are scaled where the file scales them.
static Val scaled(Converter &c, onnx::NodeOp node, const Val &x, float factor) {
  Val out = x;
  out.scale = x.scale * factor;
  if (!x.isGradient || out.scale == 1.0f)
    return out;
  Value value = c.materialize(x);
  Val emitted = c.floating(nn::ScaleOp::create(c.builder, c.loc(node), value.getType(), value, APFloat(factor)));
  emitted.isGradient = true;
  return emitted;
}

// A scalar constant that does not widen the other operand.
static std::optional<double> scalarBeside(const Val &x, const Val &constant) {
  if (!x.is(Val::Kind::Float) || !constant.uniform() || constant.tensor->size() != 1 || constant.rank() > x.rank())
    return std::nullopt;
  return constant.uniform();
}

static void convertMul(Converter &c, onnx::NodeOp node) {
  for (unsigned i = 0; i < 2; ++i)
    if (auto factor = scalarBeside(c.operand(node, i), c.operand(node, 1 - i)))
      return c.set(node, 0, scaled(c, node, c.operand(node, i), float(*factor)));
  c.set(node, 0, binary<nn::MulOp>(c, node, c.operand(node, 0), c.operand(node, 1)));
}

// 1/d; where d is the binary32 root of an integer, the binary32 number nearest to the root's
// true inverse, so that ÷√D and ×1/√D are one spelling.
static float inverseOf(float d) {
  double square = std::nearbyint(double(d) * d);
  if (square >= 1 && float(std::sqrt(square)) == d)
    return float(1.0 / std::sqrt(square));
  return float(1.0 / double(d));
}

static void convertDiv(Converter &c, onnx::NodeOp node) {
  const Val &a = c.operand(node, 0), &b = c.operand(node, 1);
  if (auto divisor = scalarBeside(a, b); divisor && *divisor != 0)
    return c.set(node, 0, scaled(c, node, a, inverseOf(float(*divisor))));
  c.set(node, 0, binary<nn::DivOp>(c, node, a, b));
}

static void convertNeg(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  c.set(node, 0, x.is(Val::Kind::Float) ? scaled(c, node, x, -1.0f) : c.defer(node, "expected a float tensor"));
}

static void convertSum(Converter &c, onnx::NodeOp node) { // folds left
  Val sum = c.operand(node, 0);
  for (unsigned i = 1; i < node.getInputs().size() && !sum.is(Val::Kind::Deferred); ++i) {
    const Val &x = c.operand(node, i);
    if (sum.shape == x.shape && (isZeroGradient(sum) || isZeroGradient(x)))
      sum = isZeroGradient(x) ? sum : x;
    else
      sum = binary<nn::AddOp>(c, node, sum, x);
  }
  c.set(node, 0, sum);
}

// The axes of a reduction, all where it names none; nothing for noop_with_empty_axes.
static std::optional<Shape> reducedAxes(Converter &c, onnx::NodeOp node, int64_t operandFrom) {
  int64_t rank = c.operand(node, 0).rank();
  bool isAttribute = int64_t(node.getVersion()) < operandFrom;
  auto axes = isAttribute ? intsAttr(node, "axes") : constantInts(c.operand(node, 1));
  bool absent = isAttribute ? !axes : c.operand(node, 1).is(Val::Kind::Absent);
  if (absent || (axes && axes->empty())) {
    axes = Shape(intAttr(node, "noop_with_empty_axes", 0) ? 0 : rank);
    std::iota(axes->begin(), axes->end(), 0);
  }
  if (!axes)
    return std::nullopt;
  for (int64_t &axis : *axes) {
    auto normal = normalizedAxis(axis, rank);
    if (!normal)
      return std::nullopt;
    axis = *normal;
  }
  llvm::sort(*axes);
  axes->erase(std::unique(axes->begin(), axes->end()), axes->end());
  return axes;
}

static void convertReduceSum(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  auto axes = reducedAxes(c, node, node.getDomain().empty() ? 13 : 1);
  if (!axes || !x.is(Val::Kind::Float))
    return c.set(node, 0, c.defer(node, "expected a float tensor and constant axes within the rank"));
  if (axes->empty())
    return c.set(node, 0, x);
  int64_t count = axes->size(), rank = x.rank();
  bool leading = int64_t(axes->back()) == count - 1, trailing = int64_t(axes->front()) == rank - count;
  Shape kept, result;
  for (int64_t d = 0; d < rank; ++d) {
    bool isReduced = llvm::is_contained(*axes, d);
    if (!isReduced)
      kept.push_back(x.shape[d]);
    if (!isReduced || intAttr(node, "keepdims", 1))
      result.push_back(isReduced ? 1 : x.shape[d]);
  }
  Value value;
  if (leading && count == rank - 1) { // sums over rows: without a reshape in between
    value = c.rows(x);
    count = cast<RankedTensorType>(value.getType()).getRank() - 1;
  } else if (leading || trailing) {
    value = c.materialize(x);
  } else {
    Shape perm = *axes;
    for (int64_t d = 0; d < rank; ++d)
      if (!llvm::is_contained(*axes, d))
        perm.push_back(d);
    value = c.materialize(c.transposed(x, perm));
  }
  auto sum = nn::ReduceSumOp::create(c.builder, c.loc(node), c.f32(kept), value, c.builder.getI64IntegerAttr(count),
                                     !leading && trailing ? c.builder.getUnitAttr() : UnitAttr());
  c.set(node, 0, *c.reshaped(c.floating(sum), result));
}

// The difference that `value` is the square of, or null.
static onnx::NodeOp squaredDifference(Converter &c, Value value) {
  if (onnx::NodeOp pow = defined(c, value, "Pow"))
    return c.operand(pow, 1).uniform() == 2.0 ? defined(c, pow.getInputs()[0], "Sub") : onnx::NodeOp();
  onnx::NodeOp mul = defined(c, value, "Mul");
  if (!mul || mul.getInputs().size() != 2)
    return {};
  onnx::NodeOp a = defined(c, mul.getInputs()[0], "Sub"), b = defined(c, mul.getInputs()[1], "Sub");
  return a && b && llvm::equal(a.getInputs(), b.getInputs()) ? a : onnx::NodeOp();
}

// mean((p − t)²) over everything.
static bool recognizeMse(Converter &c, onnx::NodeOp node) {
  auto axes = reducedAxes(c, node, 18);
  if (!axes || int64_t(axes->size()) != c.operand(node, 0).rank())
    return false;
  onnx::NodeOp sub = squaredDifference(c, node.getInputs()[0]);
  if (!sub)
    return false;
  const Val &p = c.operand(sub, 0), &t = c.operand(sub, 1);
  if (p.shape != t.shape || intAttr(node, "keepdims", 1))
    return false;
  Value prediction = c.materialize(p), target = c.materialize(t);
  if (!prediction || !target)
    return false;
  Value loss = nn::MseOp::create(c.builder, c.loc(node), c.f32({}), prediction, target);
  c.losses.insert(loss);
  c.set(node, 0, c.floating(loss));
  return true;
}

void conversion::addArithmeticNodes(Handlers &handlers) {
  handlers.nodes["Add"] = convertAdd;
  handlers.nodes["Sub"] = convertSub;
  handlers.nodes["Mul"] = convertMul;
  handlers.nodes["Div"] = convertDiv;
  handlers.nodes["Neg"] = convertNeg;
  handlers.nodes["Sum"] = convertSum;
  handlers.nodes["ReduceSum"] = convertReduceSum;
  handlers.nodes["com.microsoft::ReduceSumTraining"] = convertReduceSum;
  handlers.recognizers["ReduceMean"].push_back(recognizeMse);
}

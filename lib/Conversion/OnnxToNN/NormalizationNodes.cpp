// Layer norm: the operator, and the spelling of the exporters before it existed.
#include "Match.h"

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

void conversion::setLayerNorm(Converter &c, onnx::NodeOp node, const Val &x, const Val &weight,
                              const Val &bias, double epsilon) {
  auto fail = [&](const llvm::Twine &why) { c.setAll(node, c.deferFor(node, x, why)); };
  if (!x.is(Val::Kind::Float) || x.shape.empty() || !(epsilon > 0))
    return fail("expected a float tensor and a positive epsilon");
  Shape columns{x.shape.back()};
  if (!c.isParameter(weight, 1) || !c.isParameter(bias, 1) || weight.shape != columns || bias.shape != columns)
    return fail("expected weight and bias to be parameters of the last dimension's size");
  Value value = c.rows(x);
  Shape shape(cast<RankedTensorType>(value.getType()).getShape()), reduced = shape;
  reduced.back() = 1;
  Value w = c.parameter(weight, node, "layer_norm", 2, "weight"), b = c.parameter(bias, node, "layer_norm", 3, "bias");
  auto norm = nn::LayerNormOp::create(c.builder, c.loc(node), TypeRange{c.f32(shape), c.f32(reduced), c.f32(reduced)},
                                      ValueRange{value, w, b},
                                      {c.builder.getNamedAttr("epsilon", c.builder.getF32FloatAttr(float(epsilon))),
                                       c.builder.getNamedAttr("site", c.builder.getStringAttr(c.parameterName(w)))});
  Shape statistics = x.shape;
  statistics.back() = 1;
  c.set(node, 0, *c.reshaped(c.floating(norm.getY()), x.shape));
  c.set(node, 1, *c.reshaped(c.floating(norm.getMean()), statistics));
  c.set(node, 2, *c.reshaped(c.floating(norm.getRstd()), statistics));
}

static void convertLayerNorm(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  if (normalizedAxis(intAttr(node, "axis", -1), x.rank()) != x.rank() - 1)
    return c.setAll(node, c.defer(node, "expected the last axis"));
  setLayerNorm(c, node, x, c.operand(node, 1), c.operand(node, 2), floatAttr(node, "epsilon", 1e-5));
}

// Whether `value` is a mean over the last dimension, kept, of what has the shape of `x`: its operand need not be
// converted, as the parts of a norm are not.
static bool isMeanLike(Converter &c, Value value, Value x) {
  onnx::NodeOp mean = defined(c, value, "ReduceMean");
  if (!mean || !intAttr(mean, "keepdims", 1))
    return false;
  auto axes = mean.getVersion() < 18 ? intsAttr(mean, "axes") : constantInts(c.operand(mean, 1));
  int64_t rank = c.get(x).rank();
  return axes && axes->size() == 1 && ((*axes)[0] == -1 || (rank > 0 && (*axes)[0] == rank - 1));
}

// Whether `value` is the mean of `x`.
static bool isMean(Converter &c, Value value, Value x) {
  return isMeanLike(c, value, x) && origin(c, c.definition(value).getInputs()[0]) == x;
}

// x − mean(x): its x, or null.
static Value centered(Converter &c, Value value) {
  onnx::NodeOp sub = defined(c, value, "Sub");
  if (!sub)
    return {};
  Value x = origin(c, sub.getInputs()[0]);
  return isMean(c, sub.getInputs()[1], x) ? x : Value();
}

static bool isSquareOfCentered(Converter &c, Value value, Value x) {
  if (onnx::NodeOp pow = defined(c, value, "Pow"))
    return c.operand(pow, 1).uniform() == 2.0 && centered(c, pow.getInputs()[0]) == x;
  onnx::NodeOp mul = defined(c, value, "Mul");
  return mul && centered(c, mul.getInputs()[0]) == x && centered(c, mul.getInputs()[1]) == x;
}

// √(mean((x − mean(x))²) + ε): sets ε.
static bool isDeviation(Converter &c, Value value, Value x, double &epsilon) {
  onnx::NodeOp root = defined(c, value, "Sqrt");
  onnx::NodeOp add = root ? defined(c, root.getInputs()[0], "Add") : onnx::NodeOp();
  Value variance = besideConstant(c, add, [&](double e) { epsilon = e; return e > 0; });
  if (!variance || !isMeanLike(c, variance, x))
    return false;
  return isSquareOfCentered(c, c.definition(variance).getInputs()[0], x);
}

// (x − mean) / deviation, or times its reciprocal.
static Value normalized(Converter &c, Value value, double &epsilon) {
  if (onnx::NodeOp div = defined(c, value, "Div")) {
    Value x = centered(c, div.getInputs()[0]);
    return x && isDeviation(c, div.getInputs()[1], x, epsilon) ? x : Value();
  }
  onnx::NodeOp mul = defined(c, value, "Mul");
  for (unsigned i = 0; mul && i < 2; ++i) {
    onnx::NodeOp inverse = defined(c, mul.getInputs()[1 - i], "Reciprocal");
    Value x = inverse ? centered(c, mul.getInputs()[i]) : Value();
    if (x && isDeviation(c, inverse.getInputs()[0], x, epsilon))
      return x;
  }
  return {};
}

// Add(Mul(normalized, weight), bias), both in either order.
static bool recognizeLayerNorm(Converter &c, onnx::NodeOp node) {
  for (unsigned i = 0; i < 2 && node.getInputs().size() == 2; ++i) {
    onnx::NodeOp mul = defined(c, node.getInputs()[i], "Mul");
    for (unsigned j = 0; mul && j < 2; ++j) {
      double epsilon = 0;
      Value x = normalized(c, mul.getInputs()[j], epsilon);
      if (!x)
        continue;
      setLayerNorm(c, node, c.get(x), c.operand(mul, 1 - j), c.operand(node, 1 - i), epsilon);
      return true;
    }
  }
  return false;
}

// mean·s for a mean of x: its s, or null.
static Value scaledMean(Converter &c, Value value, Value x) {
  onnx::NodeOp mul = defined(c, value, "Mul");
  for (unsigned i = 0; mul && i < 2 && mul.getInputs().size() == 2; ++i)
    if (isMean(c, mul.getInputs()[i], x))
      return origin(c, mul.getInputs()[1 - i]);
  return {};
}

// Add(x·s, bias − mean(x)·s), s = weight · 1/deviation: Keras' spelling.
static bool recognizeKerasNorm(Converter &c, onnx::NodeOp node) {
  for (unsigned i = 0; i < 2 && node.getInputs().size() == 2; ++i) {
    onnx::NodeOp shift = defined(c, node.getInputs()[i], "Sub"), mul = defined(c, node.getInputs()[1 - i], "Mul");
    for (unsigned j = 0; shift && mul && j < 2 && mul.getInputs().size() == 2; ++j) {
      Value x = origin(c, mul.getInputs()[j]), s = origin(c, mul.getInputs()[1 - j]);
      onnx::NodeOp factors = scaledMean(c, shift.getInputs()[1], x) == s ? defined(c, s, "Mul") : onnx::NodeOp();
      for (unsigned k = 0; factors && k < 2; ++k) {
        onnx::NodeOp inverse = defined(c, factors.getInputs()[k], "Reciprocal");
        double epsilon = 0;
        if (!inverse || !isDeviation(c, inverse.getInputs()[0], x, epsilon))
          continue;
        setLayerNorm(c, node, c.get(x), c.operand(factors, 1 - k), c.operand(shift, 0), epsilon);
        return true;
      }
    }
  }
  return false;
}

void conversion::addNormalizationNodes(Handlers &handlers) {
  handlers.nodes["LayerNormalization"] = convertLayerNorm;
  handlers.recognizers["Add"].push_back(recognizeLayerNorm);
  handlers.recognizers["Add"].push_back(recognizeKerasNorm);
}

// GELU in its spellings, tanh, ReLU, dropout.
#include "Match.h"
#include <cmath>

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

void conversion::setGelu(Converter &c, onnx::NodeOp node, const Val &x, nn::GeluApproximation approximate) {
  if (!x.is(Val::Kind::Float))
    return c.set(node, 0, c.deferFor(node, x, "expected a float tensor"));
  Val out = x;
  Val plain = x;
  plain.view = View::identity(cast<RankedTensorType>(x.base.getType()).getShape());
  plain.shape = plain.view.shape();
  Value base = c.materialize(plain);
  out.scale = 1.0f;
  out.base = nn::GeluOp::create(c.builder, c.loc(node), base.getType(), base, approximate);
  c.set(node, 0, std::move(out));
}

static void convertGelu(Converter &c, onnx::NodeOp node) {
  bool isTanh = stringAttr(node, "approximate", "none") == "tanh";
  setGelu(c, node, c.operand(node, 0), isTanh ? nn::GeluApproximation::Tanh : nn::GeluApproximation::None);
}

// The factors of a product, through Mul nodes.
static void collectFactors(Converter &c, Value value, llvm::SmallVectorImpl<Value> &factors, unsigned depth) {
  onnx::NodeOp mul = depth < 3 ? defined(c, value, "Mul") : onnx::NodeOp();
  if (!mul || mul.getInputs().size() != 2) {
    factors.push_back(origin(c, value));
    return;
  }
  collectFactors(c, mul.getInputs()[0], factors, depth + 1);
  collectFactors(c, mul.getInputs()[1], factors, depth + 1);
}

// 1 + erf(x/√2): its x, or null.
static Value erfArgument(Converter &c, Value value) {
  Value inner = besideConstant(c, defined(c, value, "Add"), [](double v) { return v == 1; });
  onnx::NodeOp erf = inner ? defined(c, inner, "Erf") : onnx::NodeOp();
  if (!erf)
    return {};
  if (onnx::NodeOp div = defined(c, erf.getInputs()[0], "Div"))
    if (auto by = c.operand(div, 1).uniform(); by && isNear(*by, std::sqrt(2.0)))
      return origin(c, div.getInputs()[0]);
  Value x = besideConstant(c, defined(c, erf.getInputs()[0], "Mul"),
                           [](double v) { return isNear(v, std::sqrt(0.5)); });
  return x ? origin(c, x) : Value();
}

// x³ as Pow or as products.
static bool isCube(Converter &c, Value value, Value x) {
  if (onnx::NodeOp pow = defined(c, value, "Pow"))
    return c.operand(pow, 1).uniform() == 3.0 && origin(c, pow.getInputs()[0]) == x;
  llvm::SmallVector<Value> factors;
  collectFactors(c, value, factors, 0);
  return factors.size() == 3 && llvm::all_of(factors, [&](Value f) { return f == x; });
}

// 1 + tanh(√(2/π)·(x + 0.044715·x³)): its x, or null.
static Value tanhArgument(Converter &c, Value value) {
  Value inner = besideConstant(c, defined(c, value, "Add"), [](double v) { return v == 1; });
  onnx::NodeOp tanh = inner ? defined(c, inner, "Tanh") : onnx::NodeOp();
  Value sum = tanh ? besideConstant(c, defined(c, tanh.getInputs()[0], "Mul"),
                                    [](double v) { return isNear(v, std::sqrt(2.0 / M_PI)); })
                   : Value();
  onnx::NodeOp add = sum ? defined(c, sum, "Add") : onnx::NodeOp();
  for (unsigned i = 0; add && i < 2; ++i) {
    Value x = origin(c, add.getInputs()[i]);
    Value cube = besideConstant(c, defined(c, add.getInputs()[1 - i], "Mul"),
                                [](double v) { return isNear(v, 0.044715); });
    if (cube && isCube(c, cube, x))
      return x;
  }
  return {};
}

// The product of x, ½ and 1 + erf or 1 + tanh, in any order and nesting.
static bool recognizeGelu(Converter &c, onnx::NodeOp node) {
  llvm::SmallVector<Value> factors;
  collectFactors(c, node.getResult(0), factors, 0);
  if (factors.size() != 3)
    return false;
  for (Value factor : factors) {
    bool isTanh = false;
    Value x = erfArgument(c, factor);
    if (!x && (x = tanhArgument(c, factor)))
      isTanh = true;
    bool hasHalf = llvm::any_of(factors, [&](Value f) { return c.get(f).uniform() == 0.5; });
    if (!x || !hasHalf || !llvm::is_contained(factors, x))
      continue;
    setGelu(c, node, c.get(x), isTanh ? nn::GeluApproximation::Tanh : nn::GeluApproximation::None);
    return true;
  }
  return false;
}

template <class Op> static void convertUnary(Converter &c, onnx::NodeOp node) {
  Value x = c.operand(node, 0).is(Val::Kind::Float) ? c.materialize(c.operand(node, 0)) : Value();
  c.set(node, 0, x ? c.floating(Op::create(c.builder, c.loc(node), x.getType(), x))
                   : c.defer(node, "expected a float tensor"));
}

// Decision 13: ratio and mode become attributes; intq's stream replaces the random mask.
static void convertDropout(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  double ratio = floatAttr(node, "ratio", 0.5);
  bool isTraining = false;
  if (node.getVersion() >= 12) {
    const Val &given = c.operand(node, 1), &mode = c.operand(node, 2);
    bool known = (given.is(Val::Kind::Absent) || given.uniform()) && (mode.is(Val::Kind::Absent) || mode.uniform());
    if (!known)
      return c.setAll(node, c.defer(node, "expected ratio and training_mode to be constants"));
    ratio = given.uniform().value_or(0.5);
    isTraining = mode.uniform().value_or(0.0) != 0;
  }
  if (isTraining && c.options.dropout)
    ratio = *c.options.dropout;
  if (!(ratio >= 0 && ratio < 1))
    return c.set(node, 0, c.defer(node, "expected a ratio in [0, 1), but got " + llvm::Twine(std::to_string(ratio))));
  Val mask;
  mask.kind = Val::Kind::DropoutMask;
  mask.elem = Elem::Bool;
  mask.shape = x.shape;
  if (!isTraining || ratio == 0) {
    c.set(node, 0, x);
    c.set(node, 1, mask);
    return;
  }
  Value value = x.is(Val::Kind::Float) ? c.materialize(x) : Value();
  if (!value)
    return c.set(node, 0, c.defer(node, "expected a float tensor"));
  mask.stream = (node.getName().empty() ? c.outputName(node) : node.getName().str()) + "/dropout";
  mask.ratio = float(ratio);
  c.set(node, 0, c.floating(nn::DropoutOp::create(c.builder, c.loc(node), value.getType(), value, c.rng(),
                                                  APFloat(mask.ratio), mask.stream)));
  c.set(node, 1, mask);
}

void conversion::addActivationNodes(Handlers &handlers) {
  handlers.nodes["Gelu"] = convertGelu;
  handlers.nodes["com.microsoft::Gelu"] = convertGelu;
  handlers.nodes["Tanh"] = convertUnary<nn::TanhOp>;
  handlers.nodes["Relu"] = convertUnary<nn::ReluOp>;
  handlers.nodes["Dropout"] = convertDropout;
  handlers.recognizers["Mul"].push_back(recognizeGelu);
}

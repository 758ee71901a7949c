// Folds nodes of constants, and carries index maps of integer inputs through the
// element-wise operators that build attention masks.
#include "Converter.h"
#include "llvm/Support/CheckedArithmetic.h"
#include <cmath>

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

int64_t conversion::intAttr(onnx::NodeOp node, llvm::StringRef name, int64_t byDefault) {
  auto attribute = node.getSettings().getAs<IntegerAttr>(name);
  return attribute ? attribute.getInt() : byDefault;
}
double conversion::floatAttr(onnx::NodeOp node, llvm::StringRef name, double byDefault) {
  auto attribute = node.getSettings().getAs<FloatAttr>(name);
  return attribute ? attribute.getValueAsDouble() : byDefault;
}
std::optional<Shape> conversion::intsAttr(onnx::NodeOp node, llvm::StringRef name) {
  auto attribute = node.getSettings().getAs<DenseI64ArrayAttr>(name);
  return attribute ? std::optional<Shape>(Shape(attribute.asArrayRef())) : std::nullopt;
}
llvm::StringRef conversion::stringAttr(onnx::NodeOp node, llvm::StringRef name, llvm::StringRef byDefault) {
  auto attribute = node.getSettings().getAs<StringAttr>(name);
  return attribute ? attribute.getValue() : byDefault;
}
std::optional<Shape> conversion::constantInts(const Val &val) {
  if (!val.is(Val::Kind::Constant) || isFloat(val.elem) || val.rank() > 1)
    return std::nullopt;
  return Shape(val.tensor->ints.begin(), val.tensor->ints.end());
}
std::optional<int64_t> conversion::normalizedAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return std::nullopt;
  return axis < 0 ? axis + rank : axis;
}
std::string conversion::opOf(onnx::NodeOp node) {
  llvm::StringRef domain = node.getDomain();
  return domain.empty() ? node.getOpType().str() : (domain + "::" + node.getOpType()).str();
}

static bool isUnary(llvm::StringRef op) {
  return op == "Neg" || op == "Abs" || op == "Sqrt" || op == "Floor" || op == "Ceil" || op == "Reciprocal" ||
         op == "Not" || op == "IsNaN";
}
static bool isBinary(llvm::StringRef op) {
  static const llvm::StringLiteral kOps[] = {"Add", "Sub", "Mul", "Div", "Mod", "Min", "Max", "Pow", "Equal",
                                             "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor"};
  return llvm::is_contained(kOps, op);
}

static std::optional<double> apply(llvm::StringRef op, Elem elem, double a, double b) {
  if (isFloat(elem))
    return applyReal(op, elem, a, b);
  auto fits = [](double value) { return value >= -0x1p63 && value < 0x1p63; };
  if (!fits(a) || !fits(b)) // values of an index map are kept as binary64
    return std::nullopt;
  auto value = applyInt(op, int64_t(a), int64_t(b));
  return value ? std::optional<double>(double(*value)) : std::nullopt;
}

static std::optional<Tensor> applyTensors(llvm::StringRef op, const Tensor &a, const Tensor &b) {
  auto shape = broadcastShape(a.shape, b.shape);
  if (!shape || elementCount(*shape).value_or(kMaxFolded + 1) > kMaxFolded)
    return std::nullopt;
  auto ia = broadcastIndex(a.shape, *shape), ib = broadcastIndex(b.shape, *shape);
  Tensor out{isComparison(op) ? Elem::Bool : a.elem, *shape, {}, {}};
  for (size_t i = 0; i < ia.size(); ++i) {
    if (isFloat(a.elem)) {
      auto value = applyReal(op, a.elem, a.reals[ia[i]], b.real(ib[i]));
      if (!value)
        return std::nullopt;
      isFloat(out.elem) ? out.reals.push_back(*value) : out.ints.push_back(*value != 0);
    } else {
      auto value = isFloat(b.elem) ? std::nullopt : applyInt(op, a.ints[ia[i]], b.ints[ib[i]]);
      if (!value || (a.elem == Elem::I32 && *value != int32_t(*value)))
        return std::nullopt;
      out.ints.push_back(*value);
    }
  }
  return out;
}

// Values of an Index for mask 0 and 1: the input's own where nothing was computed yet.
static std::pair<double, double> tableOf(const Val &val) { return val.table.value_or(std::pair(0.0, 1.0)); }

// `map` combined with a constant of one distinct value, or with a map of equal index.
static std::optional<Val> applyMap(llvm::StringRef op, const Val &a, const Val &b) {
  const Val &map = a.is(Val::Kind::Index) ? a : b;
  auto shape = broadcastShape(a.shape, b.shape);
  if (!shape || elementCount(*shape).value_or(kMaxFolded + 1) > kMaxFolded)
    return std::nullopt;
  Val out = map;
  out.shape = *shape;
  auto from = broadcastIndex(map.shape, *shape);
  std::vector<int64_t> index(from.size());
  for (size_t i = 0; i < from.size(); ++i)
    index[i] = (*map.index)[from[i]];
  std::pair<double, double> va, vb;
  if (a.is(Val::Kind::Index) && b.is(Val::Kind::Index)) {
    if (a.base != b.base || a.shape != b.shape || *a.index != *b.index)
      return std::nullopt;
    va = tableOf(a), vb = tableOf(b);
  } else {
    auto uniform = (a.is(Val::Kind::Index) ? b : a).uniform();
    if (!uniform)
      return std::nullopt;
    std::pair<double, double> same(*uniform, *uniform);
    va = a.is(Val::Kind::Index) ? tableOf(a) : same;
    vb = a.is(Val::Kind::Index) ? same : tableOf(b);
  }
  auto low = apply(op, a.elem, va.first, vb.first), high = apply(op, a.elem, va.second, vb.second);
  if (!low || !high)
    return std::nullopt;
  out.elem = isComparison(op) ? Elem::Bool : a.elem;
  out.table = {*low, *high};
  out.index = std::make_shared<const std::vector<int64_t>>(std::move(index));
  return out;
}

static bool isKnown(const Val &val) {
  return (val.is(Val::Kind::Constant) || (val.is(Val::Kind::Parameter) && val.tensor && val.tensor->size() == 1));
}

// Labels are clamped into [0, S] by Hugging Face's span loss. Labels out of range are errors here, so
// that the clamp changes nothing.
static bool isClamp(llvm::StringRef op, const Val &a, const Val &b) {
  return (op == "Min" || op == "Max") && a.is(Val::Kind::Index) && !a.table && !isFloat(a.elem) && b.uniform();
}

static bool foldClip(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  bool bounded = true;
  for (unsigned i = 1; i < 3; ++i)
    bounded &= c.operand(node, i).is(Val::Kind::Absent) || c.operand(node, i).uniform();
  if (!bounded || !x.is(Val::Kind::Index) || x.table || isFloat(x.elem))
    return false;
  c.set(node, 0, x);
  return true;
}

static bool foldBinary(Converter &c, onnx::NodeOp node, llvm::StringRef op) {
  const Val &a = c.operand(node, 0), &b = c.operand(node, 1);
  if (node.getInputs().size() != 2)
    return false;
  if (isClamp(op, a, b) || isClamp(op, b, a)) {
    c.set(node, 0, a.is(Val::Kind::Index) ? a : b);
    return true;
  }
  if (op == "Sub" && node.getInputs()[0] == node.getInputs()[1] && a.is(Val::Kind::Index)) { // a zero of its type
    c.set(node, 0, c.constant(Tensor::scalar(a.elem, 0).select(std::vector<int64_t>(a.index->size(), 0), a.shape)));
    return true;
  }
  if (isKnown(a) && isKnown(b)) {
    auto out = applyTensors(op, *a.tensor, *b.tensor);
    c.set(node, 0, out ? c.constant(std::move(*out)) : c.defer(node, "cannot fold it: shapes, types or values do not fit"));
    return true;
  }
  bool mapped = (a.is(Val::Kind::Index) && (isKnown(b) || b.is(Val::Kind::Index))) ||
                (b.is(Val::Kind::Index) && isKnown(a));
  if (!mapped)
    return false;
  auto out = applyMap(op, a, b);
  c.set(node, 0, out ? *out : c.defer(node, "expected a mask to be combined with one constant value, or with itself"));
  return true;
}

static bool foldUnary(Converter &c, onnx::NodeOp node, llvm::StringRef op) {
  const Val &a = c.operand(node, 0);
  Tensor zero = Tensor::scalar(a.elem, 0);
  std::optional<Val> out;
  if (isKnown(a)) {
    if (auto tensor = applyTensors(op, *a.tensor, zero))
      out = c.constant(std::move(*tensor));
  } else if (a.is(Val::Kind::Index)) {
    out = applyMap(op, a, c.constant(zero));
  } else {
    return false;
  }
  c.set(node, 0, out ? *out : c.defer(node, "cannot fold it"));
  return true;
}

static bool foldCast(Converter &c, onnx::NodeOp node, Elem to) {
  const Val &a = c.operand(node, 0);
  if (to == Elem::Other)
    return false;
  if (a.elem == to && !a.is(Val::Kind::Deferred)) {
    c.set(node, 0, a);
    return true;
  }
  if (isKnown(a)) {
    auto out = a.tensor->cast(to);
    c.set(node, 0, out ? c.constant(std::move(*out)) : c.defer(node, "expected values that fit the type"));
    return true;
  }
  if (!a.is(Val::Kind::Index))
    return false;
  Val out = a;
  out.elem = to;
  if (to == Elem::Bool)
    out.table = {tableOf(a).first != 0, tableOf(a).second != 0};
  else if (isFloat(to) || a.table)
    out.table = tableOf(a);
  c.set(node, 0, out);
  return true;
}

static bool foldWhere(Converter &c, onnx::NodeOp node) {
  const Val &cond = c.operand(node, 0), &x = c.operand(node, 1), &y = c.operand(node, 2);
  if (cond.is(Val::Kind::Constant) && cond.uniform()) {
    const Val &taken = *cond.uniform() ? x : y;
    auto shape = broadcastShape(x.shape, y.shape);
    if (shape)
      shape = broadcastShape(*shape, cond.shape);
    if (shape && taken.shape == *shape) {
      c.set(node, 0, taken);
      return true;
    }
  }
  if (!isKnown(x) || !isKnown(y) || x.elem != y.elem)
    return false;
  if (cond.is(Val::Kind::Constant)) {
    auto inner = broadcastShape(x.shape, y.shape);
    auto shape = inner ? broadcastShape(*inner, cond.shape) : std::nullopt;
    if (!shape || elementCount(*shape).value_or(kMaxFolded + 1) > kMaxFolded)
      return false;
    auto ic = broadcastIndex(cond.shape, *shape), ix = broadcastIndex(x.shape, *shape), iy = broadcastIndex(y.shape, *shape);
    Tensor out{x.elem, *shape, {}, {}};
    for (size_t i = 0; i < ic.size(); ++i) {
      const Tensor &from = cond.tensor->ints[ic[i]] ? *x.tensor : *y.tensor;
      int64_t at = cond.tensor->ints[ic[i]] ? ix[i] : iy[i];
      isFloat(x.elem) ? out.reals.push_back(from.real(at)) : out.ints.push_back(from.ints[at]);
    }
    c.set(node, 0, c.constant(std::move(out)));
    return true;
  }
  if (!cond.is(Val::Kind::Index) || !x.uniform() || !y.uniform() || x.rank() > cond.rank() || y.rank() > cond.rank())
    return false;
  Val out = cond;
  out.elem = x.elem;
  auto pick = [&](double truth) { return truth != 0 ? *x.uniform() : *y.uniform(); };
  out.table = {pick(tableOf(cond).first), pick(tableOf(cond).second)};
  c.set(node, 0, out);
  return true;
}

// H25: counts are checked before anything is allocated.
static bool foldRange(Converter &c, onnx::NodeOp node) {
  for (unsigned i = 0; i < 3; ++i)
    if (!isKnown(c.operand(node, i)) || c.operand(node, i).tensor->size() != 1)
      return false;
  const Tensor &start = *c.operand(node, 0).tensor;
  double first = start.real(0), limit = c.operand(node, 1).tensor->real(0), step = c.operand(node, 2).tensor->real(0);
  double count = std::ceil((limit - first) / step);
  bool fits = std::isfinite(first) && std::fabs(step) < 0x1p63 && step != 0 && count <= double(kMaxFolded);
  if (fits && count > 1 && !isFloat(start.elem))
    fits = llvm::checkedMulAdd(int64_t(count - 1), int64_t(step), start.ints[0]).has_value(); // the last element
  if (!fits) {
    c.set(node, 0, c.defer(node, "expected a finite range of at most 2^24 elements"));
    return true;
  }
  Tensor out{start.elem, {count > 0 ? int64_t(count) : 0}, {}, {}};
  for (int64_t i = 0; i < out.shape[0]; ++i)
    if (isFloat(start.elem))
      out.reals.push_back(start.elem == Elem::F32 ? double(float(first + i * step)) : first + i * step);
    else
      out.ints.push_back(start.ints[0] + i * int64_t(step));
  c.set(node, 0, c.constant(std::move(out)));
  return true;
}

static bool foldConstant(Converter &c, onnx::NodeOp node) {
  auto attributes = node.getSettings();
  std::optional<Tensor> out;
  if (auto value = attributes.getAs<ElementsAttr>("value"))
    out = Tensor::fromAttribute(value);
  else if (auto value = attributes.getAs<IntegerAttr>("value_int"))
    out = Tensor{Elem::I64, {}, {value.getInt()}, {}};
  else if (auto value = attributes.getAs<DenseI64ArrayAttr>("value_ints"))
    out = Tensor::vector(value.asArrayRef());
  else if (auto value = attributes.getAs<FloatAttr>("value_float"))
    out = Tensor::scalar(Elem::F32, value.getValueAsDouble());
  else if (auto value = attributes.getAs<DenseF32ArrayAttr>("value_floats"))
    out = Tensor{Elem::F32, {value.size()}, {}, std::vector<double>(value.asArrayRef().begin(), value.asArrayRef().end())};
  c.set(node, 0, out ? c.constant(std::move(*out)) : c.defer(node, "expected a float32, integer or boolean constant"));
  return true;
}

static bool foldConstantOfShape(Converter &c, onnx::NodeOp node) {
  auto shape = constantInts(c.operand(node, 0));
  if (!shape)
    return false;
  Tensor fill = Tensor::scalar(Elem::F32, 0);
  if (auto value = node.getSettings().getAs<ElementsAttr>("value"))
    if (auto tensor = Tensor::fromAttribute(value); tensor && tensor->size() == 1)
      fill = *tensor;
  auto count = elementCount(*shape);
  if (!count || *count > kMaxFolded) {
    c.set(node, 0, c.defer(node, "expected a shape of at most 2^24 elements, but got " + shapeText(*shape)));
    return true;
  }
  c.set(node, 0, c.constant(fill.select(std::vector<int64_t>(*count, 0), *shape)));
  return true;
}

static bool foldShape(Converter &c, onnx::NodeOp node) {
  const Val &a = c.operand(node, 0);
  if (a.is(Val::Kind::Deferred) || a.is(Val::Kind::Absent))
    return false;
  int64_t rank = a.rank();
  auto bound = [&](llvm::StringRef name, int64_t byDefault) {
    int64_t at = intAttr(node, name, byDefault);
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  int64_t start = bound("start", 0), end = bound("end", rank);
  Shape dims(a.shape.begin() + start, a.shape.begin() + std::max(start, end));
  c.set(node, 0, c.constant(Tensor::vector(dims)));
  return true;
}

static bool foldReduce(Converter &c, onnx::NodeOp node, llvm::StringRef op) {
  const Val &a = c.operand(node, 0);
  if (!a.is(Val::Kind::Constant) || isFloat(a.elem) || intAttr(node, "keepdims", 1) > 1)
    return false;
  int64_t sum = op == "ReduceProd" ? 1 : 0; // over everything: what shape arithmetic uses
  for (int64_t i = 0; i < a.tensor->size(); ++i) {
    auto next = applyInt(op == "ReduceProd" ? "Mul" : "Add", sum, a.tensor->ints[i]);
    if (!next)
      return false;
    sum = *next;
  }
  if (a.rank() > 1)
    return false;
  Tensor out{a.elem, Shape(intAttr(node, "keepdims", 1) ? a.rank() : 0, 1), {sum}, {}};
  c.set(node, 0, c.constant(std::move(out)));
  return true;
}

bool conversion::foldNode(Converter &c, onnx::NodeOp node) {
  if (!node.getDomain().empty() || node.getNumResults() != 1)
    return false;
  llvm::StringRef op = node.getOpType();
  if (op == "Constant")
    return foldConstant(c, node);
  if (op == "Shape")
    return foldShape(c, node);
  if (op == "ConstantOfShape")
    return foldConstantOfShape(c, node);
  if (op == "Range")
    return foldRange(c, node);
  if (op == "Cast")
    return foldCast(c, node, elemOfNumber(intAttr(node, "to", 0)));
  if (op == "CastLike" && !c.operand(node, 1).is(Val::Kind::Deferred))
    return foldCast(c, node, c.operand(node, 1).elem);
  if (op == "Where")
    return foldWhere(c, node);
  if (op == "ReduceProd" || op == "ReduceSum")
    return foldReduce(c, node, op);
  if (op == "Size" && !c.operand(node, 0).is(Val::Kind::Deferred)) {
    c.set(node, 0, c.constant(Tensor::scalar(Elem::I64, double(*elementCount(c.operand(node, 0).shape)))));
    return true;
  }
  if (op == "Clip")
    return foldClip(c, node);
  if (isUnary(op))
    return foldUnary(c, node, op);
  return isBinary(op) && foldBinary(c, node, op);
}

// What is known of values, and their nn values.
#include "Converter.h"
#include <numeric>

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

std::optional<double> Val::uniform() const {
  // A parameter that happens to hold one value is no constant.
  if (!tensor || !tensor->isUniform() || (kind == Kind::Parameter && tensor->size() != 1))
    return std::nullopt;
  return tensor->real(0);
}

const Val &Converter::get(Value value) const {
  auto it = values.find(value);
  return it == values.end() ? absent : it->second;
}

const Val &Converter::operand(onnx::NodeOp node, unsigned i) const {
  return i < node.getInputs().size() ? get(node.getInputs()[i]) : absent;
}

void Converter::set(onnx::NodeOp node, unsigned i, Val val) {
  // Empty integer tensors are part of shape arithmetic; no layer has an empty float tensor.
  bool isEmpty = llvm::is_contained(val.shape, 0) && !val.is(Val::Kind::Deferred);
  if (isEmpty && (isFloat(val.elem) || !val.is(Val::Kind::Constant)))
    val = defer(node, "expected dimensions of at least 1, but got the shape " + shapeText(val.shape));
  if (i < node.getNumResults())
    values[node.getResult(i)] = std::move(val);
}

void Converter::setAll(onnx::NodeOp node, const Val &val) {
  for (unsigned i = 0; i < node.getNumResults(); ++i)
    set(node, i, val);
}

std::string Converter::outputName(onnx::NodeOp node, unsigned i) const {
  std::string name = i < node.getNumResults() ? cast<StringAttr>(node.getOutputNames()[i]).str() : "";
  return name.empty() ? node.getName().str() : name;
}

onnx::NodeOp Converter::definition(Value value) const {
  auto node = value.getDefiningOp<onnx::NodeOp>();
  while (node && opOf(node) == "Identity" && node.getInputs().size() == 1)
    node = node.getInputs()[0].getDefiningOp<onnx::NodeOp>();
  return node;
}

Location Converter::loc(onnx::NodeOp node) const {
  return NameLoc::get(StringAttr::get(builder.getContext(), node.getName().empty() ? outputName(node) : node.getName().str()));
}

RankedTensorType Converter::f32(llvm::ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, builder.getF32Type());
}

Val Converter::constant(Tensor tensor) const {
  Val val;
  val.kind = Val::Kind::Constant;
  val.elem = tensor.elem;
  val.shape = tensor.shape;
  val.tensor = std::make_shared<const Tensor>(std::move(tensor));
  return val;
}

Val Converter::floating(Value value) const {
  Val val;
  val.kind = Val::Kind::Float;
  auto shape = cast<RankedTensorType>(value.getType()).getShape();
  val.shape.assign(shape.begin(), shape.end());
  val.base = value;
  val.view = View::identity(val.shape);
  return val;
}

Val Converter::defer(onnx::NodeOp node, const llvm::Twine &why) {
  Val val;
  val.kind = Val::Kind::Deferred;
  val.findings.insert(messages.size());
  llvm::StringRef domain = node.getDomain().empty() ? "ai.onnx" : node.getDomain();
  messages.push_back("node '" + (node.getName().empty() ? outputName(node) : node.getName().str()) + "' (" +
                     domain.str() + " " + node.getOpType().str() + ", version " +
                     std::to_string(node.getVersion()) + "): " + why.str());
  return val;
}

Val Converter::deferFor(onnx::NodeOp node, const Val &x, const llvm::Twine &why) {
  if (!x.is(Val::Kind::Deferred))
    return defer(node, why);
  Val val;
  val.kind = Val::Kind::Deferred;
  val.findings = x.findings;
  return val;
}

std::optional<Val> Converter::reshaped(const Val &val, llvm::ArrayRef<int64_t> shape) {
  Val out = val;
  out.shape.assign(shape.begin(), shape.end());
  out.tensor = nullptr;
  if (val.tensor)
    out.tensor = std::make_shared<const Tensor>(Tensor{val.tensor->elem, out.shape, val.tensor->ints, val.tensor->reals});
  if (val.is(Val::Kind::Constant) || val.is(Val::Kind::Index))
    return out;
  if (auto view = val.view.reshaped(shape)) {
    out.view = *view;
    return out;
  }
  if (!val.is(Val::Kind::Float))
    return std::nullopt;
  Val fresh = floating(materialize(val));
  fresh.isGradient = val.isGradient;
  return reshaped(fresh, shape);
}

Val Converter::transposed(const Val &val, llvm::ArrayRef<int64_t> perm) {
  Val out = val;
  out.tensor = nullptr;
  for (size_t i = 0; i < perm.size(); ++i)
    out.shape[i] = val.shape[perm[i]];
  if (val.is(Val::Kind::Float) || val.is(Val::Kind::Parameter))
    out.view = val.view.transposed(perm);
  return out;
}

Val Converter::selected(const Val &val, const std::vector<int64_t> &index, llvm::ArrayRef<int64_t> shape) const {
  if (val.is(Val::Kind::Constant))
    return constant(val.tensor->select(index, shape));
  Val out = val;
  out.shape.assign(shape.begin(), shape.end());
  std::vector<int64_t> composed(index.size());
  for (size_t i = 0; i < index.size(); ++i)
    composed[i] = (*val.index)[index[i]];
  out.index = std::make_shared<const std::vector<int64_t>>(std::move(composed));
  return out;
}

Value Converter::reshape(Value value, llvm::ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  return nn::ReshapeOp::create(builder, builder.getUnknownLoc(),
                               RankedTensorType::get(shape, type.getElementType()), value);
}

Value Converter::f32Constant(float value) {
  return nn::ConstantOp::create(builder, builder.getUnknownLoc(),
                                DenseElementsAttr::get(f32({}), value));
}

// Aᵀ·B read with its last two dimensions swapped is Bᵀ·A: the product that differentiation
// would have written.
static Value swappedProduct(Converter &c, Value base, View &view) {
  auto product = base.getDefiningOp<nn::MatmulOp>();
  auto shape = cast<RankedTensorType>(base.getType()).getShape();
  if (!product || view.dims.empty() || view.dims.back().empty())
    return base;
  int64_t columns = shape.back(), rows = shape[shape.size() - 2];
  // Only where the innermost factor reads down all rows of the product.
  Factor last = view.dims.back().back();
  if (columns == 1 || last.stride != columns || last.size % rows != 0)
    return base;
  View swapped;
  for (const auto &dim : view.dims) {
    auto &out = swapped.dims.emplace_back();
    for (Factor factor : dim) {
      if (factor.stride != columns) {
        out.push_back({factor.size, factor.stride < columns ? factor.stride * rows : factor.stride});
        continue;
      }
      if (factor.size > rows)
        out.push_back({factor.size / rows, rows * columns});
      out.push_back({std::min(factor.size, rows), 1});
    }
  }
  if (swapped.shape() != view.shape())
    return base;
  view = swapped;
  Shape type(shape);
  std::swap(type[type.size() - 1], type[type.size() - 2]);
  return nn::MatmulOp::create(c.builder, product.getLoc(), c.f32(type), product.getB(), product.getA(),
                              !product.getTransposeB(), !product.getTransposeA(), product.getSiteAttr());
}

// The base in the order of `view`: reshape to the factors, transpose, reshape to the shape.
static Value emitView(Converter &c, Value base, View view) {
  base = swappedProduct(c, base, view);
  if (view.isContiguous())
    return c.reshape(base, view.shape());
  auto factors = view.flat();
  llvm::SmallVector<int64_t> order(factors.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](int64_t a, int64_t b) { return factors[a].stride > factors[b].stride; });
  Shape stored, permuted;
  llvm::SmallVector<int64_t> perm(factors.size());
  for (auto [i, from] : llvm::enumerate(order)) {
    stored.push_back(factors[from].size);
    perm[from] = i;
  }
  for (Factor factor : factors)
    permuted.push_back(factor.size);
  Value value = c.reshape(base, stored);
  auto type = RankedTensorType::get(permuted, cast<RankedTensorType>(base.getType()).getElementType());
  value = nn::TransposeOp::create(c.builder, c.builder.getUnknownLoc(), type, value, perm);
  return c.reshape(value, view.shape());
}

// One order of a base is built once, in the shape in which it is first needed.
Value Converter::emittedView(Value base, const View &view) {
  if (view.isContiguous())
    return base;
  auto factors = view.flat();
  for (auto &entry : emittedViews[base])
    if (entry.first == factors)
      return entry.second;
  return {};
}

Value Converter::materializeView(Value base, const View &view) {
  if (Value known = emittedView(base, view))
    return reshape(known, view.shape());
  Value value = emitView(*this, base, view);
  emittedViews[base].push_back({view.flat(), value});
  return value;
}

static Value scaled(Converter &c, Value value, float scale) {
  if (scale == 1.0f)
    return value;
  return nn::ScaleOp::create(c.builder, c.builder.getUnknownLoc(), value.getType(), value,
                             APFloat(scale));
}

Value Converter::materialize(const Val &val) {
  switch (val.kind) {
  case Val::Kind::Float:
    return scaled(*this, materializeView(val.base, val.view), val.scale);
  case Val::Kind::Constant:
    if (auto value = isFloat(val.elem) ? val.tensor->toAttribute(builder.getContext()) : DenseElementsAttr())
      return nn::ConstantOp::create(builder, builder.getUnknownLoc(), value);
    return {};
  case Val::Kind::Parameter:
    if (Value lookup = foldedTable(val))
      return materializeView(lookup, val.view);
    return materializeView(parameter(val, {}, "", 0, ""), val.view);
  default:
    return {};
  }
}

Value Converter::rows(const Val &val) {
  if (!val.is(Val::Kind::Float) || val.shape.empty())
    return materialize(val);
  Value known = emittedView(val.base, val.view);
  if (!known) { // leading dimensions as the base has them
    View split;
    for (const auto &dim : llvm::ArrayRef(val.view.dims).drop_back())
      for (Factor factor : dim)
        split.dims.push_back({factor});
    split.dims.push_back(val.view.dims.back());
    known = materializeView(val.base, split);
  }
  auto shape = cast<RankedTensorType>(known.getType()).getShape();
  if (shape.size() < 2 || shape.back() != val.shape.back())
    return materialize(val);
  return scaled(*this, known, val.scale);
}

Value Converter::integers(const Val &val) {
  if (val.is(Val::Kind::Constant) && !isFloat(val.elem)) {
    auto value = val.tensor->toAttribute(builder.getContext());
    return value ? nn::ConstantOp::create(builder, builder.getUnknownLoc(), value).getResult() : Value();
  }
  if (!val.is(Val::Kind::Index) || val.table)
    return {};
  auto type = cast<RankedTensorType>(val.base.getType());
  if (int64_t(val.index->size()) != type.getNumElements())
    return {};
  for (auto [i, from] : llvm::enumerate(*val.index))
    if (from != int64_t(i))
      return {};
  return reshape(val.base, val.shape);
}

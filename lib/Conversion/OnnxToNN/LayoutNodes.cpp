// Nodes that move elements: on constants and index maps they select, on float values and
// parameters they become views or nn ops.
#include "Converter.h"
#include <limits>
#include <numeric>

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

using Indices = std::vector<int64_t>;

static bool hasView(const Val &val) { return val.is(Val::Kind::Float) || val.is(Val::Kind::Parameter); }

// Index of every element of a block: offsets and steps a dimension.
static Indices blockIndex(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> offsets,
                          llvm::ArrayRef<int64_t> steps, llvm::ArrayRef<int64_t> to) {
  Indices index(elementCount(to).value_or(0));
  Shape strides(from.size(), 1), at(to.size(), 0);
  for (size_t d = from.size(); d-- > 1;)
    strides[d - 1] = strides[d] * from[d];
  for (int64_t &slot : index) {
    slot = 0;
    for (size_t d = 0; d < to.size(); ++d)
      slot += (offsets[d] + at[d] * steps[d]) * strides[d];
    for (size_t d = to.size(); d-- > 0 && ++at[d] == to[d];)
      at[d] = 0;
  }
  return index;
}

static void setReshaped(Converter &c, onnx::NodeOp node, std::optional<Shape> shape) {
  const Val &x = c.operand(node, 0);
  auto count = shape ? elementCount(*shape) : std::nullopt;
  if (!count || count != elementCount(x.shape))
    return c.set(node, 0, c.defer(node, "expected a target shape with as many elements as " + shapeText(x.shape) +
                                            (shape ? ", but got " + shapeText(*shape) : "")));
  if (!isSelectable(x) && !hasView(x))
    return c.set(node, 0, c.defer(node, "expected a tensor to reshape"));
  auto out = c.reshaped(x, *shape);
  c.set(node, 0, out ? *out : c.defer(node, "cannot reshape a parameter so that its rows are torn apart"));
}

// 0 copies the dimension unless allowzero; one -1 is inferred.
static std::optional<Shape> reshapeTarget(llvm::ArrayRef<int64_t> from, Shape to, bool allowZero) {
  int64_t known = 1, inferred = -1;
  for (size_t i = 0; i < to.size(); ++i) {
    if (to[i] == 0 && !allowZero && i < from.size())
      to[i] = from[i];
    if (to[i] == -1 && inferred < 0)
      inferred = i;
    else if (to[i] < 0 || __builtin_mul_overflow(known, to[i], &known))
      return std::nullopt;
  }
  auto count = elementCount(from);
  if (inferred >= 0) {
    if (!count || known == 0 || *count % known != 0)
      return std::nullopt;
    to[inferred] = *count / known;
  }
  return to;
}

static void convertReshape(Converter &c, onnx::NodeOp node) {
  auto target = constantInts(c.operand(node, 1));
  if (node.getVersion() < 5)
    target = intsAttr(node, "shape");
  if (!target)
    return c.set(node, 0, c.defer(node, "expected a target shape that folds to a constant"));
  setReshaped(c, node, reshapeTarget(c.operand(node, 0).shape, *target, intAttr(node, "allowzero", 0)));
}

static void convertFlatten(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  int64_t axis = intAttr(node, "axis", 1);
  axis = axis < 0 ? axis + x.rank() : axis;
  if (axis < 0 || axis > x.rank())
    return c.set(node, 0, c.defer(node, "expected an axis within the rank"));
  auto head = elementCount(llvm::ArrayRef(x.shape).take_front(axis));
  auto tail = elementCount(llvm::ArrayRef(x.shape).drop_front(axis));
  setReshaped(c, node, head && tail ? std::optional<Shape>(Shape{*head, *tail}) : std::nullopt);
}

// Axes are an attribute before version 13, an operand from then on.
static std::optional<Shape> axesOf(Converter &c, onnx::NodeOp node, int64_t rank) {
  auto axes = node.getVersion() < 13 ? intsAttr(node, "axes") : constantInts(c.operand(node, 1));
  if (!axes)
    return std::nullopt;
  for (int64_t &axis : *axes) {
    auto normal = normalizedAxis(axis, rank);
    if (!normal)
      return std::nullopt;
    axis = *normal;
  }
  llvm::sort(*axes);
  return axes;
}

static void convertUnsqueeze(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  auto raw = node.getVersion() < 13 ? intsAttr(node, "axes") : constantInts(c.operand(node, 1));
  auto axes = raw ? axesOf(c, node, x.rank() + int64_t(raw->size())) : std::nullopt;
  if (!axes || std::adjacent_find(axes->begin(), axes->end()) != axes->end())
    return c.set(node, 0, c.defer(node, "expected constant distinct axes within the rank"));
  Shape shape = x.shape;
  for (int64_t axis : *axes)
    shape.insert(shape.begin() + axis, 1);
  setReshaped(c, node, shape);
}

static void convertSqueeze(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  bool all = node.getVersion() < 13 ? !intsAttr(node, "axes") : c.operand(node, 1).is(Val::Kind::Absent);
  auto axes = all ? std::optional<Shape>(Shape()) : axesOf(c, node, x.rank());
  if (!axes)
    return c.set(node, 0, c.defer(node, "expected constant axes within the rank"));
  Shape shape;
  for (auto [i, dim] : llvm::enumerate(x.shape)) {
    bool drop = all ? dim == 1 : llvm::is_contained(*axes, int64_t(i));
    if (drop && dim != 1)
      return c.set(node, 0, c.defer(node, "expected size 1 of a squeezed dimension, but got " + llvm::Twine(dim)));
    if (!drop)
      shape.push_back(dim);
  }
  setReshaped(c, node, shape);
}

static void convertTranspose(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  auto perm = intsAttr(node, "perm");
  if (!perm) {
    perm = Shape(x.rank());
    std::iota(perm->rbegin(), perm->rend(), 0);
  }
  Shape sorted = *perm;
  llvm::sort(sorted);
  bool isPermutation = int64_t(sorted.size()) == x.rank();
  for (size_t i = 0; isPermutation && i < sorted.size(); ++i)
    isPermutation = sorted[i] == int64_t(i);
  if (!isPermutation) // H17
    return c.set(node, 0, c.defer(node, "expected a permutation of the dimensions, but got " + shapeText(*perm)));
  if (hasView(x))
    return c.set(node, 0, c.transposed(x, *perm));
  if (!isSelectable(x))
    return c.set(node, 0, c.defer(node, "expected a tensor to transpose"));
  Shape shape;
  for (int64_t from : *perm)
    shape.push_back(x.shape[from]);
  Shape strides(x.rank(), 1), at(x.rank(), 0);
  for (int64_t d = x.rank() - 1; d > 0; --d)
    strides[d - 1] = strides[d] * x.shape[d];
  Indices index(*elementCount(shape));
  for (int64_t &slot : index) {
    slot = 0;
    for (int64_t d = 0; d < x.rank(); ++d)
      slot += at[d] * strides[(*perm)[d]];
    for (int64_t d = x.rank(); d-- > 0 && ++at[d] == shape[d];)
      at[d] = 0;
  }
  c.set(node, 0, c.selected(x, index, shape));
}

static void setBroadcast(Converter &c, onnx::NodeOp node, const Shape &shape) {
  const Val &x = c.operand(node, 0);
  if (elementCount(shape).value_or(kMaxFolded + 1) > kMaxFolded)
    return c.set(node, 0, c.defer(node, "expected at most 2^24 elements, but got " + shapeText(shape)));
  if (x.shape == shape)
    return c.set(node, 0, x);
  if (isSelectable(x))
    return c.set(node, 0, c.selected(x, broadcastIndex(x.shape, shape), shape));
  Value value = c.materialize(x);
  if (!value)
    return c.set(node, 0, c.defer(node, "expected a tensor to broadcast"));
  c.set(node, 0, c.floating(nn::BroadcastOp::create(c.builder, c.loc(node), c.f32(shape), value)));
}

static void convertExpand(Converter &c, onnx::NodeOp node) {
  auto target = constantInts(c.operand(node, 1));
  auto shape = target ? broadcastShape(c.operand(node, 0).shape, *target) : std::nullopt;
  if (!shape || llvm::any_of(*shape, [](int64_t d) { return d < 0; }))
    return c.set(node, 0, c.defer(node, "expected a constant shape to broadcast to"));
  setBroadcast(c, node, *shape);
}

namespace {
struct SliceSpec {
  Shape offsets, steps, sizes;
};
} // namespace

// Clamped before any arithmetic (H24).
static std::optional<SliceSpec> sliceOf(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  bool old = node.getVersion() < 10;
  auto starts = old ? intsAttr(node, "starts") : constantInts(c.operand(node, 1));
  auto ends = old ? intsAttr(node, "ends") : constantInts(c.operand(node, 2));
  if (!starts || !ends || starts->size() != ends->size())
    return std::nullopt;
  auto axes = old ? intsAttr(node, "axes") : constantInts(c.operand(node, 3));
  auto steps = old ? std::nullopt : constantInts(c.operand(node, 4));
  if (!axes) {
    axes = Shape(starts->size());
    std::iota(axes->begin(), axes->end(), 0);
  }
  if (!steps)
    steps = Shape(starts->size(), 1);
  if (axes->size() != starts->size() || steps->size() != starts->size())
    return std::nullopt;
  SliceSpec spec{Shape(x.rank(), 0), Shape(x.rank(), 1), x.shape};
  for (size_t i = 0; i < axes->size(); ++i) {
    auto axis = normalizedAxis((*axes)[i], x.rank());
    int64_t step = (*steps)[i];
    if (!axis || step == 0 || step == std::numeric_limits<int64_t>::min())
      return std::nullopt;
    int64_t dim = x.shape[*axis];
    auto clamp = [&](int64_t at) {
      at = std::clamp<int64_t>(at, -dim - 1, dim + 1);
      at = at < 0 ? at + dim : at;
      return step > 0 ? std::clamp<int64_t>(at, 0, dim) : std::clamp<int64_t>(at, -1, dim - 1);
    };
    int64_t start = clamp((*starts)[i]), end = clamp((*ends)[i]);
    if (step < 0 && (*ends)[i] < -dim)
      end = -1;
    int64_t span = step > 0 ? end - start : start - end, stride = step > 0 ? step : -step;
    spec.offsets[*axis] = start;
    spec.steps[*axis] = step;
    spec.sizes[*axis] = span <= 0 ? 0 : (span + stride - 1) / stride;
  }
  return spec;
}

static Val slicedFloat(Converter &c, onnx::NodeOp node, const Val &x, llvm::ArrayRef<int64_t> offsets,
                       llvm::ArrayRef<int64_t> sizes) {
  if (x.shape == Shape(sizes))
    return x;
  Value value = c.materialize(x);
  if (!value || elementCount(sizes) == 0)
    return c.defer(node, "expected a non-empty part of a float tensor");
  return c.floating(nn::SliceOp::create(c.builder, c.loc(node), c.f32(sizes), value, offsets));
}

static void convertSlice(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  auto spec = sliceOf(c, node);
  if (!spec)
    return c.set(node, 0, c.defer(node, "expected constant starts, ends, axes and non-zero steps"));
  if (isSelectable(x))
    return c.set(node, 0, c.selected(x, blockIndex(x.shape, spec->offsets, spec->steps, spec->sizes), spec->sizes));
  if (llvm::any_of(spec->steps, [](int64_t step) { return step != 1; }))
    return c.set(node, 0, c.defer(node, "expected steps of 1 on a float tensor"));
  c.set(node, 0, slicedFloat(c, node, x, spec->offsets, spec->sizes));
}

static void convertSplit(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  auto axis = normalizedAxis(intAttr(node, "axis", 0), x.rank());
  auto sizes = node.getVersion() < 13 ? intsAttr(node, "split") : constantInts(c.operand(node, 1));
  int64_t parts = node.getNumResults();
  if (axis && !sizes && parts > 0) {
    int64_t chunk = (x.shape[*axis] + parts - 1) / parts;
    sizes = Shape(parts, chunk);
    sizes->back() = x.shape[*axis] - chunk * (parts - 1);
  }
  bool fits = axis && sizes && int64_t(sizes->size()) == parts &&
              llvm::all_of(*sizes, [&](int64_t s) { return s > 0 && s <= x.shape[*axis]; }) &&
              std::accumulate(sizes->begin(), sizes->end(), int64_t(0)) == x.shape[*axis];
  Shape offsets(x.rank(), 0), steps(x.rank(), 1), shape = x.shape;
  for (int64_t i = 0; i < parts; ++i) {
    if (!fits) {
      c.set(node, i, c.defer(node, "expected constant sizes that add up to the dimension"));
      continue;
    }
    shape[*axis] = (*sizes)[i];
    c.set(node, i, isSelectable(x) ? c.selected(x, blockIndex(x.shape, offsets, steps, shape), shape)
                                   : slicedFloat(c, node, x, offsets, shape));
    offsets[*axis] += (*sizes)[i];
  }
}

// SequenceAt(SplitToSequence(x, size), i): part i of x.
static bool recognizeSequencePart(Converter &c, onnx::NodeOp node) {
  onnx::NodeOp split = node.getInputs().size() == 2 ? c.definition(node.getInputs()[0]) : onnx::NodeOp();
  if (!split || opOf(split) != "SplitToSequence")
    return false;
  const Val &x = c.operand(split, 0), &size = c.operand(split, 1), &at = c.operand(node, 1);
  auto axis = normalizedAxis(intAttr(split, "axis", 0), x.rank());
  if (!axis || !size.uniform() || size.rank() != 0 || !at.uniform() || !hasView(x))
    return false;
  int64_t chunk = int64_t(*size.uniform()), dim = x.shape[*axis];
  int64_t parts = chunk > 0 ? (dim + chunk - 1) / chunk : 0;
  auto part = normalizedAxis(int64_t(*at.uniform()), parts);
  if (!part)
    return false;
  Shape offsets(x.rank(), 0), shape = x.shape;
  offsets[*axis] = *part * chunk;
  shape[*axis] = std::min(chunk, dim - offsets[*axis]);
  c.set(node, 0, slicedFloat(c, node, x, offsets, shape));
  return true;
}

static void convertConcat(Converter &c, onnx::NodeOp node) {
  unsigned count = node.getInputs().size();
  auto axis = count ? normalizedAxis(intAttr(node, "axis", 0), c.operand(node, 0).rank()) : std::nullopt;
  Shape shape = axis ? c.operand(node, 0).shape : Shape();
  bool fits = axis.has_value(), constant = true, floating = true;
  for (unsigned i = 0; fits && i < count; ++i) {
    const Val &x = c.operand(node, i);
    fits = x.rank() == int64_t(shape.size());
    for (int64_t d = 0; fits && d < x.rank(); ++d)
      fits = d == *axis || x.shape[d] == shape[d];
    if (fits && i > 0)
      shape[*axis] += x.shape[*axis];
    constant &= x.is(Val::Kind::Constant) && x.elem == c.operand(node, 0).elem;
    floating &= hasView(x) || (x.is(Val::Kind::Constant) && isFloat(x.elem));
  }
  if (!fits || (!constant && !floating))
    return c.set(node, 0, c.defer(node, "expected constants or float tensors whose other dimensions are equal"));
  if (count == 1)
    return c.set(node, 0, c.operand(node, 0));
  if (!constant) {
    llvm::SmallVector<Value> inputs;
    for (unsigned i = 0; i < count; ++i)
      inputs.push_back(c.materialize(c.operand(node, i)));
    return c.set(node, 0, c.floating(nn::ConcatOp::create(c.builder, c.loc(node), c.f32(shape), inputs,
                                                          c.builder.getI64IntegerAttr(*axis))));
  }
  if (elementCount(shape).value_or(kMaxFolded + 1) > kMaxFolded)
    return c.set(node, 0, c.defer(node, "expected at most 2^24 elements"));
  Tensor out{c.operand(node, 0).elem, shape, {}, {}};
  int64_t outer = *elementCount(llvm::ArrayRef(shape).take_front(*axis));
  for (int64_t row = 0; row < outer; ++row)
    for (unsigned i = 0; i < count; ++i) {
      const Tensor &x = *c.operand(node, i).tensor;
      int64_t chunk = x.size() / std::max<int64_t>(outer, 1);
      if (isFloat(out.elem))
        out.reals.insert(out.reals.end(), x.reals.begin() + row * chunk, x.reals.begin() + (row + 1) * chunk);
      else
        out.ints.insert(out.ints.end(), x.ints.begin() + row * chunk, x.ints.begin() + (row + 1) * chunk);
    }
  c.set(node, 0, c.constant(std::move(out)));
}

static void convertIdentity(Converter &c, onnx::NodeOp node) {
  Val val = c.operand(node, 0);
  // The exporter folded parameters of equal value into one and left an Identity with the other's name.
  llvm::StringRef name = cast<StringAttr>(node.getOutputNames()[0]).getValue();
  if (val.is(Val::Kind::Parameter) && node.getInputs()[0].getDefiningOp<onnx::InitializerOp>() &&
      !name.starts_with("/") && (name.ends_with(".weight") || name.ends_with(".bias")))
    val.rename = name.str();
  c.set(node, 0, std::move(val));
}

void conversion::addLayoutNodes(Handlers &handlers) {
  handlers.nodes["Reshape"] = convertReshape;
  handlers.nodes["Flatten"] = convertFlatten;
  handlers.nodes["Unsqueeze"] = convertUnsqueeze;
  handlers.nodes["Squeeze"] = convertSqueeze;
  handlers.nodes["Transpose"] = convertTranspose;
  handlers.nodes["Expand"] = convertExpand;
  handlers.nodes["Slice"] = convertSlice;
  handlers.nodes["Split"] = convertSplit;
  handlers.nodes["Concat"] = convertConcat;
  handlers.nodes["com.microsoft::ConcatTraining"] = convertConcat;
  handlers.recognizers["SequenceAt"].push_back(recognizeSequencePart);
  handlers.nodes["Identity"] = convertIdentity;
}

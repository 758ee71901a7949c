// Lookups: embedding tables, positions counted from the padding, selection of a token, and gathers that build masks.
#include "Match.h"

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

using Indices = std::vector<int64_t>;

// Constant indices in [0, size), negative ones counted from the end (H26).
static std::optional<Indices> resolved(const Val &indices, int64_t size) {
  if (!indices.is(Val::Kind::Constant) || isFloat(indices.elem))
    return std::nullopt;
  Indices out = indices.tensor->ints;
  for (int64_t &i : out) {
    if (i < -size || i >= size)
      return std::nullopt;
    i = i < 0 ? i + size : i;
  }
  return out;
}

// Rows of a table by an input or by constant ids; a gradient then flows to the rows alone.
Val conversion::lookup(Converter &c, onnx::NodeOp node, const Val &table, const Val &ids, std::optional<int64_t> given) {
  Value index;
  if (ids.is(Val::Kind::Constant)) {
    auto known = resolved(ids, table.shape[0]);
    if (!known)
      return c.defer(node, "expected constant ids within the table's " + llvm::Twine(table.shape[0]) + " rows");
    index = c.integers(c.constant(Tensor{Elem::I64, ids.shape, *known, {}}));
  } else {
    index = c.integers(ids);
  }
  if (!index)
    return c.defer(node, "expected ids to be an integer input or constants");
  if (auto positions = index.getDefiningOp<nn::PositionIdsOp>())
    if (int64_t rows = positions.getPaddingIdx() + ids.shape.back() + 1; rows > table.shape[0])
      return c.defer(node, "expected a table of at least " + llvm::Twine(rows) + " rows for positions counted from the "
                           "padding, but got " + llvm::Twine(table.shape[0]) + "; bind a shorter sequence");
  Value argument = c.parameter(table, node, "embedding", 0, "weight");
  if (!(table.view == View::identity(cast<RankedTensorType>(argument.getType()).getShape())))
    return c.defer(node, "expected a table [rows, features], but got its transpose");
  int64_t padding = given.value_or(-1);
  if (!given && c.fxArgument(node, "embedding", 2).getAsInteger(10, padding))
    padding = c.paddings.contains(ids.base) ? c.paddings.lookup(ids.base) : -1;
  if (padding >= table.shape[0])
    return c.defer(node, "expected a padding index below the table's " + llvm::Twine(table.shape[0]) + " rows, but got " +
                             llvm::Twine(padding));
  Shape shape = ids.shape;
  shape.push_back(table.shape[1]);
  return c.floating(nn::EmbeddingOp::create(c.builder, c.loc(node), c.f32(shape), argument, index,
                                            c.builder.getI64IntegerAttr(padding),
                                            c.builder.getStringAttr(c.parameterName(argument))));
}

// One position along `axis`: a slice without that dimension.
static Val selectFloat(Converter &c, onnx::NodeOp node, const Val &x, const Val &indices, int64_t axis) {
  auto at = indices.rank() == 0 ? resolved(indices, x.shape[axis]) : std::nullopt;
  Value value = at ? c.materialize(x) : Value();
  if (!value)
    return c.defer(node, "expected a table of rank 2 on axis 0, or one constant index of a float tensor");
  Shape result = x.shape;
  result.erase(result.begin() + axis);
  Value part = nn::SliceOp::create(c.builder, c.loc(node), value, axis, at->front(), at->front() + 1);
  return c.floating(c.reshape(part, result));
}

static void convertGather(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0), &indices = c.operand(node, 1);
  auto axis = normalizedAxis(intAttr(node, "axis", 0), x.rank());
  if (!axis)
    return c.set(node, 0, c.defer(node, "expected an axis within the rank"));
  if (c.isParameter(x, 2) && *axis == 0)
    return c.set(node, 0, lookup(c, node, x, indices));
  if (!isSelectable(x))
    return c.set(node, 0, selectFloat(c, node, x, indices, *axis));
  auto at = resolved(indices, x.shape[*axis]);
  Shape shape(x.shape.begin(), x.shape.begin() + *axis);
  shape.append(indices.shape.begin(), indices.shape.end());
  shape.append(x.shape.begin() + *axis + 1, x.shape.end());
  auto count = elementCount(shape);
  if (!at || !count || *count > kMaxFolded)
    return c.set(node, 0, c.defer(node, "expected constant indices within the dimension"));
  int64_t outer = *elementCount(llvm::ArrayRef(x.shape).take_front(*axis));
  int64_t inner = *elementCount(llvm::ArrayRef(x.shape).drop_front(*axis + 1));
  Indices index;
  index.reserve(*count);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t row : *at)
      for (int64_t i = 0; i < inner; ++i)
        index.push_back((o * x.shape[*axis] + row) * inner + i);
  c.set(node, 0, c.selected(x, index, shape));
}

// out[i…] = x[i… with indices[i…] at `axis`].
static void convertGatherElements(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0), &indices = c.operand(node, 1);
  if (x.is(Val::Kind::Constant) && x.uniform() && indices.is(Val::Kind::Index) && indices.rank() == x.rank())
    return c.set(node, 0, c.constant(x.tensor->select(Indices(*elementCount(indices.shape), 0), indices.shape)));
  auto axis = normalizedAxis(intAttr(node, "axis", 0), x.rank());
  auto at = axis ? resolved(indices, x.shape[*axis]) : std::nullopt;
  bool fits = at && isSelectable(x) && indices.rank() == x.rank();
  for (int64_t d = 0; fits && d < x.rank(); ++d)
    fits = d == *axis || indices.shape[d] <= x.shape[d];
  if (!fits)
    return c.set(node, 0, c.defer(node, "expected constant indices into a constant or a mask"));
  Shape strides(x.rank(), 1), pos(x.rank(), 0);
  for (int64_t d = x.rank() - 1; d > 0; --d)
    strides[d - 1] = strides[d] * x.shape[d];
  Indices index(at->size());
  for (size_t n = 0; n < index.size(); ++n) {
    for (int64_t d = 0; d < x.rank(); ++d)
      index[n] += (d == *axis ? (*at)[n] : pos[d]) * strides[d];
    for (int64_t d = x.rank(); d-- > 0 && ++pos[d] == indices.shape[d];)
      pos[d] = 0;
  }
  c.set(node, 0, c.selected(x, index, indices.shape));
}

static void convertGatherND(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0), &indices = c.operand(node, 1);
  int64_t depth = indices.rank() ? indices.shape.back() : 0;
  bool fits = isSelectable(x) && indices.is(Val::Kind::Constant) && !isFloat(indices.elem) &&
              !intAttr(node, "batch_dims", 0) && depth > 0 && depth <= x.rank();
  if (!fits)
    return c.set(node, 0, c.defer(node, "expected constant indices into a constant or a mask, without batch_dims"));
  Shape shape(indices.shape.begin(), indices.shape.end() - 1);
  shape.append(x.shape.begin() + depth, x.shape.end());
  int64_t inner = *elementCount(llvm::ArrayRef(x.shape).drop_front(depth));
  auto count = elementCount(shape);
  if (!count || *count > kMaxFolded)
    return c.set(node, 0, c.defer(node, "expected at most 2^24 elements"));
  Indices index;
  index.reserve(*count);
  const auto &ints = indices.tensor->ints;
  for (size_t row = 0; row < ints.size(); row += depth) {
    int64_t start = 0;
    for (int64_t d = 0; d < depth; ++d) {
      int64_t at = ints[row + d];
      if (at < -x.shape[d] || at >= x.shape[d])
        return c.set(node, 0, c.defer(node, "expected indices within the dimensions, but got " + llvm::Twine(at)));
      start = start * x.shape[d] + (at < 0 ? at + x.shape[d] : at);
    }
    for (int64_t i = 0; i < inner; ++i)
      index.push_back(start * inner + i);
  }
  c.set(node, 0, c.selected(x, index, shape));
}

// `value` behind nodes that change only its type.
static Value uncast(Converter &c, Value value) {
  onnx::NodeOp node = c.definition(value);
  while (node && (opOf(node) == "Cast" || opOf(node) == "CastLike") && !node.getInputs().empty()) {
    value = node.getInputs()[0];
    node = c.definition(value);
  }
  return value;
}

// Whether `value` is 1 where `ids` is not `padding`: Not(Equal(ids, padding)). Sets `ids`.
static bool isKept(Converter &c, Value value, int64_t padding, Value &ids) {
  onnx::NodeOp negation = defined(c, uncast(c, value), "Not");
  onnx::NodeOp equal = negation ? defined(c, uncast(c, negation.getInputs()[0]), "Equal") : onnx::NodeOp();
  Value tokens = besideConstant(c, equal, [&](double v) { return v == double(padding); });
  if (tokens)
    ids = uncast(c, tokens);
  return bool(tokens);
}

// The sums along the tokens of `kept`, maybe with a constant 0 added (a past length).
static bool isRunningCount(Converter &c, Value value, int64_t padding, Value ids) {
  value = uncast(c, value);
  if (Value inner = besideConstant(c, defined(c, value, "Add"), [](double v) { return v == 0; }))
    value = uncast(c, inner);
  onnx::NodeOp sum = defined(c, value, "CumSum");
  Value summed;
  return sum && !intAttr(sum, "exclusive", 0) && !intAttr(sum, "reverse", 0) &&
         (c.operand(sum, 1).uniform() == 1.0 || c.operand(sum, 1).uniform() == -1.0) &&
         isKept(c, sum.getInputs()[0], padding, summed) && summed == ids;
}

// cumsum(ids ≠ padding)·(ids ≠ padding) + padding: RoBERTa's positions.
static bool recognizePositions(Converter &c, onnx::NodeOp node) {
  int64_t padding = -1;
  Value product = besideConstant(c, node, [&](double v) {
    padding = v >= 0 && v < double(1 << 30) && v == double(int64_t(v)) ? int64_t(v) : -1;
    return padding >= 0;
  });
  onnx::NodeOp mul = product ? defined(c, uncast(c, product), "Mul") : onnx::NodeOp();
  for (unsigned i = 0; mul && i < 2 && mul.getInputs().size() == 2; ++i) {
    Value ids;
    if (!isKept(c, mul.getInputs()[i], padding, ids) || !isRunningCount(c, mul.getInputs()[1 - i], padding, ids))
      continue;
    const Val &tokens = c.get(ids);
    Value input = tokens.rank() == 2 ? c.integers(tokens) : Value();
    if (!input)
      return false;
    Val out = tokens;
    out.base = nn::PositionIdsOp::create(c.builder, c.loc(node), input.getType(), input,
                                         c.builder.getI64IntegerAttr(padding));
    c.paddings[tokens.base] = c.paddings[out.base] = padding; // both tables have this row for padding
    c.set(node, 0, std::move(out));
    return true;
  }
  return false;
}

void conversion::addIndexingNodes(Handlers &handlers) {
  handlers.nodes["Gather"] = convertGather;
  handlers.nodes["GatherElements"] = convertGatherElements;
  handlers.nodes["GatherND"] = convertGatherND;
  handlers.recognizers["Add"].push_back(recognizePositions);
}

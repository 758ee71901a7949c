// Gradient operators of ONNX Runtime's training graphs, as the gradient ops of nn.
#include "Converter.h"
#include <numeric>

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

static bool isPlain(const Val &val) { return val.is(Val::Kind::Float); }

// f(dy, saved), both of one shape.
template <class Op, class... Args> static Val elementwise(Converter &c, onnx::NodeOp node, Args... args) {
  const Val &dy = c.operand(node, 0), &saved = c.operand(node, 1);
  if (!isPlain(dy) || !isPlain(saved) || dy.shape != saved.shape)
    return c.defer(node, "expected a gradient and a saved value of one shape");
  Value g = c.rows(dy), x = c.rows(saved);
  if (g.getType() != x.getType()) {
    g = c.materialize(dy);
    x = c.materialize(saved);
  }
  return *c.reshaped(c.floating(Op::create(c.builder, c.loc(node), g.getType(), g, x, args...)), dy.shape);
}

// From the output of the forward op.
template <class Op> static void convertOutputGrad(Converter &c, onnx::NodeOp node) {
  c.set(node, 0, elementwise<Op>(c, node));
}

static void convertSoftmaxGrad(Converter &c, onnx::NodeOp node) {
  int64_t byDefault = node.getOpType() == "SoftmaxGrad_13" ? -1 : 1;
  if (normalizedAxis(intAttr(node, "axis", byDefault), c.operand(node, 0).rank()) != c.operand(node, 0).rank() - 1)
    return c.set(node, 0, c.defer(node, "expected the last axis"));
  c.set(node, 0, elementwise<nn::SoftmaxGradOp>(c, node));
}

// ORT attaches the erf form to a tanh GELU as well; the forward op says which one is right.
static void convertGeluGrad(Converter &c, onnx::NodeOp node) {
  auto form = node.getOpType() == "FastGeluGrad" ? nn::GeluApproximation::Tanh : nn::GeluApproximation::None;
  const Val &x = c.operand(node, 1);
  if (isPlain(x))
    for (Operation *user : x.base.getUsers())
      if (auto gelu = dyn_cast<nn::GeluOp>(user); gelu && gelu.getApproximate() != form)
        c.notes.push_back("'" + node.getName().str() + "' is the gradient of another form of GELU than the forward's");
  c.set(node, 0, elementwise<nn::GeluGradOp>(c, node, form));
}

// GELU of a linear layer's product and its bias: dY, product, bias.
static void convertBiasGeluGrad(Converter &c, onnx::NodeOp node) {
  bool isTanh = node.getOpType().contains("Fast");
  auto x = addBias(c, node, c.operand(node, 1), c.operand(node, 2));
  const Val &dy = c.operand(node, 0);
  Value g = x && isPlain(dy) && dy.shape == x->shape ? c.materialize(dy) : Value();
  if (!g)
    return c.set(node, 0, c.defer(node, "expected a gradient, the product of a linear layer and its bias"));
  c.set(node, 0, c.floating(nn::GeluGradOp::create(c.builder, c.loc(node), g.getType(), g, c.materialize(*x),
                                                   isTanh ? nn::GeluApproximation::Tanh : nn::GeluApproximation::None)));
}

static void convertDropoutGrad(Converter &c, onnx::NodeOp node) {
  const Val &dy = c.operand(node, 0), &mask = c.operand(node, 1);
  if (!isPlain(dy) || !mask.is(Val::Kind::DropoutMask))
    return c.set(node, 0, c.defer(node, "expected the mask of a Dropout of this file"));
  if (mask.stream.empty())
    return c.set(node, 0, dy);
  Value g = c.materialize(dy);
  c.set(node, 0, c.floating(nn::DropoutOp::create(c.builder, c.loc(node), g.getType(), g, c.rng(), APFloat(mask.ratio),
                                                  mask.stream)));
}

static void convertLayerNormGrad(Converter &c, onnx::NodeOp node) {
  const Val &dy = c.operand(node, 0), &x = c.operand(node, 1), &scale = c.operand(node, 2);
  auto fail = [&](const llvm::Twine &why) { c.setAll(node, c.defer(node, why)); };
  const Val &mean = c.operand(node, 3);
  auto norm = mean.is(Val::Kind::Float) ? mean.base.getDefiningOp<nn::LayerNormOp>() : nn::LayerNormOp();
  if (!norm || !isPlain(dy) || dy.shape != x.shape || !c.isParameter(scale, 1) ||
      c.operand(node, 4).base != norm.getRstd())
    return fail("expected mean and deviation to be results of a LayerNormalization of this file");
  auto shape = cast<RankedTensorType>(norm.getX().getType()).getShape();
  Value g = c.rows(dy), saved = c.rows(x);
  if (g.getType() != norm.getX().getType())
    g = c.reshape(c.materialize(dy), shape);
  if (saved.getType() != norm.getX().getType())
    saved = c.reshape(c.materialize(x), shape);
  Type vector = norm.getWeight().getType();
  auto grad = nn::LayerNormGradOp::create(c.builder, c.loc(node), TypeRange{norm.getX().getType(), vector, vector},
                                          ValueRange{g, saved, norm.getWeight(), norm.getMean(), norm.getRstd()},
                                          {c.builder.getNamedAttr("epsilon", norm.getEpsilonAttr()),
                                           c.builder.getNamedAttr("site", norm.getSiteAttr())});
  c.set(node, 0, *c.reshaped(c.floating(grad.getDx()), dy.shape));
  c.set(node, 1, c.floating(grad.getDweight()));
  c.set(node, 2, c.floating(grad.getDbias()));
}

// Shape, indices, dY: rows of a table added up, or one position put back among zeros.
static void convertGatherGrad(Converter &c, onnx::NodeOp node) {
  auto shape = constantInts(c.operand(node, 0));
  const Val &ids = c.operand(node, 1), &dy = c.operand(node, 2);
  auto axis = shape ? normalizedAxis(intAttr(node, "axis", 0), shape->size()) : std::nullopt;
  if (!axis || !isPlain(dy))
    return c.set(node, 0, c.defer(node, "expected a constant shape and a float gradient"));
  Value g = c.materialize(dy);
  if (ids.rank() == 0 && ids.is(Val::Kind::Constant)) {
    int64_t at = ids.tensor->ints[0], size = (*shape)[*axis];
    if (at < -size || at >= size)
      return c.set(node, 0, c.defer(node, "expected an index within the dimension"));
    Shape part = *shape, offsets(shape->size(), 0);
    part[*axis] = 1;
    offsets[*axis] = at < 0 ? at + size : at;
    if (elementCount(part) != elementCount(dy.shape))
      return c.set(node, 0, c.defer(node, "expected a gradient of the selected part's size"));
    return c.set(node, 0, c.floating(nn::PadOp::create(c.builder, c.loc(node), c.f32(*shape), c.reshape(g, part), offsets)));
  }
  Value index = c.integers(ids);
  Shape rows = ids.shape;
  if (shape->size() == 2)
    rows.push_back((*shape)[1]);
  if (!index || *axis != 0 || shape->size() != 2 || dy.shape != rows)
    return c.set(node, 0, c.defer(node, "expected the gradient of a table [rows, features]"));
  c.set(node, 0, c.floating(nn::EmbeddingGradOp::create(c.builder, c.loc(node), c.f32(*shape), g, index,
                                                        c.builder.getI64IntegerAttr(-1),
                                                        c.builder.getStringAttr(c.outputName(node)))));
}

// dY, shape, starts, ends, axes, steps: the part put back among zeros.
static void convertSliceGrad(Converter &c, onnx::NodeOp node) {
  auto shape = constantInts(c.operand(node, 1)), starts = constantInts(c.operand(node, 2)), axes = constantInts(c.operand(node, 4));
  const Val &dy = c.operand(node, 0), &steps = c.operand(node, 5);
  if (starts && c.operand(node, 4).is(Val::Kind::Absent)) {
    axes = Shape(starts->size());
    std::iota(axes->begin(), axes->end(), 0);
  }
  bool fits = isPlain(dy) && shape && dy.rank() == int64_t(shape->size()) && starts && axes && starts->size() == axes->size() &&
              (steps.is(Val::Kind::Absent) || steps.uniform() == 1.0);
  Shape offsets(dy.rank(), 0);
  for (size_t i = 0; fits && i < axes->size(); ++i) {
    auto axis = normalizedAxis((*axes)[i], dy.rank());
    if (!(fits = axis.has_value()))
      break;
    int64_t size = (*shape)[*axis], at = std::clamp<int64_t>((*starts)[i], -size, size);
    offsets[*axis] = at < 0 ? at + size : at;
  }
  for (int64_t d = 0; fits && d < dy.rank(); ++d)
    fits = dy.shape[d] <= (*shape)[d] - offsets[d];
  if (!fits)
    return c.set(node, 0, c.defer(node, "expected a constant shape, starts and axes that fit the gradient, and steps of 1"));
  c.set(node, 0, c.floating(nn::PadOp::create(c.builder, c.loc(node), c.f32(*shape), c.materialize(dy), offsets)));
}

// Two shapes that were broadcast: the axes over which the gradient of each is summed, descending.
static void convertBroadcastGradientArgs(Converter &c, onnx::NodeOp node) {
  std::optional<Shape> shapes[] = {constantInts(c.operand(node, 0)), constantInts(c.operand(node, 1))};
  if (!shapes[0] || !shapes[1] || !broadcastShape(*shapes[0], *shapes[1]))
    return c.setAll(node, c.defer(node, "expected two constant shapes that broadcast"));
  int64_t rank = std::max(shapes[0]->size(), shapes[1]->size());
  auto size = [&](unsigned side, int64_t axis) {
    int64_t at = axis - rank + int64_t(shapes[side]->size());
    return at < 0 ? 0 : (*shapes[side])[at]; // 0: the shape has no such axis
  };
  for (unsigned side = 0; side < 2; ++side) {
    Shape axes;
    for (int64_t axis = rank - 1; axis >= 0; --axis)
      if (size(side, axis) != size(1 - side, axis) && size(side, axis) <= 1)
        axes.push_back(axis);
    c.set(node, side, c.constant(Tensor::vector(axes)));
  }
}

static void convertCrossEntropyGrad(Converter &c, onnx::NodeOp node) {
  const Val &seed = c.operand(node, 0), &probability = c.operand(node, 1);
  auto forward = probability.is(Val::Kind::LogProbability) ? probability.base.getDefiningOp<nn::CrossEntropyOp>()
                                                           : nn::CrossEntropyOp();
  Value dloss = forward ? c.materialize(seed) : Value();
  if (!dloss || !seed.shape.empty() || stringAttr(node, "reduction", "mean") != "mean")
    return c.set(node, 0, c.defer(node, "expected a scalar seed and the log-probabilities of the loss of this file"));
  Value dlogits = nn::CrossEntropyGradOp::create(c.builder, c.loc(node), forward.getLogits().getType(), dloss,
                                                 forward.getLogits(), forward.getLabels(),
                                                 forward.getIgnoreIndexAttr());
  Val out = c.floating(dlogits);
  const Shape &shape = probability.shape;
  if (shape.size() <= 2)
    return c.set(node, 0, *c.reshaped(out, shape));
  Shape last{shape[0]}, perm{0, int64_t(shape.size()) - 1}; // [N, d…, C] back to [N, C, d…]
  for (size_t d = 2; d < shape.size(); ++d) {
    last.push_back(shape[d]);
    perm.push_back(d - 1);
  }
  last.push_back(shape[1]);
  c.set(node, 0, c.transposed(*c.reshaped(out, last), perm));
}

void conversion::addGradientNodes(Handlers &handlers) {
  auto add = [&](llvm::StringRef op, Handler handler) { handlers.nodes[("com.microsoft::" + op).str()] = handler; };
  add("TanhGrad", convertOutputGrad<nn::TanhGradOp>);
  add("ReluGrad", convertOutputGrad<nn::ReluGradOp>);
  add("SoftmaxGrad", convertSoftmaxGrad);
  add("SoftmaxGrad_13", convertSoftmaxGrad);
  add("GeluGrad", convertGeluGrad);
  add("FastGeluGrad", convertGeluGrad);
  add("BiasGeluGrad_dX", convertBiasGeluGrad);
  add("BiasFastGeluGrad_dX", convertBiasGeluGrad);
  add("SliceGrad", convertSliceGrad);
  add("BroadcastGradientArgs", convertBroadcastGradientArgs);
  add("DropoutGrad", convertDropoutGrad);
  add("LayerNormalizationGrad", convertLayerNormGrad);
  add("GatherGrad", convertGatherGrad);
  add("SoftmaxCrossEntropyLossGrad", convertCrossEntropyGrad);
  add("SoftmaxCrossEntropyLossInternalGrad", convertCrossEntropyGrad);
}

// Products of matrices: linear layers and their gradients where one operand is a
// parameter or the contraction runs over rows, batched products elsewhere.
#include "Converter.h"
#include <cmath>

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

namespace {
/// alpha · op(a) · op(b) (+ bias).
struct Product {
  Val a, b;
  float alpha = 1.0f;
};
} // namespace

static Val swapLast(Converter &c, const Val &val) {
  Shape perm(val.rank());
  for (int64_t i = 0; i < val.rank(); ++i)
    perm[i] = i;
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return c.transposed(val, perm);
}

// Whether the last dimension is read with the larger steps: stored the other way round.
static bool isSwapped(const View &view) {
  const auto &rows = view.dims[view.dims.size() - 2], &columns = view.dims.back();
  return !rows.empty() && !columns.empty() && columns.back().stride > rows.back().stride;
}

static bool isMatrix(const Val &val) {
  return (val.is(Val::Kind::Float) || val.is(Val::Kind::Parameter)) && val.rank() >= 2;
}

// a · b with b a parameter in the orientation of `b.view`.
static Val parameterProduct(Converter &c, onnx::NodeOp node, Product &p) {
  Value weight = c.parameter(p.b, node, "linear", 1, "weight");
  auto stored = cast<RankedTensorType>(weight.getType()).getShape();
  bool isForward = stored[0] == stored[1] ? !(p.b.view == View::identity(stored)) : stored[0] == p.b.shape[1];
  auto site = c.builder.getStringAttr(c.parameterName(weight));
  Value x = c.rows(p.a);
  Shape shape(cast<RankedTensorType>(x.getType()).getShape());
  shape.back() = p.b.shape[1];
  bool isGradient = p.a.isGradient;
  if (isForward == isGradient) { // read against its usual orientation: a tied or shared matrix
    weight = nn::TransposeOp::create(c.builder, c.loc(node), c.f32({stored[1], stored[0]}), weight,
                                     llvm::ArrayRef<int64_t>{1, 0});
  }
  Value y;
  if (isGradient)
    y = nn::LinearInputGradOp::create(c.builder, c.loc(node), c.f32(shape), x, weight, site);
  else
    y = nn::LinearOp::create(c.builder, c.loc(node), c.f32(shape), x, weight, Value(), site);
  Shape result = p.a.shape;
  result.back() = p.b.shape[1];
  return *c.reshaped(c.floating(y), result);
}

// The input of a layer as its forward read it, whose codes a recipe uses again, and dY with the same leading dimensions.
static std::pair<Value, Value> inputAndGradient(Converter &c, const Val &input, const Val &gradient) {
  Value x = c.rows(input), dy = c.rows(gradient);
  Shape shape(cast<RankedTensorType>(x.getType()).getShape());
  shape.back() = gradient.shape.back();
  return {x, c.reshape(dy, shape)};
}

// Xᵀ·dY or dYᵀ·X: the gradient of a weight, [out, in] as in torch.
static std::optional<Val> weightGradient(Converter &c, onnx::NodeOp node, const Product &p) {
  if (p.a.rank() != 2 || p.b.rank() != 2 || p.a.isGradient == p.b.isGradient)
    return std::nullopt;
  Val left = swapLast(c, p.a);
  auto [x, dy] = p.b.isGradient ? inputAndGradient(c, left, p.b) : inputAndGradient(c, p.b, left);
  Shape shape{cast<RankedTensorType>(dy.getType()).getShape().back(),
              cast<RankedTensorType>(x.getType()).getShape().back()};
  Value dw = nn::LinearWeightGradOp::create(c.builder, c.loc(node), c.f32(shape), dy, x,
                                            c.builder.getStringAttr(c.outputName(node)));
  Val out = c.floating(dw);
  return p.b.isGradient ? c.transposed(out, {1, 0}) : out;
}

// √c on both operands of a product is c on the product (numerics: a documented rounding); c is
// 1/√K where the file took its root.
static float productScale(float a, float b, int64_t contraction) {
  float inverse = float(1.0 / std::sqrt(double(contraction)));
  if (a == b && std::sqrt(inverse) == a)
    return inverse;
  return float(double(a) * double(b));
}

static Val batchedProduct(Converter &c, onnx::NodeOp node, Product &p) {
  if (p.a.rank() != p.b.rank() || llvm::ArrayRef(p.a.shape).drop_back(2) != llvm::ArrayRef(p.b.shape).drop_back(2))
    return c.defer(node, "expected operands of equal rank and batch, but got " + shapeText(p.a.shape) + " and " +
                             shapeText(p.b.shape));
  float scale = 1.0f;
  if (p.a.is(Val::Kind::Float) && p.b.is(Val::Kind::Float) && !p.a.isGradient && !p.b.isGradient) {
    scale = productScale(p.a.scale, p.b.scale, p.a.shape.back());
    p.a.scale = p.b.scale = 1.0f;
  }
  bool ta = isSwapped(p.a.view), tb = isSwapped(p.b.view);
  Shape shape = p.a.shape;
  shape.back() = p.b.shape.back();
  Value a = c.materialize(ta ? swapLast(c, p.a) : p.a), b = c.materialize(tb ? swapLast(c, p.b) : p.b);
  Val out = c.floating(nn::MatmulOp::create(c.builder, c.loc(node), c.f32(shape), a, b, ta, tb,
                                            c.builder.getStringAttr(c.outputName(node))));
  out.scale = scale;
  return out;
}

static Val convertProduct(Converter &c, onnx::NodeOp node, Product p) {
  if (!isMatrix(p.a) || !isMatrix(p.b))
    return c.defer(node, "expected float matrices of rank 2 or more");
  if (p.a.shape.back() != p.b.shape[p.b.rank() - 2])
    return c.defer(node, "expected inner dimensions to agree, but got " + shapeText(p.a.shape) + " and " +
                             shapeText(p.b.shape));
  Val out;
  if (c.isParameter(p.b, 2) && p.a.is(Val::Kind::Float)) {
    out = parameterProduct(c, node, p);
  } else if (auto gradient = weightGradient(c, node, p)) {
    out = *gradient;
  } else {
    out = batchedProduct(c, node, p);
  }
  if (out.is(Val::Kind::Float))
    out.scale *= p.alpha;
  out.isGradient = p.a.isGradient || p.b.isGradient;
  if (out.isGradient && out.scale != 1.0f) {
    float scale = out.scale;
    out.scale = 1.0f;
    Value value = c.materialize(out);
    out = c.floating(nn::ScaleOp::create(c.builder, c.loc(node), value.getType(), value, APFloat(scale)));
    out.isGradient = true;
  }
  return out;
}

// A linear layer without bias, unscaled, whose result has the shape of `val`.
static nn::LinearOp bareLinear(const Val &val) {
  auto linear = val.is(Val::Kind::Float) && val.base ? val.base.getDefiningOp<nn::LinearOp>() : nn::LinearOp();
  return linear && !linear.getBias() && val.scale == 1.0f && val.view.isContiguous() ? linear : nn::LinearOp();
}

static Val withBias(Converter &c, onnx::NodeOp node, const Val &product, nn::LinearOp linear, Value bias) {
  Val out = product;
  out.base = nn::LinearOp::create(c.builder, c.loc(node), linear.getType(), linear.getX(), linear.getWeight(), bias,
                                  linear.getSiteAttr());
  return out;
}

std::optional<Val> conversion::addBias(Converter &c, onnx::NodeOp node, const Val &product, const Val &bias) {
  nn::LinearOp linear = bareLinear(product);
  if (!linear || !c.isParameter(bias, 1) || bias.shape[0] != product.shape.back() || product.isGradient)
    return std::nullopt;
  return withBias(c, node, product, linear, c.parameter(bias, node, "linear", 2, "bias"));
}

// Add(x·Wᵀ, b), in either order.
static bool recognizeBias(Converter &c, onnx::NodeOp node) {
  if (node.getInputs().size() != 2)
    return false;
  for (unsigned i = 0; i < 2; ++i)
    if (auto out = addBias(c, node, c.operand(node, i), c.operand(node, 1 - i))) {
      c.set(node, 0, std::move(*out));
      return true;
    }
  return false;
}

Val conversion::product(Converter &c, onnx::NodeOp node, const Val &a, const Val &b) {
  return convertProduct(c, node, {a, b});
}

static void convertMatMul(Converter &c, onnx::NodeOp node) {
  c.set(node, 0, product(c, node, c.operand(node, 0), c.operand(node, 1)));
}

static void convertFusedMatMul(Converter &c, onnx::NodeOp node) {
  Product p{c.operand(node, 0), c.operand(node, 1), float(floatAttr(node, "alpha", 1.0))};
  if (intAttr(node, "transBatchA", 0) || intAttr(node, "transBatchB", 0))
    return c.set(node, 0, c.defer(node, "transBatchA and transBatchB are not supported"));
  if (isMatrix(p.a) && intAttr(node, "transA", 0))
    p.a = swapLast(c, p.a);
  if (isMatrix(p.b) && intAttr(node, "transB", 0))
    p.b = swapLast(c, p.b);
  c.set(node, 0, convertProduct(c, node, std::move(p)));
}

Val conversion::gemm(Converter &c, onnx::NodeOp node) {
  Product p{c.operand(node, 0), c.operand(node, 1), float(floatAttr(node, "alpha", 1.0))};
  if (!isMatrix(p.a) || !isMatrix(p.b) || p.a.rank() != 2 || p.b.rank() != 2)
    return c.defer(node, "expected float matrices");
  if (intAttr(node, "transA", 0))
    p.a = swapLast(c, p.a);
  if (intAttr(node, "transB", 0))
    p.b = swapLast(c, p.b);
  Val out = convertProduct(c, node, std::move(p));
  const Val &bias = c.operand(node, 2);
  bool isAdded = !bias.is(Val::Kind::Absent) && floatAttr(node, "beta", 1.0) != 0.0;
  nn::LinearOp linear = bareLinear(out);
  if (!isAdded) {
    if (linear && !out.isGradient)
      if (Value dropped = c.droppedParameter(node, "linear", 2, {out.shape.back()}))
        return withBias(c, node, out, linear, dropped);
    return out;
  }
  if (floatAttr(node, "beta", 1.0) != 1.0 || !linear || !c.isParameter(bias, 1) || bias.shape[0] != out.shape.back())
    return c.defer(node, "expected alpha and beta of 1 and a bias vector that is a parameter");
  return withBias(c, node, out, linear, c.parameter(bias, node, "linear", 2, "bias"));
}

static void convertGemm(Converter &c, onnx::NodeOp node) { c.set(node, 0, gemm(c, node)); }

void conversion::addLinearNodes(Handlers &handlers) {
  handlers.nodes["MatMul"] = convertMatMul;
  handlers.nodes["Gemm"] = convertGemm;
  handlers.nodes["com.microsoft::FusedMatMul"] = convertFusedMatMul;
  handlers.recognizers["Add"].push_back(recognizeBias);
}

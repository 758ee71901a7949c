// nn-quantize: nn ops to intq ops, by a recipe.
#include "Moments.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Quantize/IntegerGradients.h"
#include "intq/Quantize/Passes.h"
#include "intq/Quantize/Recipes.h"

namespace intq {
#define GEN_PASS_DEF_NNQUANTIZEPASS
#include "intq/Quantize/Passes.h.inc"
} // namespace intq

using namespace mlir;
using namespace intq;

static RankedTensorType tensorType(Value v) { return cast<RankedTensorType>(v.getType()); }

namespace {
/// Rewrites one function, in order: forward layers first, so that a gradient op finds the codes
/// that the forward of its layer made.
class FunctionQuantizer {
public:
  FunctionQuantizer(func::FuncOp func, RecipeAttr recipe)
      : func(func), recipe(recipe), b(func.getContext()) {}

  LogicalResult run();
  unsigned count = 0;

private:
  LogicalResult rewrite(Operation *op);
  void linear(nn::LinearOp op);
  LogicalResult linearInputGrad(nn::LinearInputGradOp op);
  LogicalResult linearWeightGrad(nn::LinearWeightGradOp op);
  void biasGrad(nn::BiasGradOp op);
  void gatherRows(nn::GatherRowsOp op);
  void rowNorm(nn::RowNormOp op);
  LogicalResult matmul(nn::MatmulOp op);
  void forwardMatmul(nn::MatmulOp op);
  LogicalResult backwardMatmul(nn::MatmulOp op, bool gradientIsLhs);
  void softmaxGrad(nn::SoftmaxGradOp op);
  void layerNorm(nn::LayerNormOp op);
  LogicalResult layerNormGrad(nn::LayerNormGradOp op);
  void embedding(nn::EmbeddingOp op);
  void embeddingGrad(nn::EmbeddingGradOp op);

  IntegerGradients gradients(Operation *op) {
    b.setInsertionPoint(op);
    return IntegerGradients(b, op->getLoc(), recipe, rng());
  }
  Value rng() { return key ? key : key = program::getOrAddRng(func); }
  bool has(StringRef key) { return bool(recipe.lookup(key)); }
  /// All leading dimensions as one: [..., n] → [M, n].
  Value flatten(Value x);
  /// Leading dimensions of a product as one batch: [..., r, c] → [b, r, c].
  Value flattenBatch(Value x);
  void replace(Operation *op, ValueRange values);
  /// Codes of x, whose flattened form is `flat`. One op a use: CSE merges them, but autodiff meets the uses one
  /// by one, in the order in which it would meet those of the float layers.
  Value codesOf(Value x, Value flat, StringRef key, int64_t along, StringRef site);
  Value codesForMatmul(Value x, int64_t along, Value keep, StringRef site);

  func::FuncOp func;
  RecipeAttr recipe;
  OpBuilder b;
  Value key;
  /// Values that depend on the seed of the loss: cotangents.
  DenseSet<Value> isGradient;
  /// Codes by the float value that they encode, as the forward made them last. The backward folds whatever
  /// of their scales varies along its contraction.
  DenseMap<Value, Value> activationCodes;
  /// Codes of an output gradient of a linear layer, as its input gradient reads them.
  DenseMap<Value, Value> gradientCodes;
  DenseMap<Value, Value> embeddingGradCodes;
  /// The site of a value's quantization: that of the first layer that reads it, so that the codes which several
  /// layers make of one value are equal ops.
  DenseMap<std::pair<Value, int64_t>, StringAttr> sites;
  /// Codes and rstd of a layer norm, by its input and site.
  DenseMap<std::pair<Value, Attribute>, std::pair<Value, Value>> layerNorms;
};
} // namespace

/// Not folded: a reshape that looks through another would let autodiff meet the uses of a value in another order.
static Value reshape(OpBuilder &b, Value x, RankedTensorType type) {
  return x.getType() == type ? x : nn::ReshapeOp::create(b, x.getLoc(), type, x).getResult();
}

Value FunctionQuantizer::flatten(Value x) {
  RankedTensorType type = tensorType(x);
  int64_t n = type.getShape().back();
  return reshape(b, x, type.clone({type.getNumElements() / n, n}));
}

Value FunctionQuantizer::flattenBatch(Value x) {
  RankedTensorType type = tensorType(x);
  auto last = type.getShape().take_back(2);
  int64_t batch = type.getNumElements() / (last[0] * last[1]);
  return reshape(b, x, type.clone({batch, last[0], last[1]}));
}

Value FunctionQuantizer::codesOf(Value x, Value flat, StringRef key, int64_t along, StringRef site) {
  auto [it, isNew] = sites.try_emplace({x, along}, b.getStringAttr(site));
  IntegerGradients build(b, x.getLoc(), recipe, this->key);
  Value codes = build.quantizeForward(flat, key, along, it->second);
  activationCodes[x] = codes;
  return codes;
}

void FunctionQuantizer::replace(Operation *op, ValueRange values) {
  ++count;
  for (auto [result, value] : llvm::zip(op->getResults(), values)) {
    if (!value)
      continue;
    Value shaped = reshape(b, value, cast<RankedTensorType>(result.getType()));
    if (isGradient.contains(result))
      isGradient.insert(shaped);
    result.replaceAllUsesWith(shaped);
  }
  op->erase();
}

void FunctionQuantizer::linear(nn::LinearOp op) {
  b.setInsertionPoint(op);
  Value x = flatten(op.getX());
  Value xq = codesOf(op.getX(), x, "linear_activation", 1, (op.getSite() + "/input").str());
  Value wq = codesOf(op.getWeight(), op.getWeight(), "linear_weight", 1, op.getSite());
  auto type = RankedTensorType::get(
      {tensorType(x).getDimSize(0), tensorType(op.getWeight()).getDimSize(0)}, b.getF32Type());
  Value y = MatmulOp::create(b, op.getLoc(), type, xq, wq, op.getBias(), false, true, op.getSiteAttr());
  replace(op, y);
}

LogicalResult FunctionQuantizer::linearInputGrad(nn::LinearInputGradOp op) {
  Value codes = activationCodes.lookup(op.getWeight());
  if (!codes)
    return op.emitOpError("expected the forward of its layer before it, but its weight has no codes");
  IntegerGradients build = gradients(op);
  Value dx = build.linearInput(flatten(op.getDy()), codes, op.getSite());
  gradientCodes[op.getDy()] = dx.getDefiningOp<MatmulOp>().getA();
  replace(op, dx);
  return success();
}

LogicalResult FunctionQuantizer::linearWeightGrad(nn::LinearWeightGradOp op) {
  Value codes = activationCodes.lookup(op.getX());
  if (!codes)
    return op.emitOpError("expected the forward of its layer before it, but its input has no codes");
  IntegerGradients build = gradients(op);
  Value dy = op.getDy();
  IntegerGradients::SampledRows sampled;
  if (auto gather = dy.getDefiningOp<nn::GatherRowsOp>(); gather && gather.getScales()) {
    // The factors enter the codes with the scales of the input, and the draws are those of the rows' origin.
    sampled = {gather.getRows(), gather.getScales()};
    dy = nn::GatherRowsOp::create(b, gather.getLoc(), gather.getType(), gather.getX(), gather.getRows(), Value());
  }
  Value dw = build.linearWeight(flatten(dy), codes, op.getSite(), sampled);
  replace(op, dw);
  return success();
}

/// Whether a row of codes has one scale: it can be moved, and its squares are one integer sum.
static bool hasRowScales(QType q) {
  SmallVector<int64_t> scales = q.getScaleShape();
  return scales[1] == 1 && (scales[0] == 1 || scales[0] == q.getShape()[0]);
}

/// Rows of a layer's input are rows of its codes; where they share scales with others, the rows are quantized again.
void FunctionQuantizer::gatherRows(nn::GatherRowsOp op) {
  Value codes = activationCodes.lookup(op.getX());
  if (!codes || op.getScales())
    return;
  b.setInsertionPoint(op);
  QType q = cast<QType>(codes.getType());
  if (!hasRowScales(q)) {
    b.setInsertionPointAfter(op);
    StringRef site = codes.getDefiningOp<QuantizeOp>().getSite();
    activationCodes[op.getResult()] =
        IntegerGradients(b, op.getLoc(), recipe, key).quantizeForward(op.getResult(), "linear_activation", 1, site);
    return;
  }
  auto type = QType::get(op.getContext(), op.getType().getShape(), q.getWidth(), q.getBlock(), q.getScale());
  activationCodes[op.getResult()] = GatherRowsOp::create(b, op.getLoc(), type, codes, op.getRows());
  ++count; // the float rows go when the gradient that reads them is gone
}

void FunctionQuantizer::rowNorm(nn::RowNormOp op) {
  Value codes = isGradient.contains(op.getX()) ? gradientCodes.lookup(op.getX()) : activationCodes.lookup(op.getX());
  if (!codes || !hasRowScales(cast<QType>(codes.getType())))
    return;
  b.setInsertionPoint(op);
  replace(op, RowNormOp::create(b, op.getLoc(), op.getType(), codes).getResult());
}

void FunctionQuantizer::biasGrad(nn::BiasGradOp op) {
  IntegerGradients build = gradients(op);
  Value db = build.linearBias(flatten(op.getDy()), op.getSite());
  replace(op, db);
}

/// The mask under which `p` was computed, if it is a (dropped-out) masked softmax.
static Value maskOf(Value p) {
  if (auto dropout = p.getDefiningOp<nn::DropoutOp>())
    p = dropout.getX();
  auto softmax = p.getDefiningOp<nn::SoftmaxOp>();
  return softmax ? softmax.getKeep() : Value();
}

Value FunctionQuantizer::codesForMatmul(Value x, int64_t along, Value keep, StringRef site) {
  // Probabilities are quantized before their dropout, which then acts on codes.
  if (auto dropout = x.getDefiningOp<nn::DropoutOp>()) {
    Value inner = codesForMatmul(dropout.getX(), along, Value(), site);
    return activationCodes[x] = DropoutOp::create(b, dropout.getLoc(), inner.getType(), inner, dropout.getRng(),
                                                  dropout.getRatioAttr(), dropout.getStreamAttr());
  }
  Value masked = x;
  if (keep) // padding must not enter the scale of V's columns
    masked = nn::MaskRowsOp::create(b, x.getLoc(), x.getType(), x, keep);
  return codesOf(x, flattenBatch(masked), "matmul_activation", along, site);
}

void FunctionQuantizer::forwardMatmul(nn::MatmulOp op) {
  b.setInsertionPoint(op);
  RankedTensorType type = tensorType(op.getResult());
  Value keep = op.getTransposeA() || op.getTransposeB() ? Value() : maskOf(op.getA());
  Value a = codesForMatmul(op.getA(), op.getTransposeA() ? 1 : 2, Value(), (op.getSite() + "/a").str());
  Value bq = codesForMatmul(op.getB(), op.getTransposeB() ? 2 : 1, keep, (op.getSite() + "/b").str());
  auto last = type.getShape().take_back(2);
  auto flatType = type.clone({cast<QType>(a.getType()).getShape()[0], last[0], last[1]});
  replace(op, MatmulOp::create(b, op.getLoc(), flatType, a, bq, Value(), op.getTransposeA(),
                               op.getTransposeB(), op.getSiteAttr())
                  .getResult());
}

LogicalResult FunctionQuantizer::backwardMatmul(nn::MatmulOp op, bool gradientIsLhs) {
  Value gradient = gradientIsLhs ? op.getA() : op.getB();
  Value activation = gradientIsLhs ? op.getB() : op.getA();
  Value codes = activationCodes.lookup(activation);
  if (!codes)
    return op.emitOpError("expected an operand of a forward product beside the gradient, but that "
                          "operand has no codes");
  IntegerGradients build = gradients(op);
  RankedTensorType type = tensorType(op.getResult());
  auto last = type.getShape().take_back(2);
  auto flatType = type.clone({cast<QType>(codes.getType()).getShape()[0], last[0], last[1]});
  replace(op, build.product(flattenBatch(gradient), codes, gradientIsLhs, op.getTransposeA(),
                            op.getTransposeB(), flatType, op.getSite()));
  return success();
}

LogicalResult FunctionQuantizer::matmul(nn::MatmulOp op) {
  bool a = isGradient.contains(op.getA()), c = isGradient.contains(op.getB());
  if (tensorType(op.getResult()).getRank() < 3)
    return op.emitOpError("expected a batched product, but got rank 2, which no recipe has a format for");
  if (a && c)
    return op.emitOpError("expected at most one gradient operand, but got two");
  if (a || c)
    return backwardMatmul(op, a);
  forwardMatmul(op);
  return success();
}

void FunctionQuantizer::softmaxGrad(nn::SoftmaxGradOp op) {
  Value codes = activationCodes.lookup(op.getY());
  if (!codes)
    return;
  b.setInsertionPoint(op);
  auto type = cast<QType>(codes.getType()).getFloatType();
  Value values = DequantizeOp::create(b, op.getLoc(), type, codes);
  op.getYMutable().assign(reshape(b, values, tensorType(op.getY())));
  ++count;
}

void FunctionQuantizer::layerNorm(nn::LayerNormOp op) {
  b.setInsertionPoint(op);
  Value x = flatten(op.getX());
  Value xq = IntegerGradients(b, op.getLoc(), recipe, key).quantizeForward(x, "layer_norm_activation", 1, (op.getSite() + "/input").str());
  auto rstd = RankedTensorType::get({tensorType(x).getDimSize(0), 1}, b.getF32Type());
  auto norm = LayerNormOp::create(b, op.getLoc(), x.getType(), rstd, xq, op.getWeight(), op.getBias(),
                                  op.getEpsilonAttr(), op.getSiteAttr());
  layerNorms[{op.getX(), op.getSiteAttr()}] = {xq, norm.getRstd()};
  Value y = reshape(b, norm.getY(), tensorType(op.getY()));
  op.getY().replaceAllUsesWith(y);
  ++count; // the op itself goes when its gradient, which reads mean and rstd, is gone
}

LogicalResult FunctionQuantizer::layerNormGrad(nn::LayerNormGradOp op) {
  auto [xq, rstd] = layerNorms.lookup({op.getX(), op.getSiteAttr()});
  if (!xq)
    return op.emitOpError("expected its layer norm before it, but its input has no codes");
  IntegerGradients build = gradients(op);
  auto grads = build.layerNorm(flatten(op.getDy()), xq, rstd, op.getWeight(), op.getSite());
  replace(op, {grads.dx, grads.dweight, grads.dbias});
  return success();
}

void FunctionQuantizer::embedding(nn::EmbeddingOp op) {
  b.setInsertionPoint(op);
  Value table = IntegerGradients(b, op.getLoc(), recipe, key)
                    .quantizeForward(op.getTable(), "embedding_weight", 1, op.getSite());
  replace(op, EmbeddingOp::create(b, op.getLoc(), op.getType(), table, op.getIds(),
                                  op.getPaddingIdxAttr(), op.getSiteAttr())
                  .getResult());
}

void FunctionQuantizer::embeddingGrad(nn::EmbeddingGradOp op) {
  IntegerGradients build = gradients(op);
  Value &codes = embeddingGradCodes[op.getDy()];
  if (!codes)
    codes = build.embeddingCodes(op.getDy(), op.getSite());
  replace(op, EmbeddingGradOp::create(b, op.getLoc(), op.getType(), codes, op.getIds(),
                                      op.getPaddingIdxAttr())
                  .getResult());
}

LogicalResult FunctionQuantizer::rewrite(Operation *op) {
  bool linears = has("linear_weight"), norms = has("layer_norm_activation");
  bool tables = has("embedding_weight"), products = has("matmul_activation");
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](nn::LinearOp o) { return linears ? (linear(o), success()) : success(); })
      .Case([&](nn::LinearInputGradOp o) { return linears ? linearInputGrad(o) : success(); })
      .Case([&](nn::LinearWeightGradOp o) { return linears ? linearWeightGrad(o) : success(); })
      .Case([&](nn::GatherRowsOp o) { return linears ? (gatherRows(o), success()) : success(); })
      .Case([&](nn::RowNormOp o) { return linears ? (rowNorm(o), success()) : success(); })
      .Case([&](nn::BiasGradOp o) { return linears ? (biasGrad(o), success()) : success(); })
      .Case([&](nn::MatmulOp o) { return products ? matmul(o) : success(); })
      .Case([&](nn::SoftmaxGradOp o) { return softmaxGrad(o), success(); })
      .Case([&](nn::LayerNormOp o) { return norms ? (layerNorm(o), success()) : success(); })
      .Case([&](nn::LayerNormGradOp o) { return norms ? layerNormGrad(o) : success(); })
      .Case([&](nn::EmbeddingOp o) { return tables ? (embedding(o), success()) : success(); })
      .Case([&](nn::EmbeddingGradOp o) { return tables ? (embeddingGrad(o), success()) : success(); })
      .Default(success());
}

LogicalResult FunctionQuantizer::run() {
  isGradient = program::cotangents(func);
  SmallVector<Operation *> ops = llvm::map_to_vector(func.front(), [](Operation &op) { return &op; });
  for (Operation *op : ops)
    if (failed(rewrite(op)))
      return failure();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(func.front())))
    if (isOpTriviallyDead(&op))
      op.erase();
  return success();
}

/// `recipe` with moments in its format (`i8`) or without one (`f32`); as it is where nothing is said.
static FailureOr<RecipeAttr> withMoments(RecipeAttr recipe, StringRef moments, Location loc) {
  if (moments.empty())
    return recipe;
  if (moments != "f32" && moments != "i8")
    return emitError(loc) << "expected moments f32 or i8, but got '" << moments << "'";
  NamedAttrList formats(recipe.getFormats());
  formats.erase("moments");
  if (moments == "i8")
    formats.set("moments", FormatAttr::getForMoments(recipe.getContext()));
  return RecipeAttr::get(recipe.getContext(), recipe.getName(), formats.getDictionary(recipe.getContext()));
}

namespace {
struct NNQuantize : intq::impl::NNQuantizePassBase<NNQuantize> {
  using NNQuantizePassBase::NNQuantizePassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<RecipeAttr> attr = lookupRecipe(module.getLoc(), recipe);
    if (succeeded(attr))
      attr = withMoments(*attr, moments, module.getLoc());
    if (failed(attr))
      return signalPassFailure();
    module->setAttr(program::kRecipe, *attr);
    if (attr->getFormats().empty())
      return;
    for (auto func : module.getOps<func::FuncOp>()) {
      FunctionQuantizer quantizer(func, *attr);
      if (failed(quantizer.run()))
        return signalPassFailure();
      quantized += quantizer.count;
    }
    if (attr->lookup("moments"))
      quantized += quantizeMoments(module);
  }
};
} // namespace

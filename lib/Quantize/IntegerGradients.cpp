// Builders of the integer backward (Spec, sections Linear, Attention, Layer norm, Embedding).
#include "intq/Quantize/IntegerGradients.h"

using namespace mlir;
using namespace intq;

static RankedTensorType tensorType(Value v) { return cast<RankedTensorType>(v.getType()); }

QType intq::quantizedType(FormatAttr format, ArrayRef<int64_t> shape, int64_t along) {
  int64_t outside = format.getBlock()[0];
  SmallVector<int64_t> block(shape.size(), outside == QType::kWhole ? outside : 1);
  for (int64_t dim = std::max<int64_t>(0, shape.size() - 2); dim < static_cast<int64_t>(shape.size()); ++dim)
    block[dim] = format.getBlock()[dim == along];
  return QType::get(format.getContext(), shape, format.getWidth(), block, format.getScale());
}

Value IntegerGradients::quantizeForward(Value x, StringRef key, int64_t along, StringRef site) {
  QType type = quantizedType(recipe.lookup(key), tensorType(x).getShape(), along);
  return QuantizeOp::create(b, loc, type, x, Value(), Value(), Value(), Rounding::Nearest, StringAttr(),
                            b.getStringAttr(site));
}

Value IntegerGradients::quantize(Value g, Value fold, FormatAttr format, int64_t along,
                                 const Twine &stream, Value rows) {
  QType type = quantizedType(format, tensorType(g).getShape(), along);
  auto name = b.getStringAttr(stream);
  return QuantizeOp::create(b, loc, type, g, fold, rng, rows, Rounding::Stochastic, name, name);
}

/// Whether the blocks of `type` along dimension `along` are those that a partner in `format` has there.
static bool hasBlocksOf(FormatAttr format, QType type, int64_t along) {
  int64_t size = type.getShape()[along], block = format.getBlock()[1];
  return std::min(type.getBlockSize(along), size) == (block == QType::kWhole ? size : std::min(block, size));
}

std::pair<Value, Value> IntegerGradients::alongContraction(Value codes, StringRef key, int64_t along,
                                                           FormatAttr gradient, StringRef site) {
  auto type = cast<QType>(codes.getType());
  if (type.getScaleShape()[along] == 1 || hasBlocksOf(gradient, type, along))
    return {codes, Value()};
  bool folds = llvm::all_of(type.getBlock(), [](int64_t entry) { return entry == 1 || entry == QType::kWhole; });
  if (!folds) {
    auto quantize = codes.getDefiningOp<QuantizeOp>();
    Value values = DequantizeOp::create(b, loc, type.getFloatType(), codes);
    return {quantizeForward(values, key, along, quantize ? quantize.getSite() : site), Value()};
  }
  auto scales = RankedTensorType::get(type.getScaleShape(), b.getF32Type());
  auto split = UnscaleOp::create(b, loc, type.withScale(ScaleKind::Unit), scales, codes);
  return {split.getCodes(), split.getScales()};
}

/// Whether a tensor and its transpose have the same codes in `format`, block by block.
static bool isTile(FormatAttr format) {
  return format.getBlock()[0] == format.getBlock()[1] && format.getBlock()[0] != QType::kWhole;
}

std::string IntegerGradients::gradientStream(StringRef site, StringRef use) {
  FormatAttr dx = recipe.lookup("linear_input_grad"), dw = recipe.lookup("linear_weight_grad");
  return (site + "/" + (isTile(dx) && dx == dw ? "output_grad" : use)).str();
}

Value IntegerGradients::linearInput(Value g, Value weight, StringRef site) {
  FormatAttr format = recipe.lookup("linear_input_grad");
  auto [codes, scales] = alongContraction(weight, "linear_weight", 0, format, site);
  if (scales) // [N, 1] → [1, N]: a factor a column of g
    scales = b.createOrFold<nn::ReshapeOp>(
        loc, RankedTensorType::get({1, tensorType(scales).getDimSize(0)}, b.getF32Type()), scales);
  Value gq = quantize(g, scales, format, 1, gradientStream(site, "input_grad"));
  int64_t k = cast<QType>(weight.getType()).getShape()[1];
  auto result = RankedTensorType::get({tensorType(g).getDimSize(0), k}, b.getF32Type());
  return MatmulOp::create(b, loc, result, gq, codes, Value(), false, false,
                          b.getStringAttr(site + "/input_grad"));
}

Value IntegerGradients::linearWeight(Value g, Value input, StringRef site, SampledRows sampled) {
  FormatAttr format = recipe.lookup("linear_weight_grad");
  // Scales [M, 1]: a factor a row of g.
  auto [codes, scales] = alongContraction(input, "linear_activation", 0, format, site);
  if (sampled.scales) {
    auto column = RankedTensorType::get({tensorType(sampled.scales).getDimSize(0), 1}, b.getF32Type());
    Value factors = b.createOrFold<nn::ReshapeOp>(loc, column, sampled.scales);
    scales = scales ? nn::MulOp::create(b, loc, column, scales, factors).getResult() : factors;
  }
  Value hq = quantize(g, scales, format, 0, gradientStream(site, "weight_grad"), sampled.rows);
  int64_t k = cast<QType>(input.getType()).getShape()[1];
  auto result = RankedTensorType::get({tensorType(g).getDimSize(1), k}, b.getF32Type());
  return MatmulOp::create(b, loc, result, hq, codes, Value(), true, false,
                          b.getStringAttr(site + "/weight_grad"));
}

Value IntegerGradients::linearBias(Value g, StringRef site) {
  auto result = RankedTensorType::get({tensorType(g).getDimSize(1)}, b.getF32Type());
  FormatAttr format = recipe.lookup("linear_input_grad");
  if (format.getBlock()[0] != QType::kWhole || format.getBlock()[1] != QType::kWhole)
    return nn::BiasGradOp::create(b, loc, result, g, b.getStringAttr(site));
  Value gq = quantize(g, Value(), format, 1, site + "/input_grad");
  return BiasGradOp::create(b, loc, result, gq);
}

Value IntegerGradients::product(Value gradient, Value codes, bool gradientIsLhs, bool transposeA,
                                bool transposeB, RankedTensorType result, StringRef site) {
  int64_t rank = tensorType(gradient).getRank();
  int64_t alongA = transposeA ? rank - 2 : rank - 1, alongB = transposeB ? rank - 1 : rank - 2;
  int64_t along = gradientIsLhs ? alongA : alongB;
  FormatAttr format = recipe.lookup("matmul_gradient");
  auto [unscaled, scales] =
      alongContraction(codes, "matmul_activation", gradientIsLhs ? alongB : alongA, format, site);
  if (scales) { // one factor an index of the contraction, laid along that of the gradient
    SmallVector<int64_t> shape(tensorType(gradient).getShape());
    shape[gradientIsLhs ? (transposeA ? rank - 1 : rank - 2) : (transposeB ? rank - 2 : rank - 1)] = 1;
    scales = b.createOrFold<nn::ReshapeOp>(loc, RankedTensorType::get(shape, b.getF32Type()), scales);
  }
  Value gq = quantize(gradient, scales, format, along, site);
  Value lhs = gradientIsLhs ? gq : unscaled, rhs = gradientIsLhs ? unscaled : gq;
  return MatmulOp::create(b, loc, result, lhs, rhs, Value(), transposeA, transposeB,
                          b.getStringAttr(site));
}

IntegerGradients::LayerNormGradients IntegerGradients::layerNorm(Value g, Value input, Value rstd,
                                                                 Value weight, StringRef site) {
  int64_t n = tensorType(g).getDimSize(1);
  auto vector = RankedTensorType::get({n}, b.getF32Type());
  Value row = b.createOrFold<nn::ReshapeOp>(loc, RankedTensorType::get({1, n}, b.getF32Type()), weight);
  Value a = quantize(g, row, recipe.lookup("layer_norm_input_grad"), 1, site + "/input_grad");
  Value h = quantize(g, rstd, recipe.lookup("layer_norm_weight_grad"), 0, site + "/weight_grad");
  return {LayerNormInputGradOp::create(b, loc, g.getType(), a, input, rstd),
          LayerNormWeightGradOp::create(b, loc, vector, h, input),
          nn::BiasGradOp::create(b, loc, vector, g, b.getStringAttr(site))};
}

Value IntegerGradients::embeddingCodes(Value g, StringRef site) {
  return quantize(g, Value(), recipe.lookup("embedding_gradient"), tensorType(g).getRank() - 1,
                  site + "/grad");
}

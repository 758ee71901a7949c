// The integer backward of linear, layer-norm and embedding layers and of attention products,
// as builders. Quantize uses them on gradient ops of nn, the derivative rules of intq ops
// use them too: so both orders of differentiation and quantization give the same program.
#pragma once
#include "intq/Dialect/Intq/Intq.h"

namespace intq {

/// Builds integer gradients at one insertion point.
class IntegerGradients {
public:
  IntegerGradients(mlir::OpBuilder &builder, mlir::Location loc, RecipeAttr recipe, mlir::Value rng)
      : b(builder), loc(loc), recipe(recipe), rng(rng) {}

  /// Codes of x, to nearest, in the format under `key`; `along` is the contracted dimension.
  mlir::Value quantizeForward(mlir::Value x, llvm::StringRef key, int64_t along, llvm::StringRef site);

  /// dx [M, K] from g [M, N] and the weight's codes [N, K].
  mlir::Value linearInput(mlir::Value g, mlir::Value weight, llvm::StringRef site);
  /// Which rows g and the input's codes were gathered from, and their factors, if they were (nn.select_rows).
  struct SampledRows {
    mlir::Value rows, scales;
  };
  /// dW [N, K] from g [M, N] and the input's codes [M, K].
  mlir::Value linearWeight(mlir::Value g, mlir::Value input, llvm::StringRef site,
                           SampledRows sampled = {});
  /// db [N] from g [M, N]: codes of the input gradient where one scale serves, else a float sum.
  mlir::Value linearBias(mlir::Value g, llvm::StringRef site);

  /// A product of a gradient with the codes of an activation, batched: one operand is `gradient` (f32), the
  /// other `codes`; `gradientIsLhs` says which. `site` names the product and its stream.
  mlir::Value product(mlir::Value gradient, mlir::Value codes, bool gradientIsLhs, bool transposeA,
                      bool transposeB, mlir::RankedTensorType result, llvm::StringRef site);

  struct LayerNormGradients {
    mlir::Value dx, dweight, dbias;
  };
  /// From g [M, n], the codes of the input and rstd [M, 1].
  LayerNormGradients layerNorm(mlir::Value g, mlir::Value input, mlir::Value rstd, mlir::Value weight,
                               llvm::StringRef site);
  /// Codes of an embedding's output gradient [..., H]; one for all tables that share it.
  mlir::Value embeddingCodes(mlir::Value g, llvm::StringRef site);

private:
  mlir::Value quantize(mlir::Value g, mlir::Value fold, FormatAttr format, int64_t along,
                       const llvm::Twine &stream, mlir::Value rows = {});
  /// The codes of a forward operand, whose format is under `key`, in a product that contracts dimension `along`
  /// with a gradient in the format `gradient`. As they are where their blocks fit; else without their scales, which
  /// are returned too, where these are one an index; else quantized again from their values.
  std::pair<mlir::Value, mlir::Value> alongContraction(mlir::Value codes, llvm::StringRef key, int64_t along,
                                                       FormatAttr gradient, llvm::StringRef site);
  /// The stream of an output gradient's quantization: one for both uses where the same codes serve them.
  std::string gradientStream(llvm::StringRef site, llvm::StringRef use);

  mlir::OpBuilder &b;
  mlir::Location loc;
  RecipeAttr recipe;
  mlir::Value rng;
};

/// The type of codes of `shape` in `format`, where `along` is the contracted dimension. Leading
/// dimensions of a batch (all but the last two) get blocks of 1, or * where the format is per tensor.
QType quantizedType(FormatAttr format, llvm::ArrayRef<int64_t> shape, int64_t along);

} // namespace intq

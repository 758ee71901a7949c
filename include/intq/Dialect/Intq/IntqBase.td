// The intq dialect: definition, the block-quantized type, formats and recipes.
#ifndef INTQ_BASE
#define INTQ_BASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "intq/Dialect/NN/NNBase.td"

def Intq_Dialect : Dialect {
  let name = "intq";
  let cppNamespace = "::intq";
  let summary = "block-quantized tensors and integer computation";
  let description = [{
    One type, `!intq.q`, whose values are integer codes with scales computed at run time,
    and the integer forward and backward forms of linear, layer-norm and embedding layers
    and attention products. No op of this dialect hides a float multiply-accumulate: sums
    of products are sums of integers, converted once a scale block (docs/Spec.md).
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::intq::nn::NNDialect"];
  let extraClassDeclaration = [{ void registerTypesAndAttributes(); }];
}

def Intq_ScaleKind : I32Enum<"ScaleKind", "kind of scale", [
    I32EnumCase<"F32", 0, "f32">, I32EnumCase<"Pow2", 1, "pow2">, I32EnumCase<"Unit", 2, "unit">]> {
  let cppNamespace = "::intq";
}
def Intq_Rounding : I32EnumAttr<"Rounding", "rounding of an encoder", [
    I32EnumAttrCase<"Nearest", 0, "nearest">, I32EnumAttrCase<"Stochastic", 1, "stochastic">]> {
  let cppNamespace = "::intq";
  let genSpecializedAttr = 0;
}
def Intq_RoundingAttr : EnumAttr<Intq_Dialect, Intq_Rounding, "rounding">;

def Intq_Q : TypeDef<Intq_Dialect, "Q"> {
  let mnemonic = "q";
  let summary = "block-quantized tensor";
  let description = [{
    `!intq.q<1024x768, i8, [1, *], f32>`: logical shape; code width (2–16 bits, symmetric:
    |code| ≤ 2^(b−1) − 1); block shape, one entry a dimension, `*` = the whole dimension;
    kind of scale. Element x[i] has the value mul(code[i], scale[block of i]).

    One value stands for two buffers: codes (i8 up to 8 bits, else i16, in the logical
    shape) and scales (f32, `scaleShape`; a `pow2` scale is the power of two itself; `unit`
    has none: every scale is 1).
    (C1) static shape, rank ≥ 1. (C2) 2 ≤ width ≤ 16. (C3) one block entry a dimension,
    each `*` or ≥ 1.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "unsigned":$width,
                        ArrayRefParameter<"int64_t">:$block, EnumParameter<Intq_ScaleKind>:$scale);
  let assemblyFormat = [{ `<` custom<Shape>($shape) `,` custom<CodeWidth>($width) `,`
                          `[` custom<Block>($block) `]` `,` $scale `>` }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    static constexpr int64_t kWhole = -1;
    int64_t getRank() const { return getShape().size(); }
    /// Block size along dimension `dim`, with `*` resolved.
    int64_t getBlockSize(int64_t dim) const;
    /// Number of scales along each dimension: ceil(shape / block).
    ::llvm::SmallVector<int64_t> getScaleShape() const;
    /// Largest code, 2^(width−1) − 1.
    int64_t getMaxCode() const { return (int64_t(1) << (getWidth() - 1)) - 1; }
    /// i8 up to 8 bits, i16 above.
    ::mlir::IntegerType getStorageType() const;
    /// tensor of getStorageType() in the logical shape.
    ::mlir::RankedTensorType getCodesType() const;
    /// f32 tensor of getScaleShape(); meaningless for `unit`.
    ::mlir::RankedTensorType getScalesType() const;
    /// f32 tensor of the logical shape.
    ::mlir::RankedTensorType getFloatType() const;
    QType withScale(ScaleKind scale) const { return get(getContext(), getShape(), getWidth(), getBlock(), scale); }
  }];
}

def Intq_Format : AttrDef<Intq_Dialect, "Format"> {
  let mnemonic = "format";
  let summary = "an integer format, apart from a shape";
  let description = [{
    `#intq.format<i8, [1, *], f32>`: code width, block shape as [outside, along] the
    contraction (normalization, table row), kind of scale. `[1, *]` is a scale a row
    outside the contraction, `[1, 256]` blocks of 256 along it, `[*, *]` one a tensor.
  }];
  let parameters = (ins "unsigned":$width, ArrayRefParameter<"int64_t">:$block,
                        EnumParameter<Intq_ScaleKind>:$scale);
  let assemblyFormat = [{ `<` custom<CodeWidth>($width) `,` `[` custom<Block>($block) `]` `,` $scale `>` }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The one format of an optimizer's moments: that of the first; the second has a code of its own.
    static FormatAttr getForMoments(::mlir::MLIRContext *context);
  }];
}

def Intq_Recipe : AttrDef<Intq_Dialect, "Recipe"> {
  let mnemonic = "recipe";
  let summary = "what becomes which integer format";
  let description = [{
    `#intq.recipe<"row8", {linear_activation = #intq.format<…>, …}>`. Keys (each absent key
    leaves its layers in float): `linear_{activation,weight,input_grad,weight_grad}`,
    `matmul_{activation,gradient}` (attention's batched products),
    `layer_norm_{activation,input_grad,weight_grad}`, `embedding_{weight,gradient}`,
    `moments` (of the optimizer: intq.adamw).
    Forward roles round to nearest, gradients and moments stochastically.
    (C1) only these keys, each a #intq.format. (C2) a family is given whole or not at all.
    (C3) `moments` is #intq.format<i8, [1, 256], f32>.
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "::mlir::DictionaryAttr":$formats);
  let assemblyFormat = "`<` $name `,` $formats `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The format under `key`, or null where the recipe leaves it in float.
    FormatAttr lookup(::llvm::StringRef key) const;
  }];
}

def Intq_Codes : NN_Tensor<[I8]>;

class Intq_Op<string mnemonic, list<Trait> traits = []>
    : Op<Intq_Dialect, mnemonic, !listconcat([Pure], traits)>;
#endif

// The nn dialect: definition and the types that its ops accept.
#ifndef INTQ_NN_BASE
#define INTQ_NN_BASE

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

def NN_Dialect : Dialect {
  let name = "nn";
  let cppNamespace = "::intq::nn";
  let useDefaultAttributePrinterParser = 1;
  let summary = "the training graph of a BERT-family network in float";
  let description = [{
    Named operations on static, ranked tensors: what the forward, backward and
    optimizer parts of a BERT-family fine-tuning step consist of, in the words of
    the field. Values are IEEE binary32; indices, labels and masks are i32. The
    meaning of every op, bit for bit, is in docs/Spec.md.

    Random numbers are counter-based (Spec N5). An op that draws takes `%rng :
    tensor<4xi32>` = [seed_lo, seed_hi, step, microbatch] and a `stream` string,
    whose hash is the stream id.
  }];
}

// Every dimension is known and at least 1: no engine has to think about empty tensors.
class NN_Tensor<list<Type> elements> : ConfinedType<StaticShapeTensorOf<elements>,
    [CPred<"!::llvm::is_contained(::llvm::cast<::mlir::ShapedType>($_self).getShape(), 0)">],
    "non-empty " # StaticShapeTensorOf<elements>.summary>;
def NN_F32 : NN_Tensor<[F32]>;
def NN_I32 : NN_Tensor<[I32]>;
def NN_Any : NN_Tensor<[F32, I32]>;
def NN_ScalarF32 : Type<And<[NN_F32.predicate,
    CPred<"::llvm::cast<::mlir::ShapedType>($_self).getRank() == 0">]>,
    "0-D tensor of f32", "::mlir::RankedTensorType">;
def NN_ScalarF64 : Type<And<[StaticShapeTensorOf<[F64]>.predicate,
    CPred<"::llvm::cast<::mlir::ShapedType>($_self).getRank() == 0">]>,
    "0-D tensor of f64", "::mlir::RankedTensorType">;
def NN_Rng : Type<And<[NN_I32.predicate,
    CPred<"::llvm::cast<::mlir::ShapedType>($_self).getShape() == ::llvm::ArrayRef<int64_t>{4}">]>,
    "random-number key, tensor<4xi32>", "::mlir::RankedTensorType">;
def NN_Powers : Type<And<[StaticShapeTensorOf<[F64]>.predicate,
    CPred<"::llvm::cast<::mlir::ShapedType>($_self).getShape() == ::llvm::ArrayRef<int64_t>{2}">]>,
    "running products of the betas, tensor<2xf64>", "::mlir::RankedTensorType">;
def NN_Schedule : Type<And<[NN_F32.predicate,
    CPred<"::llvm::cast<::mlir::ShapedType>($_self).getShape() == ::llvm::ArrayRef<int64_t>{3}">]>,
    "AdamW constants of one step, tensor<3xf32>", "::mlir::RankedTensorType">;

class NN_Op<string mnemonic, list<Trait> traits = []>
    : Op<NN_Dialect, mnemonic, !listconcat([Pure], traits)>;

// `%x, %y {attrs} : (types) -> types`, the one form of all nn ops.
class NN_PlainOp<string mnemonic, list<Trait> traits = []> : NN_Op<mnemonic, traits> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif

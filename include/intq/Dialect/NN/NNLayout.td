// Ops of the nn dialect that move elements, and sums over whole dimensions.
#ifndef INTQ_NN_LAYOUT
#define INTQ_NN_LAYOUT
include "intq/Dialect/NN/NNBase.td"

def NN_ConstantOp : NN_Op<"constant", [ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a constant tensor of f32 or i32";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs NN_Any:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}
def NN_ReshapeOp : NN_PlainOp<"reshape"> {
  let summary = "same elements in row-major order, another shape";
  let description = "(C1) Equal element types. (C2) Equal element counts.";
  let arguments = (ins NN_Any:$x);
  let results = (outs NN_Any:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}
def NN_TransposeOp : NN_PlainOp<"transpose"> {
  let summary = "permute dimensions: result dim i is dim perm[i] of x";
  let description = "(C1) perm is a permutation. (C2) result.shape[i] = x.shape[perm[i]]; equal element types.";
  let arguments = (ins NN_Any:$x, DenseI64ArrayAttr:$perm);
  let results = (outs NN_Any:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}
def NN_SliceOp : NN_PlainOp<"slice"> {
  let summary = "the block of the result's shape that starts at `offsets`";
  let description = "(C1) Element type and rank of x. (C2) One offset a dimension, offset + size within x.";
  let arguments = (ins NN_Any:$x, DenseI64ArrayAttr:$offsets);
  let results = (outs NN_Any:$result);
  // The indices [low, high) of one dimension.
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "int64_t":$dimension, "int64_t":$low, "int64_t":$high)>];
  let hasVerifier = 1;
  let hasFolder = 1;
}
def NN_PadOp : NN_PlainOp<"pad"> {
  let summary = "x placed at `offsets` in zeros of the result's shape; the gradient of slice";
  let description = "(C1) Rank of x. (C2) One offset a dimension, offset + size of x within the result.";
  let arguments = (ins NN_F32:$x, DenseI64ArrayAttr:$offsets);
  let results = (outs NN_F32:$result);
  let hasVerifier = 1;
}
def NN_ConcatOp : NN_PlainOp<"concat"> {
  let summary = "concatenate along `axis`";
  let description = [{(C1) At least one operand. (C2) 0 ≤ axis < rank. (C3) Operands and result have one
    element type, and shapes equal but for `axis`. (C4) The sizes along `axis` add up.}];
  let arguments = (ins Variadic<NN_Any>:$inputs, I64Attr:$axis);
  let results = (outs NN_Any:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}
def NN_BroadcastOp : NN_PlainOp<"broadcast"> {
  let summary = "NumPy broadcast of x to the result's shape";
  let description = "(C1) Equal element types. (C2) x's shape broadcasts to the result's shape.";
  let arguments = (ins NN_Any:$x);
  let results = (outs NN_Any:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}
def NN_ReduceSumOp : NN_PlainOp<"reduce_sum"> {
  let summary = "sum over the leading or the trailing dimensions";
  let description = [{
    Sums over the `count` leading (`trailing = false`) or trailing dimensions, which
    disappear from the shape. Order of additions: Spec N3 (leading: flattened rows in
    chunks of 128; trailing: flattened row by sixteen lanes).
    (C1) 1 ≤ count ≤ rank. (C2) result shape = the remaining dimensions.
  }];
  let arguments = (ins NN_F32:$x, I64Attr:$count, UnitAttr:$trailing);
  let results = (outs NN_F32:$result);
  let hasVerifier = 1;
}
#endif

// Layer norm, softmax and the masking that goes with attention.
#ifndef INTQ_NN_NORMALIZATION
#define INTQ_NN_NORMALIZATION
include "intq/Dialect/NN/NNBase.td"

def NN_LayerNormOp : NN_PlainOp<"layer_norm"> {
  let summary = "layer normalization over the last dimension";
  let description = [{
    y = (x − mean)·rstd·weight + bias, rstd = 1/√(var + epsilon), biased variance;
    mean and rstd are [..., 1]. Order of operations: Spec, section Layer norm (float).
    `site` is the canonical name of `weight`.
    (C1) weight and bias are [n], n the last dimension of x. (C2) y as x; mean, rstd as x
    with last dimension 1. (C3) epsilon > 0.
  }];
  let arguments = (ins NN_F32:$x, NN_F32:$weight, NN_F32:$bias, F32Attr:$epsilon, StrAttr:$site);
  let results = (outs NN_F32:$y, NN_F32:$mean, NN_F32:$rstd);
  let hasVerifier = 1;
}
def NN_LayerNormGradOp : NN_PlainOp<"layer_norm_grad"> {
  let summary = "gradients of layer_norm with respect to x, weight and bias";
  let description = [{x, mean, rstd as in the forward op. (C1) dy and dx as x. (C2) weight,
    dweight and dbias are [n]. (C3) mean, rstd as x with last dimension 1. (C4) epsilon > 0.}];
  let arguments = (ins NN_F32:$dy, NN_F32:$x, NN_F32:$weight, NN_F32:$mean, NN_F32:$rstd,
                       F32Attr:$epsilon, StrAttr:$site);
  let results = (outs NN_F32:$dx, NN_F32:$dweight, NN_F32:$dbias);
  let hasVerifier = 1;
}
def NN_SoftmaxOp : NN_PlainOp<"softmax"> {
  let summary = "softmax over the last dimension, over the kept keys only";
  let description = [{
    x: [..., K]; with `keep` (i32 [B, K], 0 = masked) x is [B, h, Q, K] and masked keys give
    +0; a row without kept keys is all +0. Spec, section Softmax.
    (C1) result type = type of x, rank ≥ 1. (C2) keep needs rank-4 x and shape [B, K].
  }];
  let arguments = (ins NN_F32:$x, Optional<NN_I32>:$keep);
  let results = (outs NN_F32:$result);
  let assemblyFormat = "$x (`keep` $keep^)? attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}
def NN_SoftmaxGradOp : NN_PlainOp<"softmax_grad", [SameOperandsAndResultType]> {
  let summary = "dx = mul(y, sub(dy, d)), d = Σ mul(dy, y) over the last dimension; y = softmax's output";
  let description = "(C1) rank ≥ 1.";
  let arguments = (ins NN_F32:$dy, NN_F32:$y);
  let results = (outs NN_F32:$dx);
  let hasVerifier = 1;
}
def NN_MaskRowsOp : NN_PlainOp<"mask_rows"> {
  let summary = "rows of masked tokens set to +0";
  let description = [{
    x: [B, h, S, D], keep: i32 [B, S]; row (b, ·, s) becomes +0 where keep is 0. Put before
    the quantization of V, so that padding does not enter its scale. Linear in x.
    (C1) x has rank 4, keep is [B, S]. (C2) result type = type of x.
  }];
  let arguments = (ins NN_F32:$x, NN_I32:$keep);
  let results = (outs NN_F32:$result);
  let hasVerifier = 1;
}
#endif

// Linear layers, their three gradients, and batched matrix products.
#ifndef INTQ_NN_LINEAR
#define INTQ_NN_LINEAR
include "intq/Dialect/NN/NNBase.td"

def NN_LinearOp : NN_PlainOp<"linear"> {
  let summary = "y = x·Wᵀ + b, W[out, in] as in torch";
  let description = [{
    x: [..., K], weight: [N, K], bias: [N] if present; y: [..., N]. Spec N11; the bias is
    added after the product. `site` is the canonical name of the weight: random streams,
    reports and errors are named after it.
    (C1) weight is [N, K], K the last dimension of x. (C2) y's shape is x's with K replaced
    by N. (C3) bias is [N].
  }];
  let arguments = (ins NN_F32:$x, NN_F32:$weight, Optional<NN_F32>:$bias, StrAttr:$site);
  let results = (outs NN_F32:$y);
  let assemblyFormat = "$x `,` $weight (`bias` $bias^)? attr-dict `:` functional-type(operands, $y)";
  let hasVerifier = 1;
}
def NN_LinearInputGradOp : NN_PlainOp<"linear_input_grad"> {
  let summary = "dx = dy·W: [..., N] × [N, K] → [..., K]";
  let description = "(C1) weight is [N, K], N the last dimension of dy. (C2) dx's shape is dy's with N replaced by K.";
  let arguments = (ins NN_F32:$dy, NN_F32:$weight, StrAttr:$site);
  let results = (outs NN_F32:$dx);
  let hasVerifier = 1;
}
def NN_LinearWeightGradOp : NN_PlainOp<"linear_weight_grad"> {
  let summary = "dW = dyᵀ·x summed over all leading dimensions: [..., N], [..., K] → [N, K]";
  let description = "(C1) leading dimensions of dy and x equal. (C2) dw is [N, K].";
  let arguments = (ins NN_F32:$dy, NN_F32:$x, StrAttr:$site);
  let results = (outs NN_F32:$dw);
  let hasVerifier = 1;
}
def NN_BiasGradOp : NN_PlainOp<"bias_grad"> {
  let summary = "db[n] = sum of dy over all leading dimensions: [..., N] → [N] (Spec N3)";
  let description = [{`site` names the linear layer whose bias it is (its weight), so that a
    recipe with integer bias gradients finds the codes of the same dy. (C1) dy has rank ≥ 1. (C2) db is [N].}];
  let arguments = (ins NN_F32:$dy, StrAttr:$site);
  let results = (outs NN_F32:$db);
  let hasVerifier = 1;
}
def NN_Nf4DequantizeOp : NN_PlainOp<"nf4_dequantize"> {
  let summary = "the weights that NF4 codes with double quantization stand for (Spec, section NF4)";
  let description = [{
    `codes`: eight a word, in row-major order; `absmax`: codes of the absmax of each 64 elements, four a word;
    `scales`: of 256 absmaxes each; `offset`: added to all; `map`: what the absmax codes mean.
    (C1) the result has a multiple of 64 elements. (C2) codes is [elements / 8] of i32. (C3) absmax is
    [⌈elements / 256⌉] of i32. (C4) scales is [⌈elements / 16384⌉]. (C5) map is [256].
  }];
  let arguments = (ins NN_I32:$codes, NN_I32:$absmax, NN_F32:$scales, NN_ScalarF32:$offset, NN_F32:$map);
  let results = (outs NN_F32:$result);
  let hasVerifier = 1;
}
def NN_MatmulOp : NN_PlainOp<"matmul"> {
  let summary = "product of the last two dimensions, batched over equal leading ones";
  let description = [{
    a: [batch..., M, K] ([batch..., K, M] if transpose_a), b: [batch..., K, N]
    ([batch..., N, K] if transpose_b); result [batch..., M, N]. Spec N11.
    (C1) ranks equal and ≥ 2. (C2) leading dimensions equal. (C3) K matches.
    (C4) result shape is [batch..., M, N].
  }];
  let arguments = (ins NN_F32:$a, NN_F32:$b, UnitAttr:$transpose_a, UnitAttr:$transpose_b, StrAttr:$site);
  let results = (outs NN_F32:$result);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}
#endif

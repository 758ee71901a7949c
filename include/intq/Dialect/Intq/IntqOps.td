// All ops of the intq dialect.
#ifndef INTQ_OPS
#define INTQ_OPS
include "intq/Dialect/Intq/IntqBase.td"
include "intq/Dialect/NN/NNOptimizer.td"

def Intq_QuantizeOp : Intq_Op<"quantize", [AttrSizedOperandSegments]> {
  let summary = "float tensor to codes and scales";
  let description = [{
    Encodes x, or mul(x, fold) where `fold` broadcasts to x (NumPy rules): the scale of a
    block from its largest magnitude (Spec F2), codes by `rounding` (F3, F4). Stochastic
    rounding draws from `stream` with the row-major index of the element. A block with NaN or
    Inf raises the status bit of `site` and encodes as zeros with scale 1 (N9). Derivative:
    straight-through (identity on x).
    (C1) x has the type's logical shape. (C2) `rng` and `stream` exactly when stochastic.
    (C3) fold broadcasts to x. (C4) the result's scale kind is not `unit`. With `rows` the draws of
    row m are those of row rows[m] of the tensor that x was gathered from: (C5) then x is [M, N],
    rows [M], rounding stochastic.
  }];
  let arguments = (ins NN_F32:$x, Optional<NN_F32>:$fold, Optional<NN_Rng>:$rng, Optional<NN_I32>:$rows,
    DefaultValuedAttr<Intq_RoundingAttr, "Rounding::Nearest">:$rounding, OptionalAttr<StrAttr>:$stream,
    StrAttr:$site);
  let results = (outs Intq_Q:$result);
  let assemblyFormat = [{
    $x (`fold` $fold^)? (`rng` $rng^)? (`rows` $rows^)? attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}
def Intq_DequantizeOp : Intq_Op<"dequantize"> {
  let summary = "values of codes: mul(code, scale) (Spec F5)";
  let description = "(C1) the result is f32 of the logical shape.";
  let arguments = (ins Intq_Q:$q);
  let results = (outs NN_F32:$result);
  let assemblyFormat = "$q attr-dict `:` functional-type($q, $result)";
  let hasVerifier = 1;
}
def Intq_UnscaleOp : Intq_Op<"unscale"> {
  let summary = "split off the scales, so that they can be folded into a gradient";
  let description = [{
    The codes with scale kind `unit`, and the scales as an f32 tensor whose shape broadcasts to
    the logical shape: (C1) every block entry is 1 or `*`; (C2) scales have dimension 1 where
    the entry is `*`. (C3) codes: the type of q with scale kind `unit`, which q has not.
  }];
  let arguments = (ins Intq_Q:$q);
  let results = (outs Intq_Q:$codes, NN_F32:$scales);
  let assemblyFormat = "$q attr-dict `:` functional-type($q, results)";
  let hasVerifier = 1;
}
def Intq_MatmulOp : Intq_Op<"matmul"> {
  let summary = "integer matrix product, batched over equal leading dimensions";
  let description = [{
    Shapes and flags as nn.matmul, rank ≥ 2. For block c of the contraction S_c = Σ a·b of
    codes, exact; one block: out = mul(f32(S), mul(s_a, s_b)); several: out = fma(f32(S_c),
    mul(s_a, s_b), out), c ascending, from +0; s_a, s_b those of the row's and the column's
    block; a `unit` operand contributes no factor (one scale left: it alone; none: f32(S)).
    `bias` [N] is added last.
    (C1)–(C4) as nn.matmul. (C5) along the contraction the block sizes of the operands agree,
    where neither is `unit`. (C6) bias is [N]. (N1) |S_c| < 2^63.
  }];
  let arguments = (ins Intq_Q:$a, Intq_Q:$b, Optional<NN_F32>:$bias,
    UnitAttr:$transpose_a, UnitAttr:$transpose_b, StrAttr:$site);
  let results = (outs NN_F32:$result);
  let assemblyFormat = [{
    $a `,` $b (`bias` $bias^)? attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}
def Intq_BiasGradOp : Intq_Op<"bias_grad"> {
  let summary = "column sums of codes: [M, N] → f32 [N], mul(f32(Σ codes), scale)";
  let description = "(C1) rank 2, one scale for the whole tensor (not `unit`). (C2) result is [N].";
  let arguments = (ins Intq_Q:$dy);
  let results = (outs NN_F32:$db);
  let assemblyFormat = "$dy attr-dict `:` functional-type($dy, $db)";
  let hasVerifier = 1;
}
def Intq_LayerNormOp : Intq_Op<"layer_norm"> {
  let summary = "layer norm of codes, exact integer statistics";
  let description = [{
    x: codes [M, n], one scale a row or one a tensor. S1, S2, c, V, rstd, x̂ and y as in Spec,
    section Layer norm. `rstd` [M, 1] is 1/√(V + ε·n²/s²): x̂ = mul(f32(c), rstd).
    (C1) x has rank 2 and scale blocks [1, *] or [*, *], not `unit`. (C2) weight, bias are [n];
    y [M, n]; rstd [M, 1]. (C3) epsilon > 0. (N1) V < 2^63.
  }];
  let arguments = (ins Intq_Q:$x, NN_F32:$weight, NN_F32:$bias, F32Attr:$epsilon, StrAttr:$site);
  let results = (outs NN_F32:$y, NN_F32:$rstd);
  let assemblyFormat = "$x `,` $weight `,` $bias attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def Intq_LayerNormInputGradOp : Intq_Op<"layer_norm_input_grad"> {
  let summary = "dx of layer norm from the codes of mul(dy, weight) and of x";
  let description = [{
    `a`: codes of mul(dy, weight); x, rstd as in the forward op. A1 = Σ a, A2 = Σ a·c, exact;
    dx as in Spec, section Layer norm. (C1) a and x are [M, n], both with scale blocks [1, *]
    or [*, *], not `unit`. (C2) rstd [M, 1]; dx [M, n]. (N1) |A2| < 2^63.
  }];
  let arguments = (ins Intq_Q:$a, Intq_Q:$x, NN_F32:$rstd);
  let results = (outs NN_F32:$dx);
  let assemblyFormat = "$a `,` $x `,` $rstd attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def Intq_LayerNormWeightGradOp : Intq_Op<"layer_norm_weight_grad"> {
  let summary = "dweight of layer norm from the codes of mul(dy, rstd) and of x";
  let description = [{
    `h`: codes of mul(dy, rstd) with scale blocks [256, 1] (or one a tensor);
    dweight[n] = Σ_c fma(f32(Σ_{m∈c} h·c), sh[c, n], ·), from +0, c ascending, where c = n·x − S1 of the
    row. (C1) h and x are [M, n], x with scale blocks [1, *] or [*, *], h with blocks [b, 1] or
    [*, *], not `unit`. (C2) dweight [n]. (N1) |Σ h·c| < 2^63.
  }];
  let arguments = (ins Intq_Q:$h, Intq_Q:$x);
  let results = (outs NN_F32:$dweight);
  let assemblyFormat = "$h `,` $x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def Intq_EmbeddingOp : Intq_Op<"embedding"> {
  let summary = "values of the table's codes at the indices: [V, H], i32 [...] → f32 [..., H]";
  let description = [{
    mul(code, scale). `padding_idx` changes only the gradient.
    (C1) rank 2, scale blocks [1, *] or [*, *], not `unit`. (C2) result is [ids..., H].
    (C3) −1 ≤ padding_idx < V.
  }];
  let arguments = (ins Intq_Q:$table, NN_I32:$ids, DefaultValuedAttr<I64Attr, "-1">:$padding_idx,
                       StrAttr:$site);
  let results = (outs NN_F32:$result);
  let assemblyFormat = "$table `,` $ids attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def Intq_EmbeddingGradOp : Intq_Op<"embedding_grad"> {
  let summary = "dtable[v] = mul(f32(Σ codes of dy where the index is v), scale): integer scatter-add";
  let description = [{
    The row `padding_idx` (−1: none) gets +0.
    (C1) dy is [ids..., H] with one scale for the tensor, not `unit`. (C2) dtable is [V, H].
    (C3) −1 ≤ padding_idx < V. (N1) |Σ codes| < 2^63.
  }];
  let arguments = (ins Intq_Q:$dy, NN_I32:$ids, DefaultValuedAttr<I64Attr, "-1">:$padding_idx);
  let results = (outs NN_F32:$dtable);
  let assemblyFormat = "$dy `,` $ids attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def Intq_RowNormOp : Intq_Op<"row_norm"> {
  let summary = "Euclidean norm of each row of codes: [M, K] → [M]";
  let description = [{
    mul(sqrt(f32(Σ q²)), s), the sum exact. (C1) q has rank 2, scale blocks [1, *] or [*, *], not `unit`.
    (C2) norms are [M]. (N1) Σ q² < 2^63.
  }];
  let arguments = (ins Intq_Q:$q);
  let results = (outs NN_F32:$norms);
  let assemblyFormat = "$q attr-dict `:` functional-type($q, $norms)";
  let hasVerifier = 1;
}
def Intq_GatherRowsOp : Intq_Op<"gather_rows"> {
  let summary = "rows of codes by number, with their scales: [M, K] → [k, K]";
  let description = [{
    Row t is row rows[t] of q. (C1) q has rank 2, scale blocks [1, *] or [*, *]; rows are [k].
    (C2) the result is [k, K], of the width, blocks and scale kind of q.
  }];
  let arguments = (ins Intq_Q:$q, NN_I32:$rows);
  let results = (outs Intq_Q:$result);
  let assemblyFormat = "$q `,` $rows attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}
def Intq_DropoutOp : Intq_Op<"dropout"> {
  let summary = "dropout on codes: dropped codes become 0, the keep factor goes into the scales";
  let description = [{
    The mask is nn.dropout's with the same rng, ratio and stream; scale' = mul(scale, keep
    factor). (C1) result type = type of q with scale kind f32; q's is f32 or pow2.
    (C2) 0 ≤ ratio < 1.
  }];
  let arguments = (ins Intq_Q:$q, NN_Rng:$rng, F32Attr:$ratio, StrAttr:$stream);
  let results = (outs Intq_Q:$result);
  let assemblyFormat = "$q `,` $rng attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def Intq_ReshapeOp : Intq_Op<"reshape"> {
  let summary = "same codes and scales, another split of the leading dimensions";
  let description = [{
    (C1) equal width and scale kind. (C2) equal counts of codes. (C3) unless `unit`, the
    block of every element, in row-major order, has the same scale index in both types.
  }];
  let arguments = (ins Intq_Q:$q);
  let results = (outs Intq_Q:$result);
  let assemblyFormat = "$q attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Intq_AdamWOp : Intq_Op<"adamw"> {
  let summary = "one AdamW update of a parameter whose two moments are 8-bit codes";
  let description = [{
    nn.adamw on the values of the codes; then the new moments, unrounded until here, are encoded again
    by stochastic rounding (Spec, section Moments in 8 bits), in blocks of 256 consecutive elements with
    a scale (moment1) and a base (moment2) each. `stream` gives each element one draw for both.
    (C1) all tensors but scales and bases have the shape of the parameter. (C2) scales and bases are
    [ceil(n / 256)], n the elements of the parameter. (C3) 0 ≤ beta < 1 for both. (C4) epsilon ≥ 0.
  }];
  let arguments = (ins NN_F32:$parameter, Intq_Codes:$moment1, NN_F32:$scale1, Intq_Codes:$moment2, NN_I32:$base2,
                       NN_F32:$gradient, NN_Schedule:$schedule, NN_Rng:$rng, Optional<NN_ScalarF32>:$coefficient,
                       F64Attr:$beta1, F64Attr:$beta2, F64Attr:$epsilon, NN_AdamModeAttr:$mode, UnitAttr:$decay,
                       StrAttr:$stream);
  let results = (outs NN_F32:$new_parameter, Intq_Codes:$new_moment1, NN_F32:$new_scale1, Intq_Codes:$new_moment2,
                      NN_I32:$new_base2);
  let assemblyFormat = [{
    $parameter `,` $moment1 `scale` $scale1 `,` $moment2 `base` $base2 `,` $gradient `,` $schedule `,` $rng
    (`clip` $coefficient^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}
#endif

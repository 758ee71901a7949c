// Sampling of rows: what the estimator of a weight gradient (docs/Sampling.md) consists of.
#ifndef INTQ_NN_SAMPLING
#define INTQ_NN_SAMPLING
include "intq/Dialect/NN/NNBase.td"

def NN_Sampler : I32EnumAttr<"Sampler", "how the rows that are not certain are drawn", [
    I32EnumAttrCase<"Wta", 0, "wta">, I32EnumAttrCase<"Pps", 1, "pps">]> {
  let cppNamespace = "::intq::nn";
  let genSpecializedAttr = 0;
}
def NN_SamplerAttr : EnumAttr<NN_Dialect, NN_Sampler, "sampler">;

def NN_Criterion : I32EnumAttr<"Criterion", "score that decides how many rows are certain", [
    I32EnumAttrCase<"Paper", 0, "paper">, I32EnumAttrCase<"Squared", 1, "squared">]> {
  let cppNamespace = "::intq::nn";
  let genSpecializedAttr = 0;
}
def NN_CriterionAttr : EnumAttr<NN_Dialect, NN_Criterion, "criterion">;

def NN_RowNormOp : NN_PlainOp<"row_norm"> {
  let summary = "Euclidean norm of each row: [..., K] → [M], M over the leading dimensions";
  let description = "sqrt(Σ mul(x, x) by N3). (C1) x has rank ≥ 1. (C2) norms are [M].";
  let arguments = (ins NN_F32:$x);
  let results = (outs NN_F32:$norms);
  let hasVerifier = 1;
}
def NN_SelectRowsOp : NN_PlainOp<"select_rows"> {
  let summary = "k of T rows, at random with probabilities by weight, and the factor of each";
  let description = [{
    Unbiased: for any row values v, the sum of scales[t]·v[rows[t]] has the expectation Σ v over all rows whose
    weight is not 0. Rows where `keep` is 0 count as weight 0, but for those at position `anchor` of their
    sequence (−1: none). Everything after the weights is integer arithmetic (Spec). `wta`: the heaviest rows are
    certain, the others are drawn with replacement; `criterion` decides how many are certain. `pps`: a row is
    certain where its inclusion probability reaches 1, the others are met by a comb. `defensive` is the share of
    the distribution that is uniform.
    (C1) weights are [T]; rows and scales [k], k ≤ T. (C2) keep is [B, S], B·S = T. (C3) T ≤ 2^20.
    (C4) 0 ≤ defensive ≤ 0.5. (C5) −1 ≤ anchor < S, −1 without keep.
  }];
  let arguments = (ins NN_F32:$weights, NN_Rng:$rng, Optional<NN_I32>:$keep,
    DefaultValuedAttr<NN_SamplerAttr, "Sampler::Wta">:$sampler,
    DefaultValuedAttr<NN_CriterionAttr, "Criterion::Paper">:$criterion,
    DefaultValuedAttr<F64Attr, "0.0">:$defensive, DefaultValuedAttr<I64Attr, "-1">:$anchor, StrAttr:$stream);
  let results = (outs NN_I32:$rows, NN_F32:$scales);
  let assemblyFormat = "$weights `,` $rng (`keep` $keep^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def NN_GatherRowsOp : NN_PlainOp<"gather_rows"> {
  let summary = "rows by number: [..., K] → [k, K], each times its factor if there is one";
  let description = [{
    Row t is row rows[t] of x, its leading dimensions in row-major order, or mul(row, scales[t]).
    (C1) the result is [k, K]. (C2) rows are [k]. (C3) scales are [k].
  }];
  let arguments = (ins NN_F32:$x, NN_I32:$rows, Optional<NN_F32>:$scales);
  let results = (outs NN_F32:$result);
  let assemblyFormat = "$x `,` $rows (`scale` $scales^)? attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}
#endif

// The optimizer: AdamW and gradient clipping, inside the compiled step.
#ifndef INTQ_NN_OPTIMIZER
#define INTQ_NN_OPTIMIZER
include "intq/Dialect/NN/NNBase.td"

def NN_AdamMode : I32EnumAttr<"AdamMode", "whose AdamW", [
    I32EnumAttrCase<"Torch", 0, "torch">, I32EnumAttrCase<"Ort", 1, "ort">]> {
  let cppNamespace = "::intq::nn";
  let genSpecializedAttr = 0;
}
def NN_AdamModeAttr : EnumAttr<NN_Dialect, NN_AdamMode, "adam">;

def NN_AdamWScheduleOp : NN_PlainOp<"adamw_schedule"> {
  let summary = "constants of one AdamW step, in binary64, rounded once";
  let description = [{
    powers = [β1^(t−1), β2^(t−1)] → new powers [β1^t, β2^t] (running products) and
    schedule = [size, root, decay]; with c1 = 1−β1^t, c2 = 1−β2^t:
    torch: size = −f32(lr/c1), root = f32(√c2), decay = f32(1−lr·weight_decay);
    ort:   size = −f32(lr·√c2/c1), root = 1, decay = −f32(lr·weight_decay).
    (C1) 0 ≤ beta < 1 for both. (C2) weight_decay ≥ 0.
  }];
  let arguments = (ins NN_ScalarF64:$lr, NN_Powers:$powers, F64Attr:$beta1, F64Attr:$beta2,
                       F64Attr:$weight_decay, NN_AdamModeAttr:$mode);
  let results = (outs NN_Schedule:$schedule, NN_Powers:$new_powers);
  let hasVerifier = 1;
}
def NN_AdamWOp : NN_PlainOp<"adamw"> {
  let summary = "one AdamW update of a parameter and its two moments";
  let description = [{
    g = mul(grad, coefficient) where a clip coefficient is given; m and v as in Spec, section
    AdamW; `torch`: w = mul(w, decay) if `decay`; w = fma(size, div(m, add(div(sqrt(v), root), ε)), w);
    `ort`: w = fma(size, div(m, add(sqrt(v), ε)), w); then w = fma(decay, w, w) if `decay`.
    (C1) all tensors have the shape of the parameter. (C2) 0 ≤ beta < 1 for both.
    (C3) epsilon ≥ 0.
  }];
  let arguments = (ins NN_F32:$parameter, NN_F32:$moment1, NN_F32:$moment2, NN_F32:$gradient,
                       NN_Schedule:$schedule, Optional<NN_ScalarF32>:$coefficient,
                       F64Attr:$beta1, F64Attr:$beta2, F64Attr:$epsilon, NN_AdamModeAttr:$mode,
                       UnitAttr:$decay);
  let results = (outs NN_F32:$new_parameter, NN_F32:$new_moment1, NN_F32:$new_moment2);
  let assemblyFormat = [{
    $parameter `,` $moment1 `,` $moment2 `,` $gradient `,` $schedule (`clip` $coefficient^)?
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}
def NN_ClipCoefficientOp : NN_PlainOp<"clip_coefficient"> {
  let summary = "global gradient norm and the factor that clips it";
  let description = [{
    norm = √Σg² over all operands in order (Spec N10, binary64); coefficient =
    f32(min(1, max_norm/(norm + 1e-6))). The norm result is f32(norm).
    (C1) at least one gradient. (C2) max_norm > 0.
  }];
  let arguments = (ins Variadic<NN_F32>:$gradients, F64Attr:$max_norm);
  let results = (outs NN_ScalarF32:$norm, NN_ScalarF32:$coefficient);
  let hasVerifier = 1;
}
#endif

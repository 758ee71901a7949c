// Element-wise ops of the nn dialect and their gradients.
#ifndef INTQ_NN_ELEMENTWISE
#define INTQ_NN_ELEMENTWISE
include "intq/Dialect/NN/NNBase.td"

class NN_BinaryOp<string mnemonic, string formula, list<Trait> traits = []>
    : NN_PlainOp<mnemonic, traits> {
  let summary = "element-wise " # mnemonic # " with NumPy broadcasting";
  let description = "`out = " # formula # [{`, one binary32 operation an element.
    (C1) The shape of the result is the NumPy broadcast of the operands' shapes.}];
  let arguments = (ins NN_F32:$lhs, NN_F32:$rhs);
  let results = (outs NN_F32:$result);
  let hasVerifier = 1;
}
def NN_AddOp : NN_BinaryOp<"add", "add(lhs, rhs)", [Commutative]>;
def NN_SubOp : NN_BinaryOp<"sub", "sub(lhs, rhs)">;
def NN_MulOp : NN_BinaryOp<"mul", "mul(lhs, rhs)", [Commutative]>;
def NN_DivOp : NN_BinaryOp<"div", "div(lhs, rhs)">;

def NN_ScaleOp : NN_PlainOp<"scale", [SameOperandsAndResultType]> {
  let summary = "multiply by a constant";
  let description = "`out = mul(x, factor)`.";
  let arguments = (ins NN_F32:$x, F32Attr:$factor);
  let results = (outs NN_F32:$result);
  let hasFolder = 1;
}

def NN_GeluApproximation : I32EnumAttr<"GeluApproximation", "form of GELU", [
    I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Tanh", 1, "tanh">]> {
  let cppNamespace = "::intq::nn";
  let genSpecializedAttr = 0;
}
def NN_GeluApproximationAttr : EnumAttr<NN_Dialect, NN_GeluApproximation, "gelu">;

def NN_GeluOp : NN_PlainOp<"gelu", [SameOperandsAndResultType]> {
  let summary = "Gaussian error linear unit";
  let description = [{`none`: x·Φ(x), Φ from the Spec's erfc; `tanh`: the tanh
    approximation ½x(1+tanh(√(2/π)(x+0.044715x³))). Names as in ONNX Gelu-20.}];
  let arguments = (ins NN_F32:$x,
    DefaultValuedAttr<NN_GeluApproximationAttr, "GeluApproximation::None">:$approximate);
  let results = (outs NN_F32:$result);
}
def NN_GeluGradOp : NN_PlainOp<"gelu_grad", [SameOperandsAndResultType]> {
  let summary = "gradient of gelu: dx from dy and gelu's input x";
  let arguments = (ins NN_F32:$dy, NN_F32:$x,
    DefaultValuedAttr<NN_GeluApproximationAttr, "GeluApproximation::None">:$approximate);
  let results = (outs NN_F32:$dx);
}
def NN_TanhOp : NN_PlainOp<"tanh", [SameOperandsAndResultType]> {
  let summary = "hyperbolic tangent";
  let arguments = (ins NN_F32:$x);
  let results = (outs NN_F32:$result);
}
def NN_TanhGradOp : NN_PlainOp<"tanh_grad", [SameOperandsAndResultType]> {
  let summary = "gradient of tanh: dx = mul(dy, fma(-y, y, 1)), y the output of tanh";
  let arguments = (ins NN_F32:$dy, NN_F32:$y);
  let results = (outs NN_F32:$dx);
}
def NN_ReluOp : NN_PlainOp<"relu", [SameOperandsAndResultType]> {
  let summary = "x where it is not below 0, else +0; NaN stays";
  let arguments = (ins NN_F32:$x);
  let results = (outs NN_F32:$result);
}
def NN_ReluGradOp : NN_PlainOp<"relu_grad", [SameOperandsAndResultType]> {
  let summary = "gradient of relu: dy where y > 0, else +0, y the output of relu";
  let arguments = (ins NN_F32:$dy, NN_F32:$y);
  let results = (outs NN_F32:$dx);
}
def NN_DropoutOp : NN_PlainOp<"dropout"> {
  let summary = "zero elements at random and scale up the rest";
  let description = [{
    t = round(ratio·65536); element i (row-major) is dropped iff its 16-bit draw is
    < t; the others become mul(x, f32(65536/(65536−t))). Spec, section Dropout. The mask is
    never stored: the op is linear in x, and its derivative is the same op on dy with
    the same `stream`. (C1) 0 ≤ ratio < 1. (C2) result type = type of x.
  }];
  let arguments = (ins NN_F32:$x, NN_Rng:$rng, F32Attr:$ratio, StrAttr:$stream);
  let results = (outs NN_F32:$result);
  let hasVerifier = 1;
}
#endif

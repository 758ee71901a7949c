// RUN: intq-opt %s --nn-quantize=recipe=row8 --split-input-file --verify-diagnostics
// RUN: echo "module {}" | not intq-opt - --nn-quantize=recipe=row7 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: echo "module {}" | not intq-opt - --nn-quantize=recipe=%t.absent.mlir 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: echo "module {" > %t.broken.mlir
// RUN: echo "module {}" | not intq-opt - --nn-quantize=recipe=%t.broken.mlir 2>&1 | FileCheck %s --check-prefix=BROKEN
// RUN: echo "module {}" > %t.none.mlir
// RUN: echo "module {}" | not intq-opt - --nn-quantize=recipe=%t.none.mlir 2>&1 | FileCheck %s --check-prefix=NONE

// NAME: expected a recipe (float, mx8, paper10, paper12, paper16, paper8, paper8x8, row8, row8a8, tile8, or the path of a .mlir file), but got 'row7'
// FILE: cannot read the recipe {{.*}}: No such file or directory
// BROKEN: expected a recipe in {{.*}}.broken.mlir, but it does not parse
// NONE: expected a module with an intq.recipe attribute in {{.*}}.none.mlir, but got none

func.func @f(%dy: tensor<2x3xf32>, %w: tensor<3x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{expected the forward of its layer before it, but its weight has no codes}}
  %0 = nn.linear_input_grad %dy, %w {site = "w"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @f(%dy: tensor<2x3xf32>, %x: tensor<2x4xf32>) -> tensor<3x4xf32> {
  // expected-error @below {{expected the forward of its layer before it, but its input has no codes}}
  %0 = nn.linear_weight_grad %dy, %x {site = "w"} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// -----

func.func @f(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{expected a batched product, but got rank 2, which no recipe has a format for}}
  %0 = nn.matmul %a, %b {site = "m"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @f(%dy: tensor<2x4xf32>, %x: tensor<2x4xf32>, %w: tensor<4xf32>, %m: tensor<2x1xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{'nn.layer_norm_grad' op expected its layer norm before it, but its input has no codes}}
  %dx, %dw, %db = nn.layer_norm_grad %dy, %x, %w, %m, %m {epsilon = 1.0e-5 : f32, site = "w"} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %dx : tensor<2x4xf32>
}

// -----

// What depends on the loss is a gradient; a product of two of them has no format.
func.func @grad(%x: tensor<2x3x3xf32>, %t: tensor<2x3x3xf32>, %one: tensor<f32>)
    -> (tensor<f32> {intq.output = "loss", intq.loss}, tensor<2x3x3xf32> {intq.grad = "x"}) {
  %loss = nn.mse %x, %t : (tensor<2x3x3xf32>, tensor<2x3x3xf32>) -> tensor<f32>
  %g = nn.mse_grad %one, %x, %t : (tensor<f32>, tensor<2x3x3xf32>, tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  // expected-error @below {{'nn.matmul' op expected at most one gradient operand, but got two}}
  %0 = nn.matmul %g, %g {site = "m"} : (tensor<2x3x3xf32>, tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  return %loss, %0 : tensor<f32>, tensor<2x3x3xf32>
}

// -----

func.func @grad(%x: tensor<2x3x3xf32>, %t: tensor<2x3x3xf32>, %one: tensor<f32>)
    -> (tensor<f32> {intq.output = "loss", intq.loss}, tensor<2x3x3xf32> {intq.grad = "x"}) {
  %loss = nn.mse %x, %t : (tensor<2x3x3xf32>, tensor<2x3x3xf32>) -> tensor<f32>
  %g = nn.mse_grad %one, %x, %t : (tensor<f32>, tensor<2x3x3xf32>, tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  // expected-error @below {{'nn.matmul' op expected an operand of a forward product beside the gradient, but that operand has no codes}}
  %0 = nn.matmul %g, %x {site = "m"} : (tensor<2x3x3xf32>, tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  return %loss, %0 : tensor<f32>, tensor<2x3x3xf32>
}

// RUN: intq-opt %s --nn-quantize=recipe=row8 --split-input-file --verify-diagnostics
// RUN: echo "module {}" | not intq-opt - --nn-quantize=recipe=row7 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: echo "module {}" | not intq-opt - --nn-quantize=recipe=%t.absent.mlir 2>&1 | FileCheck %s --check-prefix=FILE

// NAME: expected a recipe (float, paper10, paper12, paper16, paper8, paper8x8, row8, row8a8, or the path of a .mlir file), but got 'row7'
// FILE: cannot read the recipe {{.*}}: No such file or directory

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

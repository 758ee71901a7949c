// RUN: intq-opt %s --nn-differentiate --split-input-file --verify-diagnostics

// A missing rule is an error that names the op, never a silent zero.
func.func @forward(%p: tensor<4xf32> {intq.state = "p", intq.role = "parameter"}, %t: tensor<4xf32> {intq.input = "t"})
    -> (tensor<f32> {intq.output = "loss", intq.loss}) {
  // expected-error @below {{'math.sin' op has no derivative rule, but the loss depends on a trainable parameter through it}}
  %0 = math.sin %p : tensor<4xf32>
  %loss = nn.mse %0, %t : (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

// expected-error @below {{expected a result marked intq.loss in @grad, but got none: the graph has no loss; name one with --loss cross-entropy, mse, span or mlm}}
func.func @forward(%p: tensor<4xf32> {intq.state = "p", intq.role = "parameter"}) -> tensor<4xf32> {
  return %p : tensor<4xf32>
}

// -----

// expected-error @below {{expected a function @forward, but got none}}
module {}

// -----

// expected-error @below {{expected a scalar loss, but got 'tensor<4xf32>'}}
func.func @forward(%p: tensor<4xf32> {intq.state = "p", intq.role = "parameter"})
    -> (tensor<4xf32> {intq.output = "loss", intq.loss}) {
  return %p : tensor<4xf32>
}

// -----

func.func @forward(%p: tensor<2x4xf32> {intq.state = "p", intq.role = "parameter"}, %w: tensor<4xf32>, %t: tensor<2x1xf32>)
    -> (tensor<f32> {intq.output = "loss", intq.loss}) {
  // expected-error @below {{'nn.layer_norm' op has no derivative with respect to its mean or rstd result}}
  %y, %m, %r = nn.layer_norm %p, %w, %w {epsilon = 1.0e-5 : f32, site = "w"} : (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x1xf32>, tensor<2x1xf32>)
  %loss = nn.mse %m, %t : (tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

func.func @forward(%p: tensor<4xf32> {intq.state = "p", intq.role = "parameter"}, %x: tensor<4xf32> {intq.input = "x"})
    -> (tensor<f32> {intq.output = "loss", intq.loss}) {
  // expected-error @below {{'nn.mse' op has no derivative with respect to its target}}
  %loss = nn.mse %x, %p : (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

func.func @forward(%p: tensor<2x4xf32> {intq.state = "p", intq.role = "parameter"}, %s: tensor<1x4xf32>, %t: tensor<2x4xf32> {intq.input = "t"})
    -> (tensor<f32> {intq.output = "loss", intq.loss}) {
  // expected-error @below {{'intq.quantize' op has no derivative where it folds scales (a gradient's quantization)}}
  %q = intq.quantize %p fold %s {site = "p"} : (tensor<2x4xf32>, tensor<1x4xf32>) -> !intq.q<2x4, i8, [1, *], f32>
  %y = intq.dequantize %q : (!intq.q<2x4, i8, [1, *], f32>) -> tensor<2x4xf32>
  %loss = nn.mse %y, %t : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

// The formats of the backward are the recipe's.
func.func @forward(%w: tensor<3x4xf32> {intq.state = "w", intq.role = "parameter"}, %x: tensor<2x4xf32> {intq.input = "x"}, %t: tensor<2x3xf32> {intq.input = "t"})
    -> (tensor<f32> {intq.output = "loss", intq.loss}) {
  %xq = intq.quantize %x {site = "x"} : (tensor<2x4xf32>) -> !intq.q<2x4, i8, [1, *], f32>
  %wq = intq.quantize %w {site = "w"} : (tensor<3x4xf32>) -> !intq.q<3x4, i8, [1, *], f32>
  // expected-error @below {{'intq.matmul' op expected a module with an intq.recipe, which names the gradient's format}}
  %y = intq.matmul %xq, %wq {transpose_b, site = "w"} : (!intq.q<2x4, i8, [1, *], f32>, !intq.q<3x4, i8, [1, *], f32>) -> tensor<2x3xf32>
  %loss = nn.mse %y, %t : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

module attributes {intq.recipe = #intq.recipe<"empty", {}>} {
  func.func @forward(%w: tensor<4x3xf32> {intq.state = "w", intq.role = "parameter"}, %x: tensor<2x4xf32> {intq.input = "x"}, %t: tensor<2x3xf32> {intq.input = "t"})
      -> (tensor<f32> {intq.output = "loss", intq.loss}) {
    %xq = intq.quantize %x {site = "x"} : (tensor<2x4xf32>) -> !intq.q<2x4, i8, [1, *], f32>
    %wq = intq.quantize %w {site = "w"} : (tensor<4x3xf32>) -> !intq.q<4x3, i8, [*, 1], f32>
    // expected-error @below {{'intq.matmul' op expected a rank-2 product in the orientation of a linear layer, x·Wᵀ}}
    %y = intq.matmul %xq, %wq {site = "w"} : (!intq.q<2x4, i8, [1, *], f32>, !intq.q<4x3, i8, [*, 1], f32>) -> tensor<2x3xf32>
    %loss = nn.mse %y, %t : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<f32>
    return %loss : tensor<f32>
  }
}

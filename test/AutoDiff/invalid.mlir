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

// expected-error @below {{expected a result marked intq.loss in @grad, but got none: the graph has no loss; name one with --loss cross-entropy, mse or span}}
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

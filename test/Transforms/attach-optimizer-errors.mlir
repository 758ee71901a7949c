// RUN: intq-opt %s --nn-attach-optimizer --split-input-file --verify-diagnostics

// expected-error @below {{expected a trainable parameter 'w' for the gradient of that name, but got none}}
func.func @grad(%p: tensor<4xf32> {intq.state = "p", intq.role = "parameter"})
    -> (tensor<f32> {intq.output = "loss", intq.loss}, tensor<4xf32> {intq.grad = "w"}) {
  %0 = nn.constant dense<0.0> : tensor<f32>
  return %0, %p : tensor<f32>, tensor<4xf32>
}

// -----

// expected-error @below {{expected at least one gradient among the results of @step}}
func.func @grad(%p: tensor<4xf32> {intq.state = "p", intq.role = "parameter"})
    -> (tensor<f32> {intq.output = "loss", intq.loss}) {
  %0 = nn.constant dense<0.0> : tensor<f32>
  return %0 : tensor<f32>
}

// RUN: intq-opt %s --intq-verify-streams --split-input-file --verify-diagnostics

// One name may be drawn from twice (dropout, forward and backward) ...
func.func @f(%x: tensor<4xf32>, %rng: tensor<4xi32>) -> tensor<4xf32> {
  %0 = nn.dropout %x, %rng {ratio = 0.5 : f32, stream = "a"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  %1 = nn.dropout %0, %rng {ratio = 0.5 : f32, stream = "a"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// ... but two names that happen to have one hash would draw the same numbers.
func.func @f(%x: tensor<4xf32>, %rng: tensor<4xi32>) -> tensor<4xf32> {
  %0 = nn.dropout %x, %rng {ratio = 0.5 : f32, stream = "layer.25393/dropout"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  // expected-error @below {{'nn.dropout' op expected a stream of its own, but 'layer.42468/dropout' and 'layer.25393/dropout' have the same id}}
  %1 = nn.dropout %0, %rng {ratio = 0.5 : f32, stream = "layer.42468/dropout"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// RUN: intq-opt %s --intq-verify-streams --split-input-file --verify-diagnostics

// One name may be drawn from twice (dropout, forward and backward) ...
func.func @f(%x: tensor<4xf32>, %rng: tensor<4xi32>) -> tensor<4xf32> {
  %0 = nn.dropout %x, %rng {ratio = 0.5 : f32, stream = "a"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  %1 = nn.dropout %0, %rng {ratio = 0.5 : f32, stream = "a"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

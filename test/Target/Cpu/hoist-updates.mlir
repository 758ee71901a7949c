// RUN: intq-opt %s --intq-hoist-updates | FileCheck %s

// The update moves up to its gradient, but not above the last reader of the old parameter.
// CHECK-LABEL: @step
// CHECK-SAME: (%[[W:[^:]*]]: tensor<4xf32>,
// CHECK: %[[G:.*]] = nn.scale
// CHECK-NEXT: %[[READ:.*]] = nn.tanh %[[W]]
// CHECK-NEXT: nn.adamw %[[W]], %{{.*}}, %{{.*}}, %[[G]]
// CHECK-NEXT: nn.tanh %[[READ]]
// CHECK-NEXT: return
func.func @step(%w: tensor<4xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>, %x: tensor<4xf32>, %s: tensor<3xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %g = nn.scale %x {factor = 2.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %read = nn.tanh %w : (tensor<4xf32>) -> tensor<4xf32>
  %y = nn.tanh %read : (tensor<4xf32>) -> tensor<4xf32>
  %w2, %m2, %v2 = nn.adamw %w, %m, %v, %g, %s {beta1 = 0.9, beta2 = 0.999, epsilon = 1.0e-8, mode = #nn<adam torch>} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %y, %w2, %m2, %v2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

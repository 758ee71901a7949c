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

// The same with moments as codes.
// CHECK-LABEL: @codes
// CHECK-SAME: (%[[W:[^:]*]]: tensor<4xf32>,
// CHECK: %[[G:.*]] = nn.scale
// CHECK-NEXT: %[[READ:.*]] = nn.tanh %[[W]]
// CHECK-NEXT: intq.adamw %[[W]], {{.*}}, %[[G]]
// CHECK-NEXT: nn.tanh %[[READ]]
// CHECK-NEXT: nn.dropout
func.func @codes(%w: tensor<4xf32>, %m: tensor<4xi8>, %a: tensor<1xf32>, %v: tensor<4xi8>, %b: tensor<1xi32>, %x: tensor<4xf32>, %s: tensor<3xf32>, %rng: tensor<4xi32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>) {
  %g = nn.scale %x {factor = 2.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %read = nn.tanh %w : (tensor<4xf32>) -> tensor<4xf32>
  %y = nn.tanh %read : (tensor<4xf32>) -> tensor<4xf32>
  %z = nn.dropout %y, %rng {ratio = 0.5 : f32, stream = "z"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  %w2, %m2, %a2, %v2, %b2 = intq.adamw %w, %m scale %a, %v base %b, %g, %s, %rng {beta1 = 0.9, beta2 = 0.999, epsilon = 1.0e-8, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
  return %z, %w2, %m2, %a2, %v2, %b2 : tensor<4xf32>, tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>
}

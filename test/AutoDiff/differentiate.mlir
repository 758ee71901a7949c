// RUN: intq-opt %s --nn-differentiate --split-input-file | FileCheck %s

// One linear layer under a loss: the three gradients, in the order of the arguments.

// CHECK-LABEL: func.func @grad
// CHECK-SAME: -> (tensor<f32> {intq.loss, intq.output = "loss"}, tensor<3x4xf32> {intq.grad = "w"}, tensor<3xf32> {intq.grad = "b"})
// CHECK: %[[LOGITS:.*]] = nn.linear %[[X:.*]], %[[W:.*]] bias
// CHECK: %[[ONE:.*]] = nn.constant dense<1.000000e+00> : tensor<f32>
// CHECK: %[[G:.*]] = nn.cross_entropy_grad %[[ONE]], %[[LOGITS]]
// CHECK-NOT: nn.linear_input_grad
// CHECK: %[[DW:.*]] = nn.linear_weight_grad %[[G]], %[[X]] {site = "w"}
// CHECK: %[[DB:.*]] = nn.bias_grad %[[G]] {site = "w"}
// CHECK: return %{{.*}}, %[[DW]], %[[DB]]
func.func @forward(%x: tensor<2x4xf32> {intq.input = "x"}, %y: tensor<2xi32> {intq.input = "y"},
                   %w: tensor<3x4xf32> {intq.state = "w", intq.role = "parameter"},
                   %b: tensor<3xf32> {intq.state = "b", intq.role = "parameter"})
    -> (tensor<f32> {intq.output = "loss", intq.loss}) {
  %logits = nn.linear %x, %w bias %b {site = "w"} : (tensor<2x4xf32>, tensor<3x4xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %loss = nn.cross_entropy %logits, %y : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

// Broadcasting is undone by a sum; a value with two uses gets both cotangents; a parameter that the
// loss does not depend on gets zeros.

// CHECK-LABEL: func.func @grad
// CHECK: nn.mse_grad
// CHECK: %[[A:.*]] = nn.reduce_sum %{{.*}} {count = 1 : i64} : (tensor<2x4xf32>) -> tensor<4xf32>
// CHECK: %[[S:.*]] = nn.scale %{{.*}} {factor = 5.000000e-01 : f32}
// CHECK: %[[SUM:.*]] = nn.add %[[A]], %{{.*}} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK: %[[ZERO:.*]] = nn.constant dense<0.000000e+00> : tensor<3xf32>
// CHECK: return %{{.*}}, %[[SUM]], %[[ZERO]]
func.func @forward(%x: tensor<2x4xf32> {intq.input = "x"}, %t: tensor<2x4xf32> {intq.input = "t"},
                   %p: tensor<4xf32> {intq.state = "p", intq.role = "parameter"},
                   %unused: tensor<3xf32> {intq.state = "unused", intq.role = "parameter"})
    -> (tensor<f32> {intq.output = "loss", intq.loss}) {
  %h = nn.scale %p {factor = 0.5 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %0 = nn.add %x, %h : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %1 = nn.add %0, %p : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %loss = nn.mse %1, %t : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<f32>
  return %loss : tensor<f32>
}

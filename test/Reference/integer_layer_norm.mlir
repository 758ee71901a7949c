// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
// q = [7, 1] with scale 1: S1 = 8, c = [6, -6], V = 2·50 - 64 = 36; epsilon 16 on the n² grid is 64: 36 + 64 = 100.
func.func @layer_norm() {
  %x = nn.constant dense<[[7.0, 1.0]]> : tensor<1x2xf32>
  %w = nn.constant dense<[2.0, 1.0]> : tensor<2xf32>
  %b = nn.constant dense<[0.0, 8.0]> : tensor<2xf32>
  %q = intq.quantize %x {site = "x"} : (tensor<1x2xf32>) -> !intq.q<1x2, i4, [1, *], f32>
  %y, %rstd = intq.layer_norm %q, %w, %b {epsilon = 16.0 : f32, site = "ln"} : (!intq.q<1x2, i4, [1, *], f32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<1x2xf32>, tensor<1x1xf32>)
  %rstd_want = nn.constant dense<[[0.1]]> : tensor<1x1xf32>
  check.expect_eq %rstd, %rstd_want : tensor<1x1xf32>
  %y_want = nn.constant dense<[[1.2, 7.4]]> : tensor<1x2xf32>
  check.expect_close %y, %y_want {relative = 2.0e-7} : tensor<1x2xf32>
  return
}
// With rstd = 1 the formulas are exact. a = [7, 1], c = [6, -6]: A1 = 8, A2 = 36, rho = 2, m1 = 4, m2 = 18.
func.func @gradients() {
  %x = nn.constant dense<[[7.0, 1.0]]> : tensor<1x2xf32>
  %rstd = nn.constant dense<[[1.0]]> : tensor<1x1xf32>
  %q = intq.quantize %x {site = "x"} : (tensor<1x2xf32>) -> !intq.q<1x2, i4, [1, *], f32>
  %dx = intq.layer_norm_input_grad %q, %q, %rstd : (!intq.q<1x2, i4, [1, *], f32>, !intq.q<1x2, i4, [1, *], f32>, tensor<1x1xf32>) -> tensor<1x2xf32>
  // 2·(a - 4 - c·18)
  %dx_want = nn.constant dense<[[-210.0, 210.0]]> : tensor<1x2xf32>
  check.expect_eq %dx, %dx_want : tensor<1x2xf32>
  return
}
// Blocks of 2 rows with scales 1 and 2; c of the rows [7, 1], [0, 7], [7, 3] is [6, -6], [-7, 7], [4, -4].
func.func @weight_gradient() {
  %x = nn.constant dense<[[7.0, 1.0], [0.0, 7.0], [7.0, 3.0]]> : tensor<3x2xf32>
  %h = nn.constant dense<[[7.0, 7.0], [1.0, 2.0], [14.0, 14.0]]> : tensor<3x2xf32>
  %qx = intq.quantize %x {site = "x"} : (tensor<3x2xf32>) -> !intq.q<3x2, i4, [1, *], f32>
  %qh = intq.quantize %h {site = "h"} : (tensor<3x2xf32>) -> !intq.q<3x2, i4, [2, 1], f32>
  %dw = intq.layer_norm_weight_grad %qh, %qx : (!intq.q<3x2, i4, [2, 1], f32>, !intq.q<3x2, i4, [1, *], f32>) -> tensor<2xf32>
  // column 0: 42 - 7 + 2·28; column 1: -42 + 14 - 2·28
  %want = nn.constant dense<[91.0, -84.0]> : tensor<2xf32>
  check.expect_eq %dw, %want : tensor<2xf32>
  return
}

// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
// beta1 = beta2 = 0, epsilon = 0: the step is lr·sign(g); powers become 0.
func.func @sign_descent() {
  %lr = arith.constant dense<0.5> : tensor<f64>
  %powers = arith.constant dense<[1.0, 1.0]> : tensor<2xf64>
  %schedule, %new = nn.adamw_schedule %lr, %powers {beta1 = 0.0 : f64, beta2 = 0.0 : f64, weight_decay = 0.5 : f64, mode = #nn<adam torch>} : (tensor<f64>, tensor<2xf64>) -> (tensor<3xf32>, tensor<2xf64>)
  %schedule_want = nn.constant dense<[-0.5, 1.0, 0.75]> : tensor<3xf32>
  %new_want = arith.constant dense<0.0> : tensor<2xf64>
  check.expect_eq %schedule, %schedule_want : tensor<3xf32>
  check.expect_eq %new, %new_want : tensor<2xf64>
  %w = nn.constant dense<[1.0, 8.0]> : tensor<2xf32>
  %m = nn.constant dense<0.0> : tensor<2xf32>
  %g = nn.constant dense<[-3.0, 4.0]> : tensor<2xf32>
  %w1, %m1, %v1 = nn.adamw %w, %m, %m, %g, %schedule {beta1 = 0.0 : f64, beta2 = 0.0 : f64, epsilon = 0.0 : f64, mode = #nn<adam torch>, decay} : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
  %w1_want = nn.constant dense<[1.25, 5.5]> : tensor<2xf32>
  %v1_want = nn.constant dense<[9.0, 16.0]> : tensor<2xf32>
  check.expect_eq %w1, %w1_want : tensor<2xf32>
  check.expect_eq %m1, %g : tensor<2xf32>
  check.expect_eq %v1, %v1_want : tensor<2xf32>
  return
}
// ORT decays after the step, by lr·weight_decay of the new weight.
func.func @ort() {
  %lr = arith.constant dense<0.5> : tensor<f64>
  %powers = arith.constant dense<[1.0, 1.0]> : tensor<2xf64>
  %schedule, %new = nn.adamw_schedule %lr, %powers {beta1 = 0.5 : f64, beta2 = 0.75 : f64, weight_decay = 0.5 : f64, mode = #nn<adam ort>} : (tensor<f64>, tensor<2xf64>) -> (tensor<3xf32>, tensor<2xf64>)
  %schedule_want = nn.constant dense<[-0.5, 1.0, -0.25]> : tensor<3xf32>
  check.expect_eq %schedule, %schedule_want : tensor<3xf32>
  %w = nn.constant dense<[9.0]> : tensor<1xf32>
  %m = nn.constant dense<0.0> : tensor<1xf32>
  %g = nn.constant dense<[4.0]> : tensor<1xf32>
  // m = 2, v = 4, root 2: 9 - 0.5 = 8.5, less a quarter.
  %w1, %m1, %v1 = nn.adamw %w, %m, %m, %g, %schedule {beta1 = 0.5 : f64, beta2 = 0.75 : f64, epsilon = 0.0 : f64, mode = #nn<adam ort>, decay} : (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<3xf32>) -> (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>)
  %w1_want = nn.constant dense<[6.375]> : tensor<1xf32>
  check.expect_eq %w1, %w1_want : tensor<1xf32>
  return
}
func.func @clip() {
  %a = nn.constant dense<[[3.0, 0.0]]> : tensor<1x2xf32>
  %b = nn.constant dense<[-4.0]> : tensor<1xf32>
  %norm, %c = nn.clip_coefficient %a, %b {max_norm = 5.0 : f64} : (tensor<1x2xf32>, tensor<1xf32>) -> (tensor<f32>, tensor<f32>)
  %five = nn.constant dense<5.0> : tensor<f32>
  %c_want = nn.constant dense<0.9999998> : tensor<f32>
  check.expect_eq %norm, %five : tensor<f32>
  check.expect_eq %c, %c_want : tensor<f32>
  %norm2, %one = nn.clip_coefficient %a, %b {max_norm = 6.0 : f64} : (tensor<1x2xf32>, tensor<1xf32>) -> (tensor<f32>, tensor<f32>)
  %one_want = nn.constant dense<1.0> : tensor<f32>
  check.expect_eq %one, %one_want : tensor<f32>
  return
}
// Squares are summed in binary64: 1e30² overflows binary32.
func.func @large_norm() {
  %a = nn.constant dense<[1.0e30]> : tensor<1xf32>
  %norm, %c = nn.clip_coefficient %a {max_norm = 1.0e30 : f64} : (tensor<1xf32>) -> (tensor<f32>, tensor<f32>)
  %want = nn.constant dense<1.0e30> : tensor<f32>
  check.expect_eq %norm, %want : tensor<f32>
  return
}

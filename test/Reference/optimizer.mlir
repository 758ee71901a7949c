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
// Moments as codes, from nothing: m = g/2, v = g²/4 with all betas ½. scale 63.5/127 = ½, so that m is on the grid; the largest v is on the
// grid of the second moment and gets 254, the code below 255, which is there for rounding up; 0 stays 0.
func.func @codes_of_moments() {
  %rng = arith.constant dense<[1, 2, 3, 0]> : tensor<4xi32>
  %schedule = nn.constant dense<[-1.0, 1.0, 1.0]> : tensor<3xf32>
  %w = nn.constant dense<0.0> : tensor<4xf32>
  %m = arith.constant dense<0> : tensor<4xi8>
  %s = nn.constant dense<0.0> : tensor<1xf32>
  %b = nn.constant dense<0> : tensor<1xi32>
  %g = nn.constant dense<[127.0, -2.0, 0.0, 1.0e-30]> : tensor<4xf32>
  %w1, %m1, %s1, %v1, %b1 = intq.adamw %w, %m scale %s, %m base %b, %g, %schedule, %rng {beta1 = 0.5 : f64, beta2 = 0.5 : f64, epsilon = 1.0 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
  %m_want = arith.constant dense<[127, -2, 0, 0]> : tensor<4xi8>
  %s_want = nn.constant dense<0.5> : tensor<1xf32>
  check.expect_eq %m1, %m_want : tensor<4xi8>
  check.expect_eq %s1, %s_want : tensor<1xf32>
  // v = 8064.5 = 1.96899 · 2^12: exponent 139, mantissa 7 of 8 and more: bits >> 20 = 1119, base 865; between codes 254 and 255.
  %b_want = nn.constant dense<865> : tensor<1xi32>
  check.expect_eq %b1, %b_want : tensor<1xi32>
  // v = 2 has bits 0x40000000: 1024 − 865, exactly; 0 is 0; 5e-61 underflows to 0 already as a float.
  %v_want = arith.constant dense<[-1, -97, 0, 0]> : tensor<4xi8>
  check.expect_eq %v1, %v_want : tensor<4xi8>
  return
}
// What is far below the largest second moment is rounded up, never to 0; an infinite one counts as the largest float.
func.func @range_of_second_moments() {
  %rng = arith.constant dense<[1, 2, 3, 0]> : tensor<4xi32>
  %schedule = nn.constant dense<[-1.0, 1.0, 1.0]> : tensor<3xf32>
  %w = nn.constant dense<0.0> : tensor<2xf32>
  %m = arith.constant dense<0> : tensor<2xi8>
  %s = nn.constant dense<0.0> : tensor<1xf32>
  %b = nn.constant dense<0> : tensor<1xi32>
  %g = nn.constant dense<[1.0e30, 1.0e-20]> : tensor<2xf32>
  %w1, %m1, %s1, %v1, %b1 = intq.adamw %w, %m scale %s, %m base %b, %g, %schedule, %rng {beta1 = 0.0 : f64, beta2 = 0.0 : f64, epsilon = 1.0 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<2xf32>, tensor<2xi8>, tensor<1xf32>, tensor<2xi8>, tensor<1xi32>, tensor<2xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<2xf32>, tensor<2xi8>, tensor<1xf32>, tensor<2xi8>, tensor<1xi32>)
  %v_want = arith.constant dense<[-2, 1]> : tensor<2xi8>
  %b_want = nn.constant dense<1785> : tensor<1xi32>
  check.expect_eq %v1, %v_want : tensor<2xi8>
  check.expect_eq %b1, %b_want : tensor<1xi32>
  return
}

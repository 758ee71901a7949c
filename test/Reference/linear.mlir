// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
func.func @linear() {
  %x = nn.constant dense<[[[1.0, 2.0], [3.0, 4.0]]]> : tensor<1x2x2xf32>
  %w = nn.constant dense<[[1.0, -1.0], [2.0, 0.5], [0.0, 1.0]]> : tensor<3x2xf32>
  %b = nn.constant dense<[10.0, 20.0, 30.0]> : tensor<3xf32>
  %y = nn.linear %x, %w bias %b {site = "w"} : (tensor<1x2x2xf32>, tensor<3x2xf32>, tensor<3xf32>) -> tensor<1x2x3xf32>
  %y_want = nn.constant dense<[[[9.0, 23.0, 32.0], [9.0, 28.0, 34.0]]]> : tensor<1x2x3xf32>
  check.expect_eq %y, %y_want : tensor<1x2x3xf32>
  %z = nn.linear %x, %w {site = "w"} : (tensor<1x2x2xf32>, tensor<3x2xf32>) -> tensor<1x2x3xf32>
  %z_want = nn.constant dense<[[[-1.0, 3.0, 2.0], [-1.0, 8.0, 4.0]]]> : tensor<1x2x3xf32>
  check.expect_eq %z, %z_want : tensor<1x2x3xf32>
  return
}
func.func @gradients() {
  %x = nn.constant dense<[[[1.0, 2.0], [3.0, 4.0]]]> : tensor<1x2x2xf32>
  %w = nn.constant dense<[[1.0, -1.0], [2.0, 0.5], [0.0, 1.0]]> : tensor<3x2xf32>
  %dy = nn.constant dense<[[[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]]]> : tensor<1x2x3xf32>
  %dx = nn.linear_input_grad %dy, %w {site = "w"} : (tensor<1x2x3xf32>, tensor<3x2xf32>) -> tensor<1x2x2xf32>
  %dx_want = nn.constant dense<[[[1.0, 1.0], [2.0, -0.5]]]> : tensor<1x2x2xf32>
  check.expect_eq %dx, %dx_want : tensor<1x2x2xf32>
  %dw = nn.linear_weight_grad %dy, %x {site = "w"} : (tensor<1x2x3xf32>, tensor<1x2x2xf32>) -> tensor<3x2xf32>
  %dw_want = nn.constant dense<[[1.0, 2.0], [3.0, 4.0], [-1.0, 0.0]]> : tensor<3x2xf32>
  check.expect_eq %dw, %dw_want : tensor<3x2xf32>
  %db = nn.bias_grad %dy {site = "w"} : (tensor<1x2x3xf32>) -> tensor<3xf32>
  %db_want = nn.constant dense<[1.0, 1.0, 1.0]> : tensor<3xf32>
  check.expect_eq %db, %db_want : tensor<3xf32>
  return
}
// N11: chunks of 256 along K. Elements 256 and 257 form a chunk of their own, whose sum 2 counts beside 2^24.
func.func @chunks_of_256() {
  %big = nn.constant dense<16777216.0> : tensor<1x1xf32>
  %ones = nn.constant dense<1.0> : tensor<1x257xf32>
  %x = nn.concat %big, %ones {axis = 1 : i64} : (tensor<1x1xf32>, tensor<1x257xf32>) -> tensor<1x258xf32>
  %w = nn.constant dense<1.0> : tensor<1x258xf32>
  %y = nn.linear %x, %w {site = "w"} : (tensor<1x258xf32>, tensor<1x258xf32>) -> tensor<1x1xf32>
  %want = nn.constant dense<[[16777218.0]]> : tensor<1x1xf32>
  check.expect_eq %y, %want : tensor<1x1xf32>
  return
}
// The products are fused: (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24, of which binary32 alone would lose the last term.
func.func @fused() {
  %x = nn.constant dense<[[-1.00048828125, 1.000244140625]]> : tensor<1x2xf32>
  %w = nn.constant dense<[[1.0, 1.000244140625]]> : tensor<1x2xf32>
  %y = nn.linear %x, %w {site = "w"} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  %want = nn.constant dense<[[5.9604644775390625e-08]]> : tensor<1x1xf32>
  check.expect_eq %y, %want : tensor<1x1xf32>
  return
}

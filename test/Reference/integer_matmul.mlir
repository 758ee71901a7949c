// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
// Scales 1 and 2 by row of a, 1 and 4 by row of b.
func.func @rows() {
  %x = nn.constant dense<[[7.0, 1.0], [14.0, -4.0]]> : tensor<2x2xf32>
  %w = nn.constant dense<[[2.0, 7.0], [28.0, 4.0]]> : tensor<2x2xf32>
  %b = nn.constant dense<[0.5, 0.25]> : tensor<2xf32>
  %qx = intq.quantize %x {site = "x"} : (tensor<2x2xf32>) -> !intq.q<2x2, i4, [1, *], f32>
  %qw = intq.quantize %w {site = "w"} : (tensor<2x2xf32>) -> !intq.q<2x2, i4, [1, *], f32>
  %y = intq.matmul %qx, %qw {transpose_b, site = "w"} : (!intq.q<2x2, i4, [1, *], f32>, !intq.q<2x2, i4, [1, *], f32>) -> tensor<2x2xf32>
  %want = nn.constant dense<[[21.0, 200.0], [0.0, 376.0]]> : tensor<2x2xf32>
  check.expect_eq %y, %want : tensor<2x2xf32>
  %z = intq.matmul %qx, %qw bias %b {transpose_b, site = "w"} : (!intq.q<2x2, i4, [1, *], f32>, !intq.q<2x2, i4, [1, *], f32>, tensor<2xf32>) -> tensor<2x2xf32>
  %z_want = nn.constant dense<[[21.5, 200.25], [0.5, 376.25]]> : tensor<2x2xf32>
  check.expect_eq %z, %z_want : tensor<2x2xf32>
  // unit codes: the other scale alone, or none.
  %u, %s = intq.unscale %qw : (!intq.q<2x2, i4, [1, *], f32>) -> (!intq.q<2x2, i4, [1, *], unit>, tensor<2x1xf32>)
  %v = intq.matmul %qx, %u {transpose_b, site = "w"} : (!intq.q<2x2, i4, [1, *], f32>, !intq.q<2x2, i4, [1, *], unit>) -> tensor<2x2xf32>
  %v_want = nn.constant dense<[[21.0, 50.0], [0.0, 94.0]]> : tensor<2x2xf32>
  check.expect_eq %v, %v_want : tensor<2x2xf32>
  %n = intq.matmul %u, %u {transpose_b, site = "w"} : (!intq.q<2x2, i4, [1, *], unit>, !intq.q<2x2, i4, [1, *], unit>) -> tensor<2x2xf32>
  %n_want = nn.constant dense<[[53.0, 21.0], [21.0, 50.0]]> : tensor<2x2xf32>
  check.expect_eq %n, %n_want : tensor<2x2xf32>
  return
}
// Two blocks along the contraction, the second one short: Σ fma(f32(S_c), s_c, ·).
func.func @blocks() {
  %g = nn.constant dense<[[7.0], [2.0], [14.0]]> : tensor<3x1xf32>
  %x = nn.constant dense<[[7.0, 1.0], [1.0, -7.0], [3.0, 7.0]]> : tensor<3x2xf32>
  %qg = intq.quantize %g {site = "g"} : (tensor<3x1xf32>) -> !intq.q<3x1, i4, [2, 1], f32>
  %qx = intq.quantize %x {site = "x"} : (tensor<3x2xf32>) -> !intq.q<3x2, i4, [1, *], f32>
  %u, %s = intq.unscale %qx : (!intq.q<3x2, i4, [1, *], f32>) -> (!intq.q<3x2, i4, [1, *], unit>, tensor<3x1xf32>)
  %dw = intq.matmul %qg, %u {transpose_a, site = "w"} : (!intq.q<3x1, i4, [2, 1], f32>, !intq.q<3x2, i4, [1, *], unit>) -> tensor<1x2xf32>
  // block 0: 7·7 + 2·1 = 51 and 7 - 14 = -7, scale 1; block 1: 7·3 = 21 and 49, scale 2
  %want = nn.constant dense<[[93.0, 91.0]]> : tensor<1x2xf32>
  check.expect_eq %dw, %want : tensor<1x2xf32>
  return
}
// 16-bit codes: 3·32767² needs 64 bits before the one conversion.
func.func @wide() {
  %x = nn.constant dense<32767.0> : tensor<1x3xf32>
  %q = intq.quantize %x {site = "x"} : (tensor<1x3xf32>) -> !intq.q<1x3, i16, [1, *], f32>
  %y = intq.matmul %q, %q {transpose_b, site = "w"} : (!intq.q<1x3, i16, [1, *], f32>, !intq.q<1x3, i16, [1, *], f32>) -> tensor<1x1xf32>
  %want = nn.constant dense<[[3221028867.0]]> : tensor<1x1xf32>
  check.expect_eq %y, %want : tensor<1x1xf32>
  return
}

// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
// amax 127 and 254: scales 1 and 2. Ties go to even codes.
func.func @rows() {
  %x = nn.constant dense<[[127.0, 0.5, 1.5, -2.5], [-254.0, 1.0, 3.0, 0.0]]> : tensor<2x4xf32>
  %q = intq.quantize %x {site = "x"} : (tensor<2x4xf32>) -> !intq.q<2x4, i8, [1, *], f32>
  %c, %s = check.codes %q : (!intq.q<2x4, i8, [1, *], f32>) -> (tensor<2x4xi8>, tensor<2x1xf32>)
  %c_want = arith.constant dense<[[127, 0, 2, -2], [-127, 0, 2, 0]]> : tensor<2x4xi8>
  %s_want = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  check.expect_eq %c, %c_want : tensor<2x4xi8>
  check.expect_eq %s, %s_want : tensor<2x1xf32>
  %d = intq.dequantize %q : (!intq.q<2x4, i8, [1, *], f32>) -> tensor<2x4xf32>
  %d_want = nn.constant dense<[[127.0, 0.0, 2.0, -2.0], [-254.0, 0.0, 4.0, 0.0]]> : tensor<2x4xf32>
  check.expect_eq %d, %d_want : tensor<2x4xf32>
  return
}
// The least power of two: 127 fits 2^0, 127.5 does not; 14 = 7·2 in 4 bits.
func.func @pow2() {
  %x = nn.constant dense<[[127.0, 1.0], [127.5, 1.0]]> : tensor<2x2xf32>
  %q = intq.quantize %x {site = "x"} : (tensor<2x2xf32>) -> !intq.q<2x2, i8, [1, *], pow2>
  %c, %s = check.codes %q : (!intq.q<2x2, i8, [1, *], pow2>) -> (tensor<2x2xi8>, tensor<2x1xf32>)
  %c_want = arith.constant dense<[[127, 1], [64, 0]]> : tensor<2x2xi8>
  %s_want = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  check.expect_eq %c, %c_want : tensor<2x2xi8>
  check.expect_eq %s, %s_want : tensor<2x1xf32>
  return
}
// mul(x, fold) is what is encoded.
func.func @fold() {
  %x = nn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %f = nn.constant dense<[7.0, 14.0]> : tensor<2xf32>
  %q = intq.quantize %x fold %f {site = "x"} : (tensor<2x2xf32>, tensor<2xf32>) -> !intq.q<2x2, i4, [1, *], f32>
  %c, %s = check.codes %q : (!intq.q<2x2, i4, [1, *], f32>) -> (tensor<2x2xi8>, tensor<2x1xf32>)
  %c_want = arith.constant dense<[[2, 7], [3, 7]]> : tensor<2x2xi8>
  %s_want = arith.constant dense<[[4.0], [8.0]]> : tensor<2x1xf32>
  check.expect_eq %c, %c_want : tensor<2x2xi8>
  check.expect_eq %s, %s_want : tensor<2x1xf32>
  return
}
// On the grid of a power-of-two scale stochastic rounding changes nothing.
func.func @stochastic_on_the_grid() {
  %rng = nn.constant dense<[11, 12, 13, 14]> : tensor<4xi32>
  %x = nn.constant dense<[64.0, -3.0, 0.0, 17.0]> : tensor<4xf32>
  %q = intq.quantize %x rng %rng {rounding = #intq<rounding stochastic>, stream = "s", site = "x"} : (tensor<4xf32>, tensor<4xi32>) -> !intq.q<4, i8, [*], pow2>
  %c, %s = check.codes %q : (!intq.q<4, i8, [*], pow2>) -> (tensor<4xi8>, tensor<1xf32>)
  %c_want = arith.constant dense<[64, -3, 0, 17]> : tensor<4xi8>
  check.expect_eq %c, %c_want : tensor<4xi8>
  return
}
// N9: the block with NaN is all zeros with scale 1, the others are untouched, the site is reported.
func.func @nonfinite() {
  %x = nn.constant dense<[[0x7FC00000, 0x3F800000], [0x42FE0000, 0x40000000], [0x3F800000, 0xFF800000]]> : tensor<3x2xf32>
  %q = intq.quantize %x {site = "bad"} : (tensor<3x2xf32>) -> !intq.q<3x2, i8, [1, *], f32>
  check.expect_nonfinite "bad"
  %c, %s = check.codes %q : (!intq.q<3x2, i8, [1, *], f32>) -> (tensor<3x2xi8>, tensor<3x1xf32>)
  %c_want = arith.constant dense<[[0, 0], [127, 2], [0, 0]]> : tensor<3x2xi8>
  %s_want = arith.constant dense<1.0> : tensor<3x1xf32>
  check.expect_eq %c, %c_want : tensor<3x2xi8>
  check.expect_eq %s, %s_want : tensor<3x1xf32>
  return
}
func.func @zeros() {
  %x = nn.constant dense<[[-0.0, 0.0]]> : tensor<1x2xf32>
  %q = intq.quantize %x {site = "x"} : (tensor<1x2xf32>) -> !intq.q<1x2, i16, [1, *], f32>
  %c, %s = check.codes %q : (!intq.q<1x2, i16, [1, *], f32>) -> (tensor<1x2xi16>, tensor<1x1xf32>)
  %c_want = arith.constant dense<0> : tensor<1x2xi16>
  %s_want = arith.constant dense<1.0> : tensor<1x1xf32>
  check.expect_eq %c, %c_want : tensor<1x2xi16>
  check.expect_eq %s, %s_want : tensor<1x1xf32>
  return
}
func.func @unscale_reshape() {
  %x = nn.constant dense<[[[7.0, 1.0], [14.0, 2.0]]]> : tensor<1x2x2xf32>
  %q = intq.quantize %x {site = "x"} : (tensor<1x2x2xf32>) -> !intq.q<1x2x2, i4, [1, 1, *], f32>
  %r = intq.reshape %q : (!intq.q<1x2x2, i4, [1, 1, *], f32>) -> !intq.q<2x2, i4, [1, *], f32>
  %u, %s = intq.unscale %r : (!intq.q<2x2, i4, [1, *], f32>) -> (!intq.q<2x2, i4, [1, *], unit>, tensor<2x1xf32>)
  %s_want = nn.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  check.expect_eq %s, %s_want : tensor<2x1xf32>
  %d = intq.dequantize %r : (!intq.q<2x2, i4, [1, *], f32>) -> tensor<2x2xf32>
  %d_want = nn.constant dense<[[7.0, 1.0], [14.0, 2.0]]> : tensor<2x2xf32>
  check.expect_eq %d, %d_want : tensor<2x2xf32>
  return
}

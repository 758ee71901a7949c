// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
// Codes without scales have scale 1.
func.func @main() {
  %x = nn.constant dense<[[[7.0, 1.0], [14.0, 2.0]]]> : tensor<1x2x2xf32>
  %q = intq.quantize %x {site = "x"} : (tensor<1x2x2xf32>) -> !intq.q<1x2x2, i4, [1, 1, *], f32>
  %r = intq.reshape %q : (!intq.q<1x2x2, i4, [1, 1, *], f32>) -> !intq.q<2x2, i4, [1, *], f32>
  %u, %s = intq.unscale %r : (!intq.q<2x2, i4, [1, *], f32>) -> (!intq.q<2x2, i4, [1, *], unit>, tensor<2x1xf32>)
  %s_want = nn.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  check.expect_eq %s, %s_want : tensor<2x1xf32>
  %d = intq.dequantize %u : (!intq.q<2x2, i4, [1, *], unit>) -> tensor<2x2xf32>
  %d_want = nn.constant dense<[[7.0, 1.0], [7.0, 1.0]]> : tensor<2x2xf32>
  check.expect_eq %d, %d_want : tensor<2x2xf32>
  return
}

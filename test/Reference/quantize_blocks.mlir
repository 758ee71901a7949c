// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
// Blocks of 2 rows by 2 columns, the last ones short: padding does not exist.
func.func @short_blocks() {
  %x = nn.constant dense<[[7.0, 1.0, 14.0], [1.0, 1.0, 2.0], [28.0, 4.0, 0.0]]> : tensor<3x3xf32>
  %q = intq.quantize %x {site = "x"} : (tensor<3x3xf32>) -> !intq.q<3x3, i4, [2, 2], f32>
  %c, %s = check.codes %q : (!intq.q<3x3, i4, [2, 2], f32>) -> (tensor<3x3xi8>, tensor<2x2xf32>)
  %c_want = arith.constant dense<[[7, 1, 7], [1, 1, 1], [7, 1, 0]]> : tensor<3x3xi8>
  %s_want = arith.constant dense<[[1.0, 2.0], [4.0, 1.0]]> : tensor<2x2xf32>
  check.expect_eq %c, %c_want : tensor<3x3xi8>
  check.expect_eq %s, %s_want : tensor<2x2xf32>
  return
}

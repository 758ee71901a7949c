// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
// Key 0, step 0 and microbatch 0 leave the stream as the one word of the counter that is not 0. Expected
// masks are from Philox in NumPy (test/python/numerics_model.py).
func.func @keeps_everything() {
  %rng = nn.constant dense<0> : tensor<4xi32>
  %x = nn.constant dense<[1.0, -0.0, 3.0]> : tensor<3xf32>
  %y = nn.dropout %x, %rng {ratio = 0.0 : f32, stream = "s"} : (tensor<3xf32>, tensor<4xi32>) -> tensor<3xf32>
  check.expect_eq %y, %x : tensor<3xf32>
  return
}
func.func @half() {
  %rng = nn.constant dense<[1, 2, 3, 4]> : tensor<4xi32>
  %x = nn.constant dense<1.0> : tensor<2x10xf32>
  %y = nn.dropout %x, %rng {ratio = 0.5 : f32, stream = "s"} : (tensor<2x10xf32>, tensor<4xi32>) -> tensor<2x10xf32>
  %want = nn.constant dense<[[0.0, 0.0, 2.0, 2.0, 2.0, 0.0, 0.0, 2.0, 2.0, 2.0], [2.0, 2.0, 0.0, 0.0, 2.0, 2.0, 0.0, 2.0, 0.0, 0.0]]> : tensor<2x10xf32>
  check.expect_eq %y, %want : tensor<2x10xf32>
  return
}
// The same mask on codes; the keep factor goes into the scales.
func.func @codes() {
  %rng = nn.constant dense<[1, 2, 3, 4]> : tensor<4xi32>
  %x = nn.constant dense<1.0> : tensor<2x10xf32>
  %q = intq.quantize %x {site = "x"} : (tensor<2x10xf32>) -> !intq.q<2x10, i8, [1, *], pow2>
  %d = intq.dropout %q, %rng {ratio = 0.5 : f32, stream = "s"} : (!intq.q<2x10, i8, [1, *], pow2>, tensor<4xi32>) -> !intq.q<2x10, i8, [1, *], f32>
  %codes, %scales = check.codes %d : (!intq.q<2x10, i8, [1, *], f32>) -> (tensor<2x10xi8>, tensor<2x1xf32>)
  %codes_want = arith.constant dense<[[0, 0, 64, 64, 64, 0, 0, 64, 64, 64], [64, 64, 0, 0, 64, 64, 0, 64, 0, 0]]> : tensor<2x10xi8>
  %scales_want = arith.constant dense<0.03125> : tensor<2x1xf32>
  check.expect_eq %codes, %codes_want : tensor<2x10xi8>
  check.expect_eq %scales, %scales_want : tensor<2x1xf32>
  return
}

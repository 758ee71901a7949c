// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
// 2^24 + 1 rounds to 2^24, so each order of additions has its own result (Spec N3).
func.func @sixteen_lanes() {
  // Lane 0 holds 2^24 and then 1 (element 16), which is lost; a plain loop would lose all four 1s.
  %x = nn.constant dense<[[16777216.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]]> : tensor<1x18xf32>
  %y = nn.reduce_sum %x {count = 1 : i64, trailing} : (tensor<1x18xf32>) -> tensor<1xf32>
  // Lane 1 is 1 + 1 = 2, lane 2 is 1: 2^24 + 1 (lane 2, first) = 2^24, then + 2.
  %want = nn.constant dense<[16777218.0]> : tensor<1xf32>
  check.expect_eq %y, %want : tensor<1xf32>
  return
}
func.func @leading() {
  %x = nn.constant dense<[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]> : tensor<2x2x2xf32>
  %one = nn.reduce_sum %x {count = 1 : i64} : (tensor<2x2x2xf32>) -> tensor<2x2xf32>
  %one_want = nn.constant dense<[[6.0, 8.0], [10.0, 12.0]]> : tensor<2x2xf32>
  check.expect_eq %one, %one_want : tensor<2x2xf32>
  %two = nn.reduce_sum %x {count = 2 : i64} : (tensor<2x2x2xf32>) -> tensor<2xf32>
  %two_want = nn.constant dense<[16.0, 20.0]> : tensor<2xf32>
  check.expect_eq %two, %two_want : tensor<2xf32>
  %all = nn.reduce_sum %x {count = 3 : i64, trailing} : (tensor<2x2x2xf32>) -> tensor<f32>
  %all_want = nn.constant dense<36.0> : tensor<f32>
  check.expect_eq %all, %all_want : tensor<f32>
  return
}
// Rows 0 to 127 are one chunk: 2^24, then 1s that are lost. Rows 128 and 129 are the next: 1 + 1 = 2 counts.
func.func @chunks_of_128_rows() {
  %big = nn.constant dense<16777216.0> : tensor<1x1xf32>
  %ones = nn.constant dense<1.0> : tensor<129x1xf32>
  %x = nn.concat %big, %ones {axis = 0 : i64} : (tensor<1x1xf32>, tensor<129x1xf32>) -> tensor<130x1xf32>
  %y = nn.reduce_sum %x {count = 1 : i64} : (tensor<130x1xf32>) -> tensor<1xf32>
  %want = nn.constant dense<[16777218.0]> : tensor<1xf32>
  check.expect_eq %y, %want : tensor<1xf32>
  %b = nn.bias_grad %x {site = "w"} : (tensor<130x1xf32>) -> tensor<1xf32>
  check.expect_eq %b, %want : tensor<1xf32>
  return
}

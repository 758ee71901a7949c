// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
func.func @layouts() {
  %a = nn.constant dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]]> : tensor<2x2x3xf32>
  %b = nn.constant dense<[[[1.0], [0.0], [-1.0]], [[5.0], [6.0], [7.0]]]> : tensor<2x3x1xf32>
  %y = nn.matmul %a, %b {site = "m"} : (tensor<2x2x3xf32>, tensor<2x3x1xf32>) -> tensor<2x2x1xf32>
  %want = nn.constant dense<[[[-2.0], [-2.0]], [[6.0], [5.0]]]> : tensor<2x2x1xf32>
  check.expect_eq %y, %want : tensor<2x2x1xf32>
  %at = nn.transpose %a {perm = array<i64: 0, 2, 1>} : (tensor<2x2x3xf32>) -> tensor<2x3x2xf32>
  %bt = nn.transpose %b {perm = array<i64: 0, 2, 1>} : (tensor<2x3x1xf32>) -> tensor<2x1x3xf32>
  %z = nn.matmul %at, %bt {transpose_a, transpose_b, site = "m"} : (tensor<2x3x2xf32>, tensor<2x1x3xf32>) -> tensor<2x2x1xf32>
  check.expect_eq %z, %want : tensor<2x2x1xf32>
  return
}

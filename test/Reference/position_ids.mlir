// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
// Padding (1) in front, between and behind; a row of it alone.
func.func @main() {
  %ids = nn.constant dense<[[0, 9, 1, 7, 1], [1, 1, 5, 5, 5], [1, 1, 1, 1, 1]]> : tensor<3x5xi32>
  %p = nn.position_ids %ids {padding_idx = 1 : i64} : (tensor<3x5xi32>) -> tensor<3x5xi32>
  %want = nn.constant dense<[[2, 3, 1, 4, 1], [1, 1, 2, 3, 4], [1, 1, 1, 1, 1]]> : tensor<3x5xi32>
  check.expect_eq %p, %want : tensor<3x5xi32>
  return
}

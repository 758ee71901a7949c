// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
func.func @forward() {
  %x = nn.constant dense<[0.5, -1.0, 0.0, -0.0, 0x7F800000, 0xFF800000]> : tensor<6xf32>
  %y = nn.relu %x : (tensor<6xf32>) -> tensor<6xf32>
  %want = nn.constant dense<[0.5, 0.0, 0.0, 0.0, 0x7F800000, 0.0]> : tensor<6xf32>
  check.expect_eq %y, %want : tensor<6xf32>
  return
}
// Nothing flows where the output is 0.
func.func @backward() {
  %y = nn.constant dense<[0.5, 0.0, 3.0]> : tensor<3xf32>
  %dy = nn.constant dense<[4.0, 3.0, -2.0]> : tensor<3xf32>
  %dx = nn.relu_grad %dy, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %want = nn.constant dense<[4.0, 0.0, -2.0]> : tensor<3xf32>
  check.expect_eq %dx, %want : tensor<3xf32>
  return
}

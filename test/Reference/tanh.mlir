// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
func.func @forward() {
  %x = nn.constant dense<[0.5, -1.0, 3.0, 1.0e-3, -0.99, 20.0, -0.0]> : tensor<7xf32>
  %y = nn.tanh %x : (tensor<7xf32>) -> tensor<7xf32>
  %want = nn.constant dense<[0.46211715726000974, -0.7615941559557649, 0.9950547536867305, 0.0009999996666668, -0.7573623242165262, 1.0, -0.0]> : tensor<7xf32>
  check.expect_close %y, %want {relative = 1.2e-7} : tensor<7xf32>
  return
}
// dx = mul(dy, fma(-y, y, 1))
func.func @backward() {
  %y = nn.constant dense<[0.5, -1.0, 0.0]> : tensor<3xf32>
  %dy = nn.constant dense<[4.0, 3.0, -2.0]> : tensor<3xf32>
  %dx = nn.tanh_grad %dy, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %want = nn.constant dense<[3.0, 0.0, -2.0]> : tensor<3xf32>
  check.expect_eq %dx, %want : tensor<3xf32>
  return
}

// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
// Broadcasting on either side; one operation an element.
func.func @binary() {
  %a = nn.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, -6.0]]> : tensor<2x3xf32>
  %b = nn.constant dense<[0.5, -1.0, 2.0]> : tensor<3xf32>
  %c = nn.constant dense<[[8.0], [-4.0]]> : tensor<2x1xf32>
  %s = nn.constant dense<2.0> : tensor<f32>
  %add = nn.add %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %add_want = nn.constant dense<[[1.5, 1.0, 5.0], [4.5, 4.0, -4.0]]> : tensor<2x3xf32>
  check.expect_eq %add, %add_want : tensor<2x3xf32>
  %sub = nn.sub %c, %a : (tensor<2x1xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %sub_want = nn.constant dense<[[7.0, 6.0, 5.0], [-8.0, -9.0, 2.0]]> : tensor<2x3xf32>
  check.expect_eq %sub, %sub_want : tensor<2x3xf32>
  %mul = nn.mul %c, %b : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %mul_want = nn.constant dense<[[4.0, -8.0, 16.0], [-2.0, 4.0, -8.0]]> : tensor<2x3xf32>
  check.expect_eq %mul, %mul_want : tensor<2x3xf32>
  %div = nn.div %a, %s : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %div_want = nn.constant dense<[[0.5, 1.0, 1.5], [2.0, 2.5, -3.0]]> : tensor<2x3xf32>
  check.expect_eq %div, %div_want : tensor<2x3xf32>
  return
}
func.func @scale() {
  %x = nn.constant dense<[1.0, -0.0, 3.0]> : tensor<3xf32>
  %y = nn.scale %x {factor = -0.125 : f32} : (tensor<3xf32>) -> tensor<3xf32>
  %want = nn.constant dense<[-0.125, 0.0, -0.375]> : tensor<3xf32>
  check.expect_eq %y, %want : tensor<3xf32>
  return
}
// Subnormals are kept; division by zero is IEEE.
func.func @edges() {
  %x = nn.constant dense<[0x00000003, 0x3F800000, 0xBF800000]> : tensor<3xf32>
  %y = nn.constant dense<[0x40000000, 0x00000000, 0x00000000]> : tensor<3xf32>
  %q = nn.div %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %want = nn.constant dense<[0x00000002, 0x7F800000, 0xFF800000]> : tensor<3xf32>
  check.expect_eq %q, %want : tensor<3xf32>
  return
}

// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
func.func @cross_entropy() {
  %x = nn.constant dense<[[1.0, 2.0, 3.0], [9.0, 9.0, 9.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %labels = nn.constant dense<[2, -100, 0]> : tensor<3xi32>
  %loss = nn.cross_entropy %x, %labels : (tensor<3x3xf32>, tensor<3xi32>) -> tensor<f32>
  // (0.40760596444438013 + log 3)/2
  %want = nn.constant dense<0.7531091265562449> : tensor<f32>
  check.expect_close %loss, %want {relative = 2.0e-7} : tensor<f32>
  %dloss = nn.constant dense<4.0> : tensor<f32>
  %dx = nn.cross_entropy_grad %dloss, %x, %labels : (tensor<f32>, tensor<3x3xf32>, tensor<3xi32>) -> tensor<3x3xf32>
  %dx_want = nn.constant dense<[[0.18006114634076092, 0.48945694210959534, -0.6695180884503562], [0.0, 0.0, 0.0], [-1.3333333333, 0.6666666667, 0.6666666667]]> : tensor<3x3xf32>
  check.expect_close %dx, %dx_want {relative = 4.0e-7} : tensor<3x3xf32>
  return
}
func.func @other_ignore_index() {
  %x = nn.constant dense<[[5.0, 5.0]]> : tensor<1x2xf32>
  %labels = nn.constant dense<[1]> : tensor<1xi32>
  %zero = nn.constant dense<0.0> : tensor<f32>
  %loss = nn.cross_entropy %x, %labels {ignore_index = 1 : i64} : (tensor<1x2xf32>, tensor<1xi32>) -> tensor<f32>
  check.expect_eq %loss, %zero : tensor<f32>
  %dx = nn.cross_entropy_grad %loss, %x, %labels {ignore_index = 1 : i64} : (tensor<f32>, tensor<1x2xf32>, tensor<1xi32>) -> tensor<1x2xf32>
  %none = nn.constant dense<0.0> : tensor<1x2xf32>
  check.expect_eq %dx, %none : tensor<1x2xf32>
  return
}
func.func @mse() {
  %p = nn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %t = nn.constant dense<[[0.0, 4.0], [3.0, 1.0]]> : tensor<2x2xf32>
  %loss = nn.mse %p, %t : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<f32>
  %want = nn.constant dense<3.5> : tensor<f32>
  check.expect_eq %loss, %want : tensor<f32>
  %dloss = nn.constant dense<2.0> : tensor<f32>
  %dp = nn.mse_grad %dloss, %p, %t : (tensor<f32>, tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %dp_want = nn.constant dense<[[1.0, -2.0], [0.0, 3.0]]> : tensor<2x2xf32>
  check.expect_eq %dp, %dp_want : tensor<2x2xf32>
  return
}

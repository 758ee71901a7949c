// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
// Against x·Φ(x) in binary64.
func.func @exact() {
  %x = nn.constant dense<[0.0, 1.0, -1.0, 3.0, -6.0, 0.5]> : tensor<6xf32>
  %y = nn.gelu %x : (tensor<6xf32>) -> tensor<6xf32>
  %want = nn.constant dense<[0.0, 0.8413447460685429, -0.15865525393145707, 2.99595030590511, -5.919525870226207e-09, 0.34573123063700656]> : tensor<6xf32>
  check.expect_close %y, %want {relative = 2.0e-7} : tensor<6xf32>
  %dy = nn.constant dense<2.0> : tensor<6xf32>
  %dx = nn.gelu_grad %dy, %x : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  %dx_want = nn.constant dense<[1.0, 2.166630941175373, -0.16663094117537258, 2.023891294408368, -7.093741890780403e-08, 1.7349902493123257]> : tensor<6xf32>
  check.expect_close %dx, %dx_want {relative = 2.0e-6} : tensor<6xf32>
  return
}
func.func @tanh_form() {
  %x = nn.constant dense<[0.0, 1.0, -1.0, 2.0, -2.0, 0.5]> : tensor<6xf32>
  %y = nn.gelu %x {approximate = #nn<gelu tanh>} : (tensor<6xf32>) -> tensor<6xf32>
  %want = nn.constant dense<[0.0, 0.8411919906082768, -0.15880800939172324, 1.954597694087775, -0.04540230591222494, 0.34571400982514394]> : tensor<6xf32>
  check.expect_close %y, %want {relative = 2.0e-6} : tensor<6xf32>
  %dy = nn.constant dense<2.0> : tensor<6xf32>
  %dx = nn.gelu_grad %dy, %x {approximate = #nn<gelu tanh>} : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  %dx_want = nn.constant dense<[1.0, 2.165928167691565, -0.1659281676915651, 2.1721985132472366, -0.1721985132472365, 1.7347398070692848]> : tensor<6xf32>
  check.expect_close %dx, %dx_want {relative = 3.0e-6} : tensor<6xf32>
  return
}

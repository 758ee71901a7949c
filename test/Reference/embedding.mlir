// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
func.func @float() {
  %table = nn.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %ids = nn.constant dense<[[2, 0, 2]]> : tensor<1x3xi32>
  %y = nn.embedding %table, %ids {site = "t"} : (tensor<3x2xf32>, tensor<1x3xi32>) -> tensor<1x3x2xf32>
  %want = nn.constant dense<[[[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]]> : tensor<1x3x2xf32>
  check.expect_eq %y, %want : tensor<1x3x2xf32>
  %dt = nn.embedding_grad %y, %ids {padding_idx = 0 : i64, site = "t"} : (tensor<1x3x2xf32>, tensor<1x3xi32>) -> tensor<3x2xf32>
  %dt_want = nn.constant dense<[[0.0, 0.0], [0.0, 0.0], [10.0, 12.0]]> : tensor<3x2xf32>
  check.expect_eq %dt, %dt_want : tensor<3x2xf32>
  return
}
// amax 127 in every row: scale 1, codes are the values.
func.func @integer() {
  %table = nn.constant dense<[[127.0, 2.0], [-127.0, 254.0]]> : tensor<2x2xf32>
  %ids = nn.constant dense<[1, 1, 0]> : tensor<3xi32>
  %q = intq.quantize %table {site = "t"} : (tensor<2x2xf32>) -> !intq.q<2x2, i8, [1, *], f32>
  %y = intq.embedding %q, %ids {site = "t"} : (!intq.q<2x2, i8, [1, *], f32>, tensor<3xi32>) -> tensor<3x2xf32>
  // -127 in a row with scale 2 is code -63.5, which rounds to even: -64.
  %want = nn.constant dense<[[-128.0, 254.0], [-128.0, 254.0], [127.0, 2.0]]> : tensor<3x2xf32>
  check.expect_eq %y, %want : tensor<3x2xf32>
  %dy = nn.constant dense<[[127.0, 1.0], [1.0, 1.0], [1.0, 1.0]]> : tensor<3x2xf32>
  %g = intq.quantize %dy {site = "t"} : (tensor<3x2xf32>) -> !intq.q<3x2, i8, [*, *], f32>
  %dt = intq.embedding_grad %g, %ids : (!intq.q<3x2, i8, [*, *], f32>, tensor<3xi32>) -> tensor<2x2xf32>
  %dt_want = nn.constant dense<[[1.0, 1.0], [128.0, 2.0]]> : tensor<2x2xf32>
  check.expect_eq %dt, %dt_want : tensor<2x2xf32>
  %db = intq.bias_grad %g : (!intq.q<3x2, i8, [*, *], f32>) -> tensor<2xf32>
  %db_want = nn.constant dense<[129.0, 3.0]> : tensor<2xf32>
  check.expect_eq %db, %db_want : tensor<2xf32>
  return
}

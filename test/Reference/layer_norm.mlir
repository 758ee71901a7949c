// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
// Rows 1, 3 and -2, 2: means 2 and 0, variances 1 and 4; with epsilon 3 and 12 the roots are exact.
func.func @forward_backward() {
  %x = nn.constant dense<[[1.0, 3.0]]> : tensor<1x2xf32>
  %w = nn.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %b = nn.constant dense<[10.0, 20.0]> : tensor<2xf32>
  %y, %mean, %rstd = nn.layer_norm %x, %w, %b {epsilon = 3.0 : f32, site = "ln"} : (tensor<1x2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<1x2xf32>, tensor<1x1xf32>, tensor<1x1xf32>)
  %y_want = nn.constant dense<[[9.0, 22.0]]> : tensor<1x2xf32>
  %mean_want = nn.constant dense<[[2.0]]> : tensor<1x1xf32>
  %rstd_want = nn.constant dense<[[0.5]]> : tensor<1x1xf32>
  check.expect_eq %y, %y_want : tensor<1x2xf32>
  check.expect_eq %mean, %mean_want : tensor<1x1xf32>
  check.expect_eq %rstd, %rstd_want : tensor<1x1xf32>
  // x^ = [-.5, .5]; gh = [4, 8]; m1 = 6; m2 = (-2 + 4)/2 = 1; dx = .5·(gh - 6 - x^)
  %dy = nn.constant dense<[[2.0, 2.0]]> : tensor<1x2xf32>
  %dx, %dw, %db = nn.layer_norm_grad %dy, %x, %w, %mean, %rstd {epsilon = 3.0 : f32, site = "ln"} : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<2xf32>, tensor<1x1xf32>, tensor<1x1xf32>) -> (tensor<1x2xf32>, tensor<2xf32>, tensor<2xf32>)
  %dx_want = nn.constant dense<[[-0.75, 0.75]]> : tensor<1x2xf32>
  %dw_want = nn.constant dense<[-1.0, 1.0]> : tensor<2xf32>
  %db_want = nn.constant dense<[2.0, 2.0]> : tensor<2xf32>
  check.expect_eq %dx, %dx_want : tensor<1x2xf32>
  check.expect_eq %dw, %dw_want : tensor<2xf32>
  check.expect_eq %db, %db_want : tensor<2xf32>
  return
}

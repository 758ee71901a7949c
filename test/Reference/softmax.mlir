// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
func.func @plain() {
  %x = nn.constant dense<[[1.0, 2.0, 3.0], [1001.0, 1002.0, 1003.0]]> : tensor<2x3xf32>
  %y = nn.softmax %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %want = nn.constant dense<[[0.09003057317038046, 0.24472847105479767, 0.6652409557748219], [0.09003057317038046, 0.24472847105479767, 0.6652409557748219]]> : tensor<2x3xf32>
  check.expect_close %y, %want {relative = 2.0e-7} : tensor<2x3xf32>
  return
}
// Masked keys are exactly +0; a row without kept keys too; the maximum is over kept keys only.
func.func @keep() {
  %x = nn.constant dense<[[[[1.0, 2.0, 3000.0]]], [[[1.0, 2.0, 3.0]]]]> : tensor<2x1x1x3xf32>
  %keep = nn.constant dense<[[1, 1, 0], [0, 0, 0]]> : tensor<2x3xi32>
  %y = nn.softmax %x keep %keep : (tensor<2x1x1x3xf32>, tensor<2x3xi32>) -> tensor<2x1x1x3xf32>
  %want = nn.constant dense<[[[[0.2689414213699951, 0.7310585786300049, 0.0]]], [[[0.0, 0.0, 0.0]]]]> : tensor<2x1x1x3xf32>
  check.expect_close %y, %want {relative = 2.0e-7} : tensor<2x1x1x3xf32>
  return
}
func.func @equal_logits_are_exact() {
  %x = nn.constant dense<-7.0> : tensor<1x4xf32>
  %y = nn.softmax %x : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %want = nn.constant dense<0.25> : tensor<1x4xf32>
  check.expect_eq %y, %want : tensor<1x4xf32>
  return
}
func.func @grad() {
  %y = nn.constant dense<[[0.25, 0.75], [1.0, 0.0]]> : tensor<2x2xf32>
  %dy = nn.constant dense<[[4.0, 8.0], [3.0, 5.0]]> : tensor<2x2xf32>
  %dx = nn.softmax_grad %dy, %y : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %want = nn.constant dense<[[-0.75, 0.75], [0.0, 0.0]]> : tensor<2x2xf32>
  check.expect_eq %dx, %want : tensor<2x2xf32>
  return
}
func.func @mask_rows() {
  %x = nn.constant dense<[[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]]> : tensor<1x2x2x2xf32>
  %keep = nn.constant dense<[[0, 5]]> : tensor<1x2xi32>
  %y = nn.mask_rows %x, %keep : (tensor<1x2x2x2xf32>, tensor<1x2xi32>) -> tensor<1x2x2x2xf32>
  %want = nn.constant dense<[[[[0.0, 0.0], [3.0, 4.0]], [[0.0, 0.0], [7.0, 8.0]]]]> : tensor<1x2x2x2xf32>
  check.expect_eq %y, %want : tensor<1x2x2x2xf32>
  return
}

// --entry runs one function and prints its results.
// RUN: intq-run --entry=main %s | FileCheck %s
// CHECK: dense<[1.000000e+00, 2.500000e+00]> : tensor<2xf32>
// CHECK-NEXT: dense<7> : tensor<i32>
// CHECK-NOT: dense
func.func @main() -> (tensor<2xf32>, tensor<i32>) {
  %a = nn.constant dense<[1.0, 2.5]> : tensor<2xf32>
  %b = nn.constant dense<7> : tensor<i32>
  return %a, %b : tensor<2xf32>, tensor<i32>
}
func.func @not_run() {
  %a = nn.constant dense<1> : tensor<i32>
  %b = nn.constant dense<2> : tensor<i32>
  check.expect_eq %a, %b : tensor<i32>
  return
}

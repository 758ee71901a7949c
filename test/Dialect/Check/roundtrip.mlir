// RUN: intq-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @expect_eq
// CHECK: check.expect_eq %{{.*}}, %{{.*}} : tensor<4xf32>
// CHECK: check.expect_eq %{{.*}}, %{{.*}} : tensor<f64>
func.func @expect_eq(%a: tensor<4xf32>, %b: tensor<f64>) {
  check.expect_eq %a, %a : tensor<4xf32>
  check.expect_eq %b, %b : tensor<f64>
  return
}

// CHECK-LABEL: @expect_close
// CHECK: check.expect_close %{{.*}}, %{{.*}} {absolute = 1.000000e-03 : f64} : tensor<4xf32>
func.func @expect_close(%a: tensor<4xf32>) {
  check.expect_close %a, %a {absolute = 1.0e-3} : tensor<4xf32>
  return
}

// CHECK-LABEL: @codes
// CHECK: check.codes %{{.*}} : (!intq.q<4x8, i12, [1, *], f32>) -> (tensor<4x8xi16>, tensor<4x1xf32>)
func.func @codes(%q: !intq.q<4x8, i12, [1, *], f32>) {
  %codes, %scales = check.codes %q : (!intq.q<4x8, i12, [1, *], f32>) -> (tensor<4x8xi16>, tensor<4x1xf32>)
  return
}

// CHECK-LABEL: @expect_nonfinite
// CHECK: check.expect_nonfinite "w"
func.func @expect_nonfinite() {
  check.expect_nonfinite "w"
  return
}

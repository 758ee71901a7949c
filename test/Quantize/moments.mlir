// RUN: intq-opt %s --nn-quantize="recipe=float moments=i8" | FileCheck %s
// RUN: intq-opt %s --nn-quantize="recipe=float moments=f32" | FileCheck %s --check-prefix=F32
// RUN: echo 'module attributes {intq.recipe = #intq.recipe<"mine", {moments = #intq.format<i8, [1, 256], f32>}>} {}' > %t.mlir
// RUN: intq-opt %s --nn-quantize=recipe=%t.mlir | FileCheck %s
// RUN: intq-opt %s --nn-quantize="recipe=%t.mlir moments=f32" | FileCheck %s --check-prefix=F32
// RUN: not intq-opt %s --nn-quantize="moments=i4" 2>&1 | FileCheck %s --check-prefix=NAME

// NAME: expected moments f32 or i8, but got 'i4'

// Moments of the weight become codes in the state, with scales and bases beside them; the bias and what is updated in part
// keep floats.

// CHECK: intq.recipe = #intq.recipe<"{{float|mine}}", {moments = #intq.format<i8, [1, 256], f32>}>
// CHECK-LABEL: func.func @update
// CHECK-SAME: %[[M:[a-z0-9]+]]: tensor<65x64xi8> {intq.role = "moment1", intq.state = "w/moment1"}
// CHECK-SAME: %[[S:[a-z0-9]+]]: tensor<17xf32> {intq.role = "moment1", intq.state = "w/moment1_scale"}
// CHECK-SAME: tensor<64xf32> {intq.role = "moment1", intq.state = "b/moment1"}
// CHECK-SAME: tensor<128x64xf32> {intq.role = "moment1", intq.state = "a/moment1"}
// CHECK-SAME: %[[V:[a-z0-9]+]]: tensor<65x64xi8> {intq.role = "moment2", intq.state = "w/moment2"}
// CHECK-SAME: %[[B:[a-z0-9]+]]: tensor<17xi32> {intq.role = "moment2", intq.state = "w/moment2_base"}
// CHECK-SAME: %[[RNG:[a-z0-9]+]]: tensor<4xi32> {intq.rng}
// CHECK-SAME: -> (tensor<65x64xf32> {intq.state = "w"}, tensor<64xf32> {intq.state = "b"}, tensor<128x64xf32> {intq.state = "a"}
// CHECK-SAME: tensor<65x64xi8> {intq.state = "w/moment1"}, tensor<17xf32> {intq.state = "w/moment1_scale"}
// CHECK-SAME: tensor<65x64xi8> {intq.state = "w/moment2"}, tensor<17xi32> {intq.state = "w/moment2_base"}
// CHECK: intq.adamw %{{.*}}, %[[M]] scale %[[S]], %[[V]] base %[[B]], %{{.*}}, %{{.*}}, %[[RNG]] {beta1 = {{.*}}stream = "w/moments"}
// CHECK: nn.adamw {{.*}} : (tensor<64xf32>
// CHECK: nn.adamw {{.*}} : (tensor<100x64xf32>
// F32: intq.recipe = #intq.recipe<"{{float|mine}}", {}>
// F32-NOT: intq.adamw
func.func @update(%gw: tensor<65x64xf32>, %gb: tensor<64xf32>, %ga: tensor<100x64xf32>,
    %w: tensor<65x64xf32> {intq.state = "w", intq.role = "parameter"}, %b: tensor<64xf32> {intq.state = "b", intq.role = "parameter"},
    %a: tensor<128x64xf32> {intq.state = "a", intq.role = "parameter"},
    %wm: tensor<65x64xf32> {intq.state = "w/moment1", intq.role = "moment1"}, %bm: tensor<64xf32> {intq.state = "b/moment1", intq.role = "moment1"},
    %am: tensor<128x64xf32> {intq.state = "a/moment1", intq.role = "moment1"},
    %wv: tensor<65x64xf32> {intq.state = "w/moment2", intq.role = "moment2"}, %bv: tensor<64xf32> {intq.state = "b/moment2", intq.role = "moment2"},
    %av: tensor<128x64xf32> {intq.state = "a/moment2", intq.role = "moment2"}, %s: tensor<3xf32> {intq.input = "s"})
    -> (tensor<65x64xf32> {intq.state = "w"}, tensor<64xf32> {intq.state = "b"}, tensor<128x64xf32> {intq.state = "a"},
        tensor<65x64xf32> {intq.state = "w/moment1"}, tensor<64xf32> {intq.state = "b/moment1"}, tensor<128x64xf32> {intq.state = "a/moment1"},
        tensor<65x64xf32> {intq.state = "w/moment2"}, tensor<64xf32> {intq.state = "b/moment2"}, tensor<128x64xf32> {intq.state = "a/moment2"}) {
  %w1, %wm1, %wv1 = nn.adamw %w, %wm, %wv, %gw, %s {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>, decay} : (tensor<65x64xf32>, tensor<65x64xf32>, tensor<65x64xf32>, tensor<65x64xf32>, tensor<3xf32>) -> (tensor<65x64xf32>, tensor<65x64xf32>, tensor<65x64xf32>)
  %b1, %bm1, %bv1 = nn.adamw %b, %bm, %bv, %gb, %s {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>} : (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<3xf32>) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>)
  %part = nn.slice %a {offsets = array<i64: 0, 0>} : (tensor<128x64xf32>) -> tensor<100x64xf32>
  %partm = nn.slice %am {offsets = array<i64: 0, 0>} : (tensor<128x64xf32>) -> tensor<100x64xf32>
  %partv = nn.slice %av {offsets = array<i64: 0, 0>} : (tensor<128x64xf32>) -> tensor<100x64xf32>
  %rest = nn.slice %a {offsets = array<i64: 100, 0>} : (tensor<128x64xf32>) -> tensor<28x64xf32>
  %a1, %am1, %av1 = nn.adamw %part, %partm, %partv, %ga, %s {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>} : (tensor<100x64xf32>, tensor<100x64xf32>, tensor<100x64xf32>, tensor<100x64xf32>, tensor<3xf32>) -> (tensor<100x64xf32>, tensor<100x64xf32>, tensor<100x64xf32>)
  %a2 = nn.concat %a1, %rest {axis = 0 : i64} : (tensor<100x64xf32>, tensor<28x64xf32>) -> tensor<128x64xf32>
  return %w1, %b1, %a2, %wm1, %bm1, %am, %wv1, %bv1, %av : tensor<65x64xf32>, tensor<64xf32>, tensor<128x64xf32>, tensor<65x64xf32>, tensor<64xf32>, tensor<128x64xf32>, tensor<65x64xf32>, tensor<64xf32>, tensor<128x64xf32>
}

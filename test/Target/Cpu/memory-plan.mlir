// RUN: intq-opt %s --intq-lower-to-cpu | FileCheck %s

// One kernel for equal ops, whatever their sites and streams; chains in place; a reshape costs nothing.
// CHECK: module attributes {intq.plan_bytes = 9344 : i64, intq.sites = ["a", "b"]}

// CHECK-LABEL: func.func @shares(
// CHECK-SAME:    %[[X:[a-z0-9]*]]: memref<4096xi8>, %[[OUT:[a-z0-9]*]]: memref<4096xi8>, %[[ARENA:[a-z0-9]*]]: memref<{{.*}}xi8>, %[[STATUS:[a-z0-9]*]]: memref<{{.*}}xi8>
// CHECK-SAME:    intq.plan = {arena = 9344 : i64, fullest = "intq.dequantize", gaps = 0 : i64, gradients = 0 : i64, saved_codes = 0 : i64, saved_floats = 0 : i64, scratch = 0 : i64, temporaries = 9344 : i64, weight_codes = 0 : i64}
// CHECK-SAME:    intq.result_arguments = array<i64: -1>
func.func @shares(%x: tensor<32x32xf32>) -> tensor<32x32xf32> {
  // CHECK: call @nn_tanh_0(
  %a = nn.tanh %x : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %b = nn.reshape %a : (tensor<32x32xf32>) -> tensor<4x8x32xf32>
  %c = nn.reshape %b : (tensor<4x8x32xf32>) -> tensor<32x32xf32>
  // The result of the second may overwrite the operand, which dies there.
  // CHECK: %[[IN:.*]] = memref.view %[[ARENA]][%[[C0:.*]]][]
  // CHECK: %[[SAME:.*]] = memref.view %[[ARENA]]
  // CHECK-NEXT: call @nn_tanh_0(%[[IN]], %[[SAME]])
  %d = nn.tanh %c : (tensor<32x32xf32>) -> tensor<32x32xf32>
  // CHECK: call @intq_quantize_0(
  // CHECK-SAME: memref<1024xf32>, memref<1024xi8>, memref<32xf32>, memref<1xi32>
  %q = intq.quantize %d {site = "a"} : (tensor<32x32xf32>) -> !intq.q<32x32, i8, [1, *], f32>
  // CHECK: call @intq_quantize_0(
  %r = intq.quantize %d {site = "b"} : (tensor<32x32xf32>) -> !intq.q<32x32, i8, [1, *], f32>
  // CHECK: call @intq_dequantize_0(
  %s = intq.dequantize %q : (!intq.q<32x32, i8, [1, *], f32>) -> tensor<32x32xf32>
  // CHECK: call @intq_dequantize_0(
  %t = intq.dequantize %r : (!intq.q<32x32, i8, [1, *], f32>) -> tensor<32x32xf32>
  // The result goes to the caller's buffer.
  // CHECK: %[[TO:.*]] = memref.view %[[OUT]]
  // CHECK-NEXT: call @nn_add_0(%{{.*}}, %{{.*}}, %[[TO]])
  %u = nn.add %s, %t : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  // CHECK-NEXT: return
  return %u : tensor<32x32xf32>
}

// New state overwrites the old: the function takes no buffer for it.
// CHECK-LABEL: func.func @update(
// CHECK-SAME:    %[[W:[a-z0-9]*]]: memref<64xi8>, %[[M:[a-z0-9]*]]: memref<64xi8>, %[[V:[a-z0-9]*]]: memref<64xi8>,
// CHECK-SAME:    %{{[a-z0-9]*}}: memref<64xi8>, %{{[a-z0-9]*}}: memref<12xi8>, %{{[a-z0-9]*}}: memref<{{.*}}xi8>, %{{[a-z0-9]*}}: memref<{{.*}}xi8>)
// CHECK-SAME:    intq.result_arguments = array<i64: 0, 1, 2>
func.func @update(%w: tensor<16xf32> {intq.state = "w"}, %m: tensor<16xf32> {intq.state = "w/moment1"},
                  %v: tensor<16xf32> {intq.state = "w/moment2"}, %g: tensor<16xf32>, %s: tensor<3xf32>)
    -> (tensor<16xf32> {intq.state = "w"}, tensor<16xf32> {intq.state = "w/moment1"},
        tensor<16xf32> {intq.state = "w/moment2"}) {
  // CHECK-DAG: %[[OLD_W:.*]] = memref.view %[[W]]
  // CHECK-DAG: %[[OLD_M:.*]] = memref.view %[[M]]
  // CHECK-DAG: %[[OLD_V:.*]] = memref.view %[[V]]
  // CHECK: %[[NEW_W:.*]] = memref.view %[[W]]
  // CHECK: %[[NEW_M:.*]] = memref.view %[[M]]
  // CHECK: %[[NEW_V:.*]] = memref.view %[[V]]
  // CHECK: call @nn_adamw_0(%[[OLD_W]], %[[OLD_M]], %[[OLD_V]], %{{.*}}, %{{.*}}, %[[NEW_W]], %[[NEW_M]], %[[NEW_V]])
  // CHECK-NEXT: return
  %w1, %m1, %v1 = nn.adamw %w, %m, %v, %g, %s {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>}
    : (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<3xf32>)
      -> (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>)
  return %w1, %m1, %v1 : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
}

// The old state is read after the new one is made: the new one waits in the arena and is copied at the end.
// CHECK-LABEL: func.func @read_later(
func.func @read_later(%w: tensor<16xf32> {intq.state = "w"}) -> (tensor<16xf32>, tensor<16xf32> {intq.state = "w"}) {
  // CHECK: call @nn_tanh_1(
  // CHECK: call @nn_tanh_1(
  // CHECK: memref.copy
  // CHECK-NEXT: return
  %new = nn.tanh %w : (tensor<16xf32>) -> tensor<16xf32>
  %out = nn.tanh %w : (tensor<16xf32>) -> tensor<16xf32>
  return %out, %new : tensor<16xf32>, tensor<16xf32>
}

// Two entries change places: one of them is saved first.
// CHECK-LABEL: func.func @swap(
// CHECK-SAME:    %[[A:[a-z0-9]*]]: memref<64xi8>, %[[B:[a-z0-9]*]]: memref<64xi8>
func.func @swap(%a: tensor<16xf32> {intq.state = "a"}, %b: tensor<16xf32> {intq.state = "b"})
    -> (tensor<16xf32> {intq.state = "a"}, tensor<16xf32> {intq.state = "b"}) {
  // CHECK-COUNT-4: memref.copy
  // CHECK-NEXT: return
  return %b, %a : tensor<16xf32>, tensor<16xf32>
}

// CHECK: func.func private @nn_tanh_0(
// CHECK-NOT: func.func private @intq_quantize_1(

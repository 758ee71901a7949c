// RUN: intq-opt %s --intq-lower-to-cpu --intq-profile-calls | FileCheck %s

// Two kernels, three calls: each call adds the cycles between two readings to the element of its kernel.
// CHECK: intq.kernels = ["nn_tanh_0", "nn_scale_0"]
// CHECK: memref.global "public" @intq_ticks : memref<2xi64> = dense<0>
// CHECK-LABEL: func.func @f
// CHECK: %[[BEFORE:.*]] = llvm.call_intrinsic "llvm.readcyclecounter"()
// CHECK-NEXT: call @nn_tanh_0
// CHECK-NEXT: %[[AFTER:.*]] = llvm.call_intrinsic "llvm.readcyclecounter"()
// CHECK-NEXT: %[[TAKEN:.*]] = arith.subi %[[AFTER]], %[[BEFORE]]
// CHECK: %[[SUM:.*]] = memref.load %[[TICKS:.*]][%[[KERNEL:.*]]]
// CHECK-NEXT: arith.addi %[[SUM]], %[[TAKEN]]
// CHECK-NEXT: memref.store %{{.*}}, %[[TICKS]][%[[KERNEL]]]
// CHECK: call @nn_scale_0
// CHECK: call @nn_tanh_0
// CHECK: return
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = nn.tanh %x : (tensor<4xf32>) -> tensor<4xf32>
  %b = nn.scale %a {factor = 2.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %c = nn.tanh %b : (tensor<4xf32>) -> tensor<4xf32>
  return %c : tensor<4xf32>
}

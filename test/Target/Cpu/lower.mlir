// RUN: intq-opt %s --intq-lower-to-cpu | FileCheck %s

// Two equal ops share one kernel; the sum in between lives in the arena, the result in the
// caller's buffer.
// CHECK: module attributes {intq.plan_bytes = 64 : i64, intq.sites = []}
// CHECK-LABEL: func.func @step
// CHECK-SAME: (%[[X:.*]]: memref<24xi8>, %[[B:.*]]: memref<12xi8>, %[[OUT:.*]]: memref<24xi8>, %[[ARENA:.*]]: memref<64xi8>, %[[STATUS:.*]]: memref<4xi8>)
// CHECK-DAG: %[[X0:.*]] = memref.view %[[X]][%{{.*}}][] : memref<24xi8> to memref<6xf32>
// CHECK-DAG: %[[SUM:.*]] = memref.view %[[ARENA]][%{{.*}}][] : memref<64xi8> to memref<6xf32>
// CHECK: call @[[ADD:nn_add_[0-9]+]](%[[X0]], %{{.*}}, %[[SUM]])
// CHECK: %[[RESULT:.*]] = memref.view %[[OUT]][%{{.*}}][] : memref<24xi8> to memref<6xf32>
// CHECK: call @[[ADD]](%{{.*}}, %{{.*}}, %[[RESULT]])
// CHECK-NEXT: return
// CHECK: func.func private @[[ADD]]
// CHECK: arith.addf
// CHECK-NOT: func.func
func.func @step(%x: tensor<2x3xf32>, %b: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = nn.add %x, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %1 = nn.add %0, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

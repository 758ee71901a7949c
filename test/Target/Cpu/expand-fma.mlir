// RUN: intq-opt %s --intq-expand-fma --canonicalize | FileCheck %s

// Product and sum in binary64; where the sum is inexact and its last bit even, its odd neighbour
// towards the error (s + (±1 on the bits)) is rounded instead.
// CHECK-LABEL: @scalar
// CHECK-SAME: (%[[A:.*]]: f32, %[[B:.*]]: f32, %[[C:.*]]: f32)
// CHECK-NOT: math.fma
// CHECK-DAG: %[[C64:.*]] = arith.extf %[[C]] : f32 to f64
// CHECK-DAG: %[[A64:.*]] = arith.extf %[[A]] : f32 to f64
// CHECK-DAG: %[[B64:.*]] = arith.extf %[[B]] : f32 to f64
// CHECK: %[[P:.*]] = arith.mulf %[[A64]], %[[B64]] : f64
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[P]], %[[C64]] : f64
// CHECK-NEXT: %[[T:.*]] = arith.subf %[[S]], %[[P]] : f64
// CHECK-NEXT: %[[U:.*]] = arith.subf %[[S]], %[[T]] : f64
// CHECK-NEXT: %[[V:.*]] = arith.subf %[[P]], %[[U]] : f64
// CHECK-NEXT: %[[W:.*]] = arith.subf %[[C64]], %[[T]] : f64
// CHECK-NEXT: %[[E:.*]] = arith.addf %[[V]], %[[W]] : f64
// CHECK-NEXT: arith.cmpf one, %[[E]]
// CHECK: %[[ODD:.*]] = arith.bitcast %{{.*}} : i64 to f64
// CHECK-NEXT: %[[R:.*]] = arith.truncf %[[ODD]] : f64 to f32
// CHECK-NEXT: return %[[R]]
func.func @scalar(%a: f32, %b: f32, %c: f32) -> f32 {
  %0 = math.fma %a, %b, %c : f32
  return %0 : f32
}

// CHECK-LABEL: @vector
// CHECK-NOT: math.fma
// CHECK: arith.mulf %{{.*}}, %{{.*}} : vector<8xf64>
// CHECK: arith.truncf %{{.*}} : vector<8xf64> to vector<8xf32>
func.func @vector(%a: vector<8xf32>, %b: vector<8xf32>, %c: vector<8xf32>) -> vector<8xf32> {
  %0 = math.fma %a, %b, %c : vector<8xf32>
  return %0 : vector<8xf32>
}

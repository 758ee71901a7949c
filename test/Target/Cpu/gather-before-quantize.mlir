// RUN: intq-opt %s --intq-gather-before-quantize | FileCheck %s

// Eight of 100 rows are used: only those are encoded.
// CHECK-LABEL: @rows
// CHECK-SAME: (%[[T:.*]]: tensor<100x8xf32>, %[[IDS:.*]]: tensor<2x4xi32>)
// CHECK: %[[R:.*]] = nn.embedding %[[T]], %[[IDS]]
// CHECK: intq.quantize
// CHECK-NOT: !intq.q<100x8
// CHECK: intq.dequantize
// CHECK-NOT: intq.embedding
// CHECK: return
func.func @rows(%table: tensor<100x8xf32>, %ids: tensor<2x4xi32>) -> tensor<2x4x8xf32> {
  %q = intq.quantize %table {site = "w"} : (tensor<100x8xf32>) -> !intq.q<100x8, i8, [1, *], f32>
  %y = intq.embedding %q, %ids {site = "w"} : (!intq.q<100x8, i8, [1, *], f32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
  return %y : tensor<2x4x8xf32>
}

// One scale for the table depends on all its rows.
// CHECK-LABEL: @tensor
// CHECK: intq.quantize
// CHECK-NEXT: intq.embedding
func.func @tensor(%table: tensor<100x8xf32>, %ids: tensor<2x4xi32>) -> tensor<2x4x8xf32> {
  %q = intq.quantize %table {site = "w"} : (tensor<100x8xf32>) -> !intq.q<100x8, i8, [*, *], f32>
  %y = intq.embedding %q, %ids {site = "w"} : (!intq.q<100x8, i8, [*, *], f32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
  return %y : tensor<2x4x8xf32>
}

// Four rows, eight uses: encoding the table is less work.
// CHECK-LABEL: @small_table
// CHECK: intq.quantize
// CHECK-NEXT: intq.embedding
func.func @small_table(%table: tensor<4x8xf32>, %ids: tensor<2x4xi32>) -> tensor<2x4x8xf32> {
  %q = intq.quantize %table {site = "w"} : (tensor<4x8xf32>) -> !intq.q<4x8, i8, [1, *], f32>
  %y = intq.embedding %q, %ids {site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
  return %y : tensor<2x4x8xf32>
}

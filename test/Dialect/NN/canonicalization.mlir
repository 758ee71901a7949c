// RUN: intq-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @identities
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]]
func.func @identities(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %reshape = nn.reshape %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %transpose = nn.transpose %x {perm = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %slice = nn.slice %x {offsets = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %concat = nn.concat %x {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %broadcast = nn.broadcast %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %scale = nn.scale %x {factor = 1.0 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %reshape, %transpose, %slice, %concat, %broadcast, %scale : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: @reshape_of_reshape
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
// CHECK-NEXT: %[[Y:.*]] = nn.reshape %[[X]] : (tensor<2x3xf32>) -> tensor<1x6xf32>
// CHECK-NEXT: return %[[Y]]
func.func @reshape_of_reshape(%x: tensor<2x3xf32>) -> tensor<1x6xf32> {
  %0 = nn.reshape %x : (tensor<2x3xf32>) -> tensor<6xf32>
  %1 = nn.reshape %0 : (tensor<6xf32>) -> tensor<1x6xf32>
  return %1 : tensor<1x6xf32>
}

// CHECK-LABEL: @transpose_of_transpose
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xf32>)
// CHECK-NEXT: %[[Y:.*]] = nn.transpose %[[X]] {perm = array<i64: 1, 0, 2>} : (tensor<2x3x4xf32>) -> tensor<3x2x4xf32>
// CHECK-NEXT: return %[[Y]]
func.func @transpose_of_transpose(%x: tensor<2x3x4xf32>) -> tensor<3x2x4xf32> {
  %0 = nn.transpose %x {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = nn.transpose %0 {perm = array<i64: 2, 1, 0>} : (tensor<4x2x3xf32>) -> tensor<3x2x4xf32>
  return %1 : tensor<3x2x4xf32>
}

// CHECK-LABEL: @inverse_transposes
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xf32>)
// CHECK-NEXT: return %[[X]]
func.func @inverse_transposes(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = nn.transpose %x {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = nn.transpose %0 {perm = array<i64: 1, 2, 0>} : (tensor<4x2x3xf32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}

// CHECK-LABEL: @transpose_of_unit_dimensions
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x1x4xf32>)
// CHECK-NEXT: %[[Y:.*]] = nn.reshape %[[X]] : (tensor<1x3x1x4xf32>) -> tensor<3x1x4x1xf32>
// CHECK-NEXT: return %[[Y]]
func.func @transpose_of_unit_dimensions(%x: tensor<1x3x1x4xf32>) -> tensor<3x1x4x1xf32> {
  %0 = nn.transpose %x {perm = array<i64: 1, 0, 3, 2>} : (tensor<1x3x1x4xf32>) -> tensor<3x1x4x1xf32>
  return %0 : tensor<3x1x4x1xf32>
}

// CHECK-LABEL: @slice_of_slice
// CHECK-SAME: (%[[X:.*]]: tensor<8x8xf32>)
// CHECK-NEXT: %[[Y:.*]] = nn.slice %[[X]] {offsets = array<i64: 3, 1>} : (tensor<8x8xf32>) -> tensor<2x4xf32>
// CHECK-NEXT: return %[[Y]]
func.func @slice_of_slice(%x: tensor<8x8xf32>) -> tensor<2x4xf32> {
  %0 = nn.slice %x {offsets = array<i64: 2, 1>} : (tensor<8x8xf32>) -> tensor<4x4xf32>
  %1 = nn.slice %0 {offsets = array<i64: 1, 0>} : (tensor<4x4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// The usual spelling of q·kᵀ: heads split and keys transposed in one permutation.
// CHECK-LABEL: @keys_transposed
// CHECK-SAME: (%[[Q:.*]]: tensor<2x3x5x4xf32>, %[[K:.*]]: tensor<2x5x3x4xf32>)
// CHECK-NEXT: %[[KT:.*]] = nn.transpose %[[K]] {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x5x3x4xf32>) -> tensor<2x3x5x4xf32>
// CHECK-NEXT: %[[S:.*]] = nn.matmul %[[Q]], %[[KT]] {site = "s", transpose_b}
// CHECK-NEXT: return %[[S]]
func.func @keys_transposed(%q: tensor<2x3x5x4xf32>, %k: tensor<2x5x3x4xf32>) -> tensor<2x3x5x5xf32> {
  %kt = nn.transpose %k {perm = array<i64: 0, 2, 3, 1>} : (tensor<2x5x3x4xf32>) -> tensor<2x3x4x5xf32>
  %s = nn.matmul %q, %kt {site = "s"} : (tensor<2x3x5x4xf32>, tensor<2x3x4x5xf32>) -> tensor<2x3x5x5xf32>
  return %s : tensor<2x3x5x5xf32>
}

// Two permutations in a row, and a flag that is set already.
// CHECK-LABEL: @both_operands
// CHECK-SAME: (%[[A:.*]]: tensor<5x3xf32>, %[[B:.*]]: tensor<5x4xf32>)
// CHECK-NEXT: %[[C:.*]] = nn.matmul %[[A]], %[[B]] {site = "s", transpose_a}
// CHECK-NEXT: return %[[C]]
func.func @both_operands(%a: tensor<5x3xf32>, %b: tensor<5x4xf32>) -> tensor<3x4xf32> {
  %at = nn.transpose %a {perm = array<i64: 1, 0>} : (tensor<5x3xf32>) -> tensor<3x5xf32>
  %bt = nn.transpose %b {perm = array<i64: 1, 0>} : (tensor<5x4xf32>) -> tensor<4x5xf32>
  %c = nn.matmul %at, %bt {site = "s", transpose_b} : (tensor<3x5xf32>, tensor<4x5xf32>) -> tensor<3x4xf32>
  return %c : tensor<3x4xf32>
}

// CHECK-LABEL: @both_operands_are_one
// CHECK-SAME: (%[[A:.*]]: tensor<5x3xf32>)
// CHECK-NEXT: %[[C:.*]] = nn.matmul %[[A]], %[[A]] {site = "s", transpose_a}
// CHECK-NEXT: return %[[C]]
func.func @both_operands_are_one(%a: tensor<5x3xf32>) -> tensor<3x3xf32> {
  %at = nn.transpose %a {perm = array<i64: 1, 0>} : (tensor<5x3xf32>) -> tensor<3x5xf32>
  %c = nn.matmul %at, %at {site = "s", transpose_b} : (tensor<3x5xf32>, tensor<3x5xf32>) -> tensor<3x3xf32>
  return %c : tensor<3x3xf32>
}

// Rows that are contiguous already stay: the heads' permutation is not the product's business.
// CHECK-LABEL: @natural_layout_stays
// CHECK: nn.transpose %{{.*}} {perm = array<i64: 1, 0, 2>}
// CHECK-NEXT: nn.matmul %{{.*}}, %{{.*}} {site = "s"}
func.func @natural_layout_stays(%a: tensor<2x3x4xf32>, %b: tensor<3x4x5xf32>) -> tensor<3x2x5xf32> {
  %at = nn.transpose %a {perm = array<i64: 1, 0, 2>} : (tensor<2x3x4xf32>) -> tensor<3x2x4xf32>
  %c = nn.matmul %at, %b {site = "s"} : (tensor<3x2x4xf32>, tensor<3x4x5xf32>) -> tensor<3x2x5xf32>
  return %c : tensor<3x2x5xf32>
}

// RUN: intq-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @reshape_to_itself
// CHECK-SAME: (%[[Q:.*]]: !intq.q<6x8, i8, [1, *], f32>)
// CHECK-NEXT: return %[[Q]]
func.func @reshape_to_itself(%q: !intq.q<6x8, i8, [1, *], f32>) -> !intq.q<6x8, i8, [1, *], f32> {
  %0 = intq.reshape %q : (!intq.q<6x8, i8, [1, *], f32>) -> !intq.q<6x8, i8, [1, *], f32>
  return %0 : !intq.q<6x8, i8, [1, *], f32>
}

// CHECK-LABEL: @there_and_back
// CHECK-SAME: (%[[Q:.*]]: !intq.q<6x8, i8, [1, *], f32>)
// CHECK-NEXT: return %[[Q]]
func.func @there_and_back(%q: !intq.q<6x8, i8, [1, *], f32>) -> !intq.q<6x8, i8, [1, *], f32> {
  %0 = intq.reshape %q : (!intq.q<6x8, i8, [1, *], f32>) -> !intq.q<2x3x8, i8, [1, 1, *], f32>
  %1 = intq.reshape %0 : (!intq.q<2x3x8, i8, [1, 1, *], f32>) -> !intq.q<6x8, i8, [1, *], f32>
  return %1 : !intq.q<6x8, i8, [1, *], f32>
}

// CHECK-LABEL: @reshape_of_reshape
// CHECK-SAME: (%[[Q:.*]]: !intq.q<6x8, i8, [1, *], f32>)
// CHECK-NEXT: %[[R:.*]] = intq.reshape %[[Q]] : (!intq.q<6x8, i8, [1, *], f32>) -> !intq.q<3x2x8, i8, [1, 1, *], f32>
// CHECK-NEXT: return %[[R]]
func.func @reshape_of_reshape(%q: !intq.q<6x8, i8, [1, *], f32>) -> !intq.q<3x2x8, i8, [1, 1, *], f32> {
  %0 = intq.reshape %q : (!intq.q<6x8, i8, [1, *], f32>) -> !intq.q<2x3x8, i8, [1, 1, *], f32>
  %1 = intq.reshape %0 : (!intq.q<2x3x8, i8, [1, 1, *], f32>) -> !intq.q<3x2x8, i8, [1, 1, *], f32>
  return %1 : !intq.q<3x2x8, i8, [1, 1, *], f32>
}

// Rounding is kept: encoding decoded values is another encoding.
// CHECK-LABEL: @quantize_of_dequantize_stays
// CHECK: intq.dequantize
// CHECK-NEXT: intq.quantize
func.func @quantize_of_dequantize_stays(%q: !intq.q<4x8, i8, [1, *], f32>) -> !intq.q<4x8, i8, [1, *], f32> {
  %0 = intq.dequantize %q : (!intq.q<4x8, i8, [1, *], f32>) -> tensor<4x8xf32>
  %1 = intq.quantize %0 {site = "w"} : (tensor<4x8xf32>) -> !intq.q<4x8, i8, [1, *], f32>
  return %1 : !intq.q<4x8, i8, [1, *], f32>
}

// RUN: intq-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @quantize
// CHECK: intq.quantize %{{.*}} {site = "w"} : (tensor<4x8xf32>) -> !intq.q<4x8, i8, [1, *], f32>
func.func @quantize(%arg0: tensor<4x8xf32>) {
  %0 = intq.quantize %arg0 {site = "w"} : (tensor<4x8xf32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// CHECK-LABEL: @quantize_stochastic
// CHECK: intq.quantize %{{.*}} fold %{{.*}} rng %{{.*}} {rounding = #intq<rounding stochastic>, site = "w", stream = "s"} : (tensor<4x8xf32>, tensor<1x8xf32>, tensor<4xi32>) -> !intq.q<4x8, i8, [1, *], f32>
func.func @quantize_stochastic(%arg0: tensor<4x8xf32>, %arg1: tensor<1x8xf32>, %arg2: tensor<4xi32>) {
  %0 = intq.quantize %arg0 fold %arg1 rng %arg2 {rounding = #intq<rounding stochastic>, site = "w", stream = "s"} : (tensor<4x8xf32>, tensor<1x8xf32>, tensor<4xi32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// CHECK-LABEL: @dequantize
// CHECK: intq.dequantize %{{.*}} : (!intq.q<4x8, i8, [1, 4], f32>) -> tensor<4x8xf32>
func.func @dequantize(%arg0: !intq.q<4x8, i8, [1, 4], f32>) {
  %0 = intq.dequantize %arg0 : (!intq.q<4x8, i8, [1, 4], f32>) -> tensor<4x8xf32>
  return
}

// CHECK-LABEL: @unscale
// CHECK: intq.unscale %{{.*}} : (!intq.q<4x8, i8, [1, *], f32>) -> (!intq.q<4x8, i8, [1, *], unit>, tensor<4x1xf32>)
func.func @unscale(%arg0: !intq.q<4x8, i8, [1, *], f32>) {
  %0:2 = intq.unscale %arg0 : (!intq.q<4x8, i8, [1, *], f32>) -> (!intq.q<4x8, i8, [1, *], unit>, tensor<4x1xf32>)
  return
}

// CHECK-LABEL: @matmul
// CHECK: intq.matmul %{{.*}}, %{{.*}} {site = "w", transpose_b} : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<4x8, i8, [1, *], f32>) -> tensor<4x4xf32>
func.func @matmul(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>) {
  %0 = intq.matmul %arg0, %arg1 {site = "w", transpose_b} : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<4x8, i8, [1, *], f32>) -> tensor<4x4xf32>
  return
}

// CHECK-LABEL: @matmul_bias
// CHECK: intq.matmul %{{.*}}, %{{.*}} bias %{{.*}} {site = "w", transpose_b} : (!intq.q<4x8, i12, [1, *], f32>, !intq.q<4x8, i8, [1, *], f32>, tensor<4xf32>) -> tensor<4x4xf32>
func.func @matmul_bias(%arg0: !intq.q<4x8, i12, [1, *], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>, %arg2: tensor<4xf32>) {
  %0 = intq.matmul %arg0, %arg1 bias %arg2 {site = "w", transpose_b} : (!intq.q<4x8, i12, [1, *], f32>, !intq.q<4x8, i8, [1, *], f32>, tensor<4xf32>) -> tensor<4x4xf32>
  return
}

// CHECK-LABEL: @matmul_blocks
// CHECK: intq.matmul %{{.*}}, %{{.*}} {site = "w", transpose_a} : (!intq.q<1000x8, i8, [256, 1], f32>, !intq.q<1000x6, i8, [1, *], unit>) -> tensor<8x6xf32>
func.func @matmul_blocks(%arg0: !intq.q<1000x8, i8, [256, 1], f32>, %arg1: !intq.q<1000x6, i8, [1, *], unit>) {
  %0 = intq.matmul %arg0, %arg1 {site = "w", transpose_a} : (!intq.q<1000x8, i8, [256, 1], f32>, !intq.q<1000x6, i8, [1, *], unit>) -> tensor<8x6xf32>
  return
}

// CHECK-LABEL: @matmul_two_blocks
// CHECK: intq.matmul %{{.*}}, %{{.*}} {site = "w", transpose_b} : (!intq.q<4x64, i8, [1, 32], pow2>, !intq.q<5x64, i8, [1, 32], pow2>) -> tensor<4x5xf32>
func.func @matmul_two_blocks(%arg0: !intq.q<4x64, i8, [1, 32], pow2>, %arg1: !intq.q<5x64, i8, [1, 32], pow2>) {
  %0 = intq.matmul %arg0, %arg1 {site = "w", transpose_b} : (!intq.q<4x64, i8, [1, 32], pow2>, !intq.q<5x64, i8, [1, 32], pow2>) -> tensor<4x5xf32>
  return
}

// CHECK-LABEL: @matmul_tiles
// CHECK: intq.matmul %{{.*}}, %{{.*}} {site = "w"} : (!intq.q<100x96, i8, [64, 64], pow2>, !intq.q<96x70, i8, [64, 64], pow2>) -> tensor<100x70xf32>
func.func @matmul_tiles(%arg0: !intq.q<100x96, i8, [64, 64], pow2>, %arg1: !intq.q<96x70, i8, [64, 64], pow2>) {
  %0 = intq.matmul %arg0, %arg1 {site = "w"} : (!intq.q<100x96, i8, [64, 64], pow2>, !intq.q<96x70, i8, [64, 64], pow2>) -> tensor<100x70xf32>
  return
}

// CHECK-LABEL: @matmul_batched
// CHECK: intq.matmul %{{.*}}, %{{.*}} {site = "w"} : (!intq.q<2x4x8, i12, [1, 1, *], f32>, !intq.q<2x8x4, i12, [*, *, 1], f32>) -> tensor<2x4x4xf32>
func.func @matmul_batched(%arg0: !intq.q<2x4x8, i12, [1, 1, *], f32>, %arg1: !intq.q<2x8x4, i12, [*, *, 1], f32>) {
  %0 = intq.matmul %arg0, %arg1 {site = "w"} : (!intq.q<2x4x8, i12, [1, 1, *], f32>, !intq.q<2x8x4, i12, [*, *, 1], f32>) -> tensor<2x4x4xf32>
  return
}

// CHECK-LABEL: @matmul_short_block
// CHECK: intq.matmul %{{.*}}, %{{.*}} {site = "w", transpose_a} : (!intq.q<8x4, i8, [256, 1], f32>, !intq.q<8x4, i8, [*, *], f32>) -> tensor<4x4xf32>
func.func @matmul_short_block(%arg0: !intq.q<8x4, i8, [256, 1], f32>, %arg1: !intq.q<8x4, i8, [*, *], f32>) {
  %0 = intq.matmul %arg0, %arg1 {site = "w", transpose_a} : (!intq.q<8x4, i8, [256, 1], f32>, !intq.q<8x4, i8, [*, *], f32>) -> tensor<4x4xf32>
  return
}

// CHECK-LABEL: @bias_grad
// CHECK: intq.bias_grad %{{.*}} : (!intq.q<4x8, i16, [*, *], f32>) -> tensor<8xf32>
func.func @bias_grad(%arg0: !intq.q<4x8, i16, [*, *], f32>) {
  %0 = intq.bias_grad %arg0 : (!intq.q<4x8, i16, [*, *], f32>) -> tensor<8xf32>
  return
}

// CHECK-LABEL: @layer_norm
// CHECK: intq.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {epsilon = 9.99999996E-13 : f32, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>)
func.func @layer_norm(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  %0:2 = intq.layer_norm %arg0, %arg1, %arg2 {epsilon = 9.99999996E-13 : f32, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>)
  return
}

// CHECK-LABEL: @layer_norm_input_grad
// CHECK: intq.layer_norm_input_grad %{{.*}}, %{{.*}}, %{{.*}} : (!intq.q<4x8, i16, [*, *], f32>, !intq.q<4x8, i8, [1, *], f32>, tensor<4x1xf32>) -> tensor<4x8xf32>
func.func @layer_norm_input_grad(%arg0: !intq.q<4x8, i16, [*, *], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>, %arg2: tensor<4x1xf32>) {
  %0 = intq.layer_norm_input_grad %arg0, %arg1, %arg2 : (!intq.q<4x8, i16, [*, *], f32>, !intq.q<4x8, i8, [1, *], f32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return
}

// CHECK-LABEL: @layer_norm_weight_grad
// CHECK: intq.layer_norm_weight_grad %{{.*}}, %{{.*}} : (!intq.q<4x8, i16, [256, 1], f32>, !intq.q<4x8, i8, [1, *], f32>) -> tensor<8xf32>
func.func @layer_norm_weight_grad(%arg0: !intq.q<4x8, i16, [256, 1], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>) {
  %0 = intq.layer_norm_weight_grad %arg0, %arg1 : (!intq.q<4x8, i16, [256, 1], f32>, !intq.q<4x8, i8, [1, *], f32>) -> tensor<8xf32>
  return
}

// CHECK-LABEL: @embedding
// CHECK: intq.embedding %{{.*}}, %{{.*}} {padding_idx = 0 : i64, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<2x3xi32>) -> tensor<2x3x8xf32>
func.func @embedding(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: tensor<2x3xi32>) {
  %0 = intq.embedding %arg0, %arg1 {padding_idx = 0 : i64, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<2x3xi32>) -> tensor<2x3x8xf32>
  return
}

// CHECK-LABEL: @embedding_grad
// CHECK: intq.embedding_grad %{{.*}}, %{{.*}} {padding_idx = 1 : i64} : (!intq.q<4x8, i16, [*, *], f32>, tensor<4xi32>) -> tensor<10x8xf32>
func.func @embedding_grad(%arg0: !intq.q<4x8, i16, [*, *], f32>, %arg1: tensor<4xi32>) {
  %0 = intq.embedding_grad %arg0, %arg1 {padding_idx = 1 : i64} : (!intq.q<4x8, i16, [*, *], f32>, tensor<4xi32>) -> tensor<10x8xf32>
  return
}

// CHECK-LABEL: @dropout
// CHECK: intq.dropout %{{.*}}, %{{.*}} {ratio = 1.000000e-01 : f32, stream = "d"} : (!intq.q<4x8, i8, [1, *], pow2>, tensor<4xi32>) -> !intq.q<4x8, i8, [1, *], f32>
func.func @dropout(%arg0: !intq.q<4x8, i8, [1, *], pow2>, %arg1: tensor<4xi32>) {
  %0 = intq.dropout %arg0, %arg1 {ratio = 1.000000e-01 : f32, stream = "d"} : (!intq.q<4x8, i8, [1, *], pow2>, tensor<4xi32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// CHECK-LABEL: @reshape_rows
// CHECK: intq.reshape %{{.*}} : (!intq.q<6x8, i8, [1, *], f32>) -> !intq.q<2x3x8, i8, [1, 1, *], f32>
func.func @reshape_rows(%arg0: !intq.q<6x8, i8, [1, *], f32>) {
  %0 = intq.reshape %arg0 : (!intq.q<6x8, i8, [1, *], f32>) -> !intq.q<2x3x8, i8, [1, 1, *], f32>
  return
}

// CHECK-LABEL: @reshape_tensor
// CHECK: intq.reshape %{{.*}} : (!intq.q<6x8, i16, [*, *], f32>) -> !intq.q<2x3x8, i16, [*, *, *], f32>
func.func @reshape_tensor(%arg0: !intq.q<6x8, i16, [*, *], f32>) {
  %0 = intq.reshape %arg0 : (!intq.q<6x8, i16, [*, *], f32>) -> !intq.q<2x3x8, i16, [*, *, *], f32>
  return
}

// CHECK-LABEL: @reshape_columns
// CHECK: intq.reshape %{{.*}} : (!intq.q<2x6x8, i12, [1, *, 1], f32>) -> !intq.q<2x1x2x3x8, i12, [1, 1, *, *, 1], f32>
func.func @reshape_columns(%arg0: !intq.q<2x6x8, i12, [1, *, 1], f32>) {
  %0 = intq.reshape %arg0 : (!intq.q<2x6x8, i12, [1, *, 1], f32>) -> !intq.q<2x1x2x3x8, i12, [1, 1, *, *, 1], f32>
  return
}

// CHECK-LABEL: @reshape_blocks
// CHECK: intq.reshape %{{.*}} : (!intq.q<8x8, i8, [4, 1], f32>) -> !intq.q<2x4x8, i8, [1, *, 1], f32>
func.func @reshape_blocks(%arg0: !intq.q<8x8, i8, [4, 1], f32>) {
  %0 = intq.reshape %arg0 : (!intq.q<8x8, i8, [4, 1], f32>) -> !intq.q<2x4x8, i8, [1, *, 1], f32>
  return
}

// CHECK-LABEL: @reshape_ragged
// CHECK: intq.reshape %{{.*}} : (!intq.q<6x8, i8, [4, 1], f32>) -> !intq.q<1x6x2x4, i8, [1, 4, 1, 1], f32>
func.func @reshape_ragged(%arg0: !intq.q<6x8, i8, [4, 1], f32>) {
  %0 = intq.reshape %arg0 : (!intq.q<6x8, i8, [4, 1], f32>) -> !intq.q<1x6x2x4, i8, [1, 4, 1, 1], f32>
  return
}

// CHECK-LABEL: @reshape_unit
// CHECK: intq.reshape %{{.*}} : (!intq.q<6x8, i8, [1, *], unit>) -> !intq.q<48, i8, [*], unit>
func.func @reshape_unit(%arg0: !intq.q<6x8, i8, [1, *], unit>) {
  %0 = intq.reshape %arg0 : (!intq.q<6x8, i8, [1, *], unit>) -> !intq.q<48, i8, [*], unit>
  return
}

// CHECK-LABEL: @quantize_rows
// CHECK: intq.quantize %{{.*}} rng %{{.*}} rows %{{.*}} {rounding = #intq<rounding stochastic>, site = "s", stream = "s"} : (tensor<4x8xf32>, tensor<4xi32>, tensor<4xi32>) -> !intq.q<4x8, i8, [1, *], f32>
func.func @quantize_rows(%x: tensor<4x8xf32>, %g: tensor<4xi32>, %r: tensor<4xi32>) {
  %0 = intq.quantize %x rng %g rows %r {rounding = #intq<rounding stochastic>, stream = "s", site = "s"} : (tensor<4x8xf32>, tensor<4xi32>, tensor<4xi32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// CHECK-LABEL: @row_norm
// CHECK: intq.row_norm %{{.*}} : (!intq.q<4x8, i8, [1, *], f32>) -> tensor<4xf32>
func.func @row_norm(%q: !intq.q<4x8, i8, [1, *], f32>) {
  %0 = intq.row_norm %q : (!intq.q<4x8, i8, [1, *], f32>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: @gather_rows
// CHECK: intq.gather_rows %{{.*}}, %{{.*}} : (!intq.q<4x8, i8, [1, *], f32>, tensor<3xi32>) -> !intq.q<3x8, i8, [1, *], f32>
func.func @gather_rows(%q: !intq.q<4x8, i8, [1, *], f32>, %r: tensor<3xi32>) {
  %0 = intq.gather_rows %q, %r : (!intq.q<4x8, i8, [1, *], f32>, tensor<3xi32>) -> !intq.q<3x8, i8, [1, *], f32>
  return
}

// CHECK-LABEL: @adamw
// CHECK: intq.adamw %{{.*}}, %{{.*}} scale %{{.*}}, %{{.*}} base %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {beta1 = 9.000000e-01 : f64, beta2 = 0.99899999999999999 : f64, decay, epsilon = 1.000000e-08 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
func.func @adamw(%w: tensor<4xf32>, %m: tensor<4xi8>, %s: tensor<1xf32>, %v: tensor<4xi8>, %b: tensor<1xi32>, %g: tensor<4xf32>, %schedule: tensor<3xf32>, %rng: tensor<4xi32>) {
  %0:5 = intq.adamw %w, %m scale %s, %v base %b, %g, %schedule, %rng {beta1 = 0.9 : f64, beta2 = 0.999 : f64, decay, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
  return
}

// CHECK-LABEL: @adamw_clip
// CHECK: intq.adamw %{{.*}}, %{{.*}} scale %{{.*}}, %{{.*}} base %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} clip %{{.*}} {{{.*}}stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>, tensor<f32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
func.func @adamw_clip(%w: tensor<4xf32>, %m: tensor<4xi8>, %s: tensor<1xf32>, %v: tensor<4xi8>, %b: tensor<1xi32>, %g: tensor<4xf32>, %schedule: tensor<3xf32>, %rng: tensor<4xi32>, %c: tensor<f32>) {
  %0:5 = intq.adamw %w, %m scale %s, %v base %b, %g, %schedule, %rng clip %c {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>, tensor<f32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
  return
}

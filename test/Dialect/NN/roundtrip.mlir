// RUN: intq-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @add
// CHECK: nn.add %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
func.func @add(%arg0: tensor<2x3xf32>, %arg1: tensor<3xf32>) {
  %0 = nn.add %arg0, %arg1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// CHECK-LABEL: @sub
// CHECK: nn.sub %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
func.func @sub(%arg0: tensor<2x3xf32>, %arg1: tensor<3xf32>) {
  %0 = nn.sub %arg0, %arg1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// CHECK-LABEL: @mul
// CHECK: nn.mul %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
func.func @mul(%arg0: tensor<2x3xf32>, %arg1: tensor<3xf32>) {
  %0 = nn.mul %arg0, %arg1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// CHECK-LABEL: @div
// CHECK: nn.div %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
func.func @div(%arg0: tensor<2x3xf32>, %arg1: tensor<3xf32>) {
  %0 = nn.div %arg0, %arg1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// CHECK-LABEL: @both_broadcast
// CHECK: nn.add %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
func.func @both_broadcast(%arg0: tensor<2x1xf32>, %arg1: tensor<1x3xf32>) {
  %0 = nn.add %arg0, %arg1 : (tensor<2x1xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  return
}

// CHECK-LABEL: @scalar_broadcast
// CHECK: nn.mul %{{.*}}, %{{.*}} : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
func.func @scalar_broadcast(%arg0: tensor<f32>, %arg1: tensor<2x3xf32>) {
  %0 = nn.mul %arg0, %arg1 : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// CHECK-LABEL: @scale
// CHECK: nn.scale %{{.*}} {factor = 1.250000e-01 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
func.func @scale(%arg0: tensor<2x3xf32>) {
  %0 = nn.scale %arg0 {factor = 1.250000e-01 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// CHECK-LABEL: @gelu
// CHECK: nn.gelu %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
func.func @gelu(%arg0: tensor<4xf32>) {
  %0 = nn.gelu %arg0 : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: @gelu_tanh
// CHECK: nn.gelu %{{.*}} {approximate = #nn<gelu tanh>} : (tensor<4xf32>) -> tensor<4xf32>
func.func @gelu_tanh(%arg0: tensor<4xf32>) {
  %0 = nn.gelu %arg0 {approximate = #nn<gelu tanh>} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: @gelu_grad
// CHECK: nn.gelu_grad %{{.*}}, %{{.*}} {approximate = #nn<gelu tanh>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func @gelu_grad(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) {
  %0 = nn.gelu_grad %arg0, %arg1 {approximate = #nn<gelu tanh>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: @tanh
// CHECK: nn.tanh %{{.*}} : (tensor<f32>) -> tensor<f32>
func.func @tanh(%arg0: tensor<f32>) {
  %0 = nn.tanh %arg0 : (tensor<f32>) -> tensor<f32>
  return
}

// CHECK-LABEL: @tanh_grad
// CHECK: nn.tanh_grad %{{.*}}, %{{.*}} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func @tanh_grad(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) {
  %0 = nn.tanh_grad %arg0, %arg1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: @dropout
// CHECK: nn.dropout %{{.*}}, %{{.*}} {ratio = 1.000000e-01 : f32, stream = "d"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
func.func @dropout(%arg0: tensor<4xf32>, %arg1: tensor<4xi32>) {
  %0 = nn.dropout %arg0, %arg1 {ratio = 1.000000e-01 : f32, stream = "d"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: @embedding
// CHECK: nn.embedding %{{.*}}, %{{.*}} {padding_idx = 0 : i64, site = "w"} : (tensor<10x8xf32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
func.func @embedding(%arg0: tensor<10x8xf32>, %arg1: tensor<2x4xi32>) {
  %0 = nn.embedding %arg0, %arg1 {padding_idx = 0 : i64, site = "w"} : (tensor<10x8xf32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
  return
}

// CHECK-LABEL: @embedding_grad
// CHECK: nn.embedding_grad %{{.*}}, %{{.*}} {site = "w"} : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<10x8xf32>
func.func @embedding_grad(%arg0: tensor<2x4x8xf32>, %arg1: tensor<2x4xi32>) {
  %0 = nn.embedding_grad %arg0, %arg1 {site = "w"} : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<10x8xf32>
  return
}

// CHECK-LABEL: @cross_entropy
// CHECK: nn.cross_entropy %{{.*}}, %{{.*}} {ignore_index = -1 : i64} : (tensor<8x3xf32>, tensor<8xi32>) -> tensor<f32>
func.func @cross_entropy(%arg0: tensor<8x3xf32>, %arg1: tensor<8xi32>) {
  %0 = nn.cross_entropy %arg0, %arg1 {ignore_index = -1 : i64} : (tensor<8x3xf32>, tensor<8xi32>) -> tensor<f32>
  return
}

// CHECK-LABEL: @cross_entropy_grad
// CHECK: nn.cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}} : (tensor<f32>, tensor<8x3xf32>, tensor<8xi32>) -> tensor<8x3xf32>
func.func @cross_entropy_grad(%arg0: tensor<f32>, %arg1: tensor<8x3xf32>, %arg2: tensor<8xi32>) {
  %0 = nn.cross_entropy_grad %arg0, %arg1, %arg2 : (tensor<f32>, tensor<8x3xf32>, tensor<8xi32>) -> tensor<8x3xf32>
  return
}

// CHECK-LABEL: @mse
// CHECK: nn.mse %{{.*}}, %{{.*}} : (tensor<8x1xf32>, tensor<8x1xf32>) -> tensor<f32>
func.func @mse(%arg0: tensor<8x1xf32>, %arg1: tensor<8x1xf32>) {
  %0 = nn.mse %arg0, %arg1 : (tensor<8x1xf32>, tensor<8x1xf32>) -> tensor<f32>
  return
}

// CHECK-LABEL: @mse_grad
// CHECK: nn.mse_grad %{{.*}}, %{{.*}}, %{{.*}} : (tensor<f32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
func.func @mse_grad(%arg0: tensor<f32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  %0 = nn.mse_grad %arg0, %arg1, %arg2 : (tensor<f32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return
}

// CHECK-LABEL: @constant
// CHECK: nn.constant dense<[1, -2]> : tensor<2xi32>
// CHECK: nn.constant dense<0x7FC00000> : tensor<f32>
func.func @constant() {
  %0 = nn.constant dense<[1, -2]> : tensor<2xi32>
  %1 = nn.constant dense<0x7FC00000> : tensor<f32>
  return
}

// CHECK-LABEL: @reshape
// CHECK: nn.reshape %{{.*}} : (tensor<2x3xi32>) -> tensor<6x1xi32>
func.func @reshape(%arg0: tensor<2x3xi32>) {
  %0 = nn.reshape %arg0 : (tensor<2x3xi32>) -> tensor<6x1xi32>
  return
}

// CHECK-LABEL: @transpose
// CHECK: nn.transpose %{{.*}} {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
func.func @transpose(%arg0: tensor<2x3x4xf32>) {
  %0 = nn.transpose %arg0 {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  return
}

// CHECK-LABEL: @slice
// CHECK: nn.slice %{{.*}} {offsets = array<i64: 2, 3>} : (tensor<4x4xf32>) -> tensor<2x1xf32>
func.func @slice(%arg0: tensor<4x4xf32>) {
  %0 = nn.slice %arg0 {offsets = array<i64: 2, 3>} : (tensor<4x4xf32>) -> tensor<2x1xf32>
  return
}

// CHECK-LABEL: @pad
// CHECK: nn.pad %{{.*}} {offsets = array<i64: 2, 3>} : (tensor<2x1xf32>) -> tensor<4x4xf32>
func.func @pad(%arg0: tensor<2x1xf32>) {
  %0 = nn.pad %arg0 {offsets = array<i64: 2, 3>} : (tensor<2x1xf32>) -> tensor<4x4xf32>
  return
}

// CHECK-LABEL: @concat
// CHECK: nn.concat %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<2x1xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>
func.func @concat(%arg0: tensor<2x1xf32>, %arg1: tensor<2x3xf32>) {
  %0 = nn.concat %arg0, %arg1 {axis = 1 : i64} : (tensor<2x1xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}

// CHECK-LABEL: @broadcast
// CHECK: nn.broadcast %{{.*}} : (tensor<2x1xi32>) -> tensor<3x2x4xi32>
func.func @broadcast(%arg0: tensor<2x1xi32>) {
  %0 = nn.broadcast %arg0 : (tensor<2x1xi32>) -> tensor<3x2x4xi32>
  return
}

// CHECK-LABEL: @reduce_sum
// CHECK: nn.reduce_sum %{{.*}} {count = 2 : i64} : (tensor<2x3x4xf32>) -> tensor<4xf32>
func.func @reduce_sum(%arg0: tensor<2x3x4xf32>) {
  %0 = nn.reduce_sum %arg0 {count = 2 : i64} : (tensor<2x3x4xf32>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: @reduce_sum_trailing
// CHECK: nn.reduce_sum %{{.*}} {count = 2 : i64, trailing} : (tensor<2x3xf32>) -> tensor<f32>
func.func @reduce_sum_trailing(%arg0: tensor<2x3xf32>) {
  %0 = nn.reduce_sum %arg0 {count = 2 : i64, trailing} : (tensor<2x3xf32>) -> tensor<f32>
  return
}

// CHECK-LABEL: @linear
// CHECK: nn.linear %{{.*}}, %{{.*}} {site = "w"} : (tensor<2x5x3xf32>, tensor<4x3xf32>) -> tensor<2x5x4xf32>
func.func @linear(%arg0: tensor<2x5x3xf32>, %arg1: tensor<4x3xf32>) {
  %0 = nn.linear %arg0, %arg1 {site = "w"} : (tensor<2x5x3xf32>, tensor<4x3xf32>) -> tensor<2x5x4xf32>
  return
}

// CHECK-LABEL: @linear_bias
// CHECK: nn.linear %{{.*}}, %{{.*}} bias %{{.*}} {site = "w"} : (tensor<3xf32>, tensor<4x3xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func @linear_bias(%arg0: tensor<3xf32>, %arg1: tensor<4x3xf32>, %arg2: tensor<4xf32>) {
  %0 = nn.linear %arg0, %arg1 bias %arg2 {site = "w"} : (tensor<3xf32>, tensor<4x3xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: @linear_input_grad
// CHECK: nn.linear_input_grad %{{.*}}, %{{.*}} {site = "w"} : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
func.func @linear_input_grad(%arg0: tensor<2x4xf32>, %arg1: tensor<4x3xf32>) {
  %0 = nn.linear_input_grad %arg0, %arg1 {site = "w"} : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  return
}

// CHECK-LABEL: @linear_weight_grad
// CHECK: nn.linear_weight_grad %{{.*}}, %{{.*}} {site = "w"} : (tensor<5x2x4xf32>, tensor<5x2x3xf32>) -> tensor<4x3xf32>
func.func @linear_weight_grad(%arg0: tensor<5x2x4xf32>, %arg1: tensor<5x2x3xf32>) {
  %0 = nn.linear_weight_grad %arg0, %arg1 {site = "w"} : (tensor<5x2x4xf32>, tensor<5x2x3xf32>) -> tensor<4x3xf32>
  return
}

// CHECK-LABEL: @bias_grad
// CHECK: nn.bias_grad %{{.*}} {site = "w"} : (tensor<5x2x4xf32>) -> tensor<4xf32>
func.func @bias_grad(%arg0: tensor<5x2x4xf32>) {
  %0 = nn.bias_grad %arg0 {site = "w"} : (tensor<5x2x4xf32>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: @matmul
// CHECK: nn.matmul %{{.*}}, %{{.*}} {site = "w"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
func.func @matmul(%arg0: tensor<2x3xf32>, %arg1: tensor<3x4xf32>) {
  %0 = nn.matmul %arg0, %arg1 {site = "w"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return
}

// CHECK-LABEL: @matmul_flags
// CHECK: nn.matmul %{{.*}}, %{{.*}} {site = "w", transpose_a, transpose_b} : (tensor<7x3x2xf32>, tensor<7x4x3xf32>) -> tensor<7x2x4xf32>
func.func @matmul_flags(%arg0: tensor<7x3x2xf32>, %arg1: tensor<7x4x3xf32>) {
  %0 = nn.matmul %arg0, %arg1 {site = "w", transpose_a, transpose_b} : (tensor<7x3x2xf32>, tensor<7x4x3xf32>) -> tensor<7x2x4xf32>
  return
}

// CHECK-LABEL: @layer_norm
// CHECK: nn.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {epsilon = 9.99999996E-13 : f32, site = "w"} : (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<2x1xf32>, tensor<2x1xf32>)
func.func @layer_norm(%arg0: tensor<2x8xf32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  %0:3 = nn.layer_norm %arg0, %arg1, %arg2 {epsilon = 9.99999996E-13 : f32, site = "w"} : (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<2x1xf32>, tensor<2x1xf32>)
  return
}

// CHECK-LABEL: @layer_norm_grad
// CHECK: nn.layer_norm_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {epsilon = 9.99999996E-13 : f32, site = "w"} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>)
func.func @layer_norm_grad(%arg0: tensor<2x8xf32>, %arg1: tensor<2x8xf32>, %arg2: tensor<8xf32>, %arg3: tensor<2x1xf32>, %arg4: tensor<2x1xf32>) {
  %0:3 = nn.layer_norm_grad %arg0, %arg1, %arg2, %arg3, %arg4 {epsilon = 9.99999996E-13 : f32, site = "w"} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// CHECK-LABEL: @softmax
// CHECK: nn.softmax %{{.*}} : (tensor<8xf32>) -> tensor<8xf32>
func.func @softmax(%arg0: tensor<8xf32>) {
  %0 = nn.softmax %arg0 : (tensor<8xf32>) -> tensor<8xf32>
  return
}

// CHECK-LABEL: @softmax_keep
// CHECK: nn.softmax %{{.*}} keep %{{.*}} : (tensor<2x3x4x8xf32>, tensor<2x8xi32>) -> tensor<2x3x4x8xf32>
func.func @softmax_keep(%arg0: tensor<2x3x4x8xf32>, %arg1: tensor<2x8xi32>) {
  %0 = nn.softmax %arg0 keep %arg1 : (tensor<2x3x4x8xf32>, tensor<2x8xi32>) -> tensor<2x3x4x8xf32>
  return
}

// CHECK-LABEL: @softmax_grad
// CHECK: nn.softmax_grad %{{.*}}, %{{.*}} : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
func.func @softmax_grad(%arg0: tensor<2x8xf32>, %arg1: tensor<2x8xf32>) {
  %0 = nn.softmax_grad %arg0, %arg1 : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return
}

// CHECK-LABEL: @relu
// CHECK: nn.relu %{{.*}} : (tensor<f32>) -> tensor<f32>
func.func @relu(%arg0: tensor<f32>) {
  %0 = nn.relu %arg0 : (tensor<f32>) -> tensor<f32>
  return
}

// CHECK-LABEL: @relu_grad
// CHECK: nn.relu_grad %{{.*}}, %{{.*}} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func @relu_grad(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) {
  %0 = nn.relu_grad %arg0, %arg1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: @position_ids
// CHECK: nn.position_ids %{{.*}} {padding_idx = 1 : i64} : (tensor<2x4xi32>) -> tensor<2x4xi32>
func.func @position_ids(%arg0: tensor<2x4xi32>) {
  %0 = nn.position_ids %arg0 {padding_idx = 1 : i64} : (tensor<2x4xi32>) -> tensor<2x4xi32>
  return
}

// CHECK-LABEL: @mask_rows
// CHECK: nn.mask_rows %{{.*}}, %{{.*}} : (tensor<2x3x4x8xf32>, tensor<2x4xi32>) -> tensor<2x3x4x8xf32>
func.func @mask_rows(%arg0: tensor<2x3x4x8xf32>, %arg1: tensor<2x4xi32>) {
  %0 = nn.mask_rows %arg0, %arg1 : (tensor<2x3x4x8xf32>, tensor<2x4xi32>) -> tensor<2x3x4x8xf32>
  return
}

// CHECK-LABEL: @adamw_schedule
// CHECK: nn.adamw_schedule %{{.*}}, %{{.*}} {beta1 = 9.000000e-01 : f64, beta2 = 0.99899999999999999 : f64, mode = #nn<adam torch>, weight_decay = 1.000000e-02 : f64} : (tensor<f64>, tensor<2xf64>) -> (tensor<3xf32>, tensor<2xf64>)
func.func @adamw_schedule(%arg0: tensor<f64>, %arg1: tensor<2xf64>) {
  %0:2 = nn.adamw_schedule %arg0, %arg1 {beta1 = 9.000000e-01 : f64, beta2 = 0.99899999999999999 : f64, mode = #nn<adam torch>, weight_decay = 1.000000e-02 : f64} : (tensor<f64>, tensor<2xf64>) -> (tensor<3xf32>, tensor<2xf64>)
  return
}

// CHECK-LABEL: @adamw
// CHECK: nn.adamw %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {beta1 = 9.000000e-01 : f64, beta2 = 0.99899999999999999 : f64, epsilon = 1.000000e-08 : f64, mode = #nn<adam ort>} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
func.func @adamw(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>, %arg4: tensor<3xf32>) {
  %0:3 = nn.adamw %arg0, %arg1, %arg2, %arg3, %arg4 {beta1 = 9.000000e-01 : f64, beta2 = 0.99899999999999999 : f64, epsilon = 1.000000e-08 : f64, mode = #nn<adam ort>} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// CHECK-LABEL: @adamw_clip
// CHECK: nn.adamw %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} clip %{{.*}} {beta1 = 9.000000e-01 : f64, beta2 = 0.99899999999999999 : f64, decay, epsilon = 1.000000e-08 : f64, mode = #nn<adam torch>} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>, tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
func.func @adamw_clip(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>, %arg4: tensor<3xf32>, %arg5: tensor<f32>) {
  %0:3 = nn.adamw %arg0, %arg1, %arg2, %arg3, %arg4 clip %arg5 {beta1 = 9.000000e-01 : f64, beta2 = 0.99899999999999999 : f64, decay, epsilon = 1.000000e-08 : f64, mode = #nn<adam torch>} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>, tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// CHECK-LABEL: @clip_coefficient
// CHECK: nn.clip_coefficient %{{.*}}, %{{.*}} {max_norm = 1.000000e+00 : f64} : (tensor<4xf32>, tensor<2x3xf32>) -> (tensor<f32>, tensor<f32>)
func.func @clip_coefficient(%arg0: tensor<4xf32>, %arg1: tensor<2x3xf32>) {
  %0:2 = nn.clip_coefficient %arg0, %arg1 {max_norm = 1.000000e+00 : f64} : (tensor<4xf32>, tensor<2x3xf32>) -> (tensor<f32>, tensor<f32>)
  return
}

// CHECK-LABEL: @row_norm
// CHECK: nn.row_norm %{{.*}} : (tensor<2x4x8xf32>) -> tensor<8xf32>
func.func @row_norm(%arg0: tensor<2x4x8xf32>) {
  %0 = nn.row_norm %arg0 : (tensor<2x4x8xf32>) -> tensor<8xf32>
  return
}

// CHECK-LABEL: @select_rows
// CHECK: nn.select_rows %{{.*}}, %{{.*}} keep %{{.*}} {anchor = 0 : i64, criterion = #nn<criterion squared>, defensive = 1.000000e-01 : f64, sampler = #nn<sampler pps>, stream = "w/rows"} : (tensor<8xf32>, tensor<4xi32>, tensor<2x4xi32>) -> (tensor<3xi32>, tensor<3xf32>)
func.func @select_rows(%arg0: tensor<8xf32>, %arg1: tensor<4xi32>, %arg2: tensor<2x4xi32>) {
  %0:2 = nn.select_rows %arg0, %arg1 keep %arg2 {anchor = 0 : i64, criterion = #nn<criterion squared>, defensive = 1.000000e-01 : f64, sampler = #nn<sampler pps>, stream = "w/rows"} : (tensor<8xf32>, tensor<4xi32>, tensor<2x4xi32>) -> (tensor<3xi32>, tensor<3xf32>)
  return
}

// CHECK-LABEL: @gather_rows
// CHECK: nn.gather_rows %{{.*}}, %{{.*}} scale %{{.*}} : (tensor<2x4x8xf32>, tensor<3xi32>, tensor<3xf32>) -> tensor<3x8xf32>
func.func @gather_rows(%arg0: tensor<2x4x8xf32>, %arg1: tensor<3xi32>, %arg2: tensor<3xf32>) {
  %0 = nn.gather_rows %arg0, %arg1 scale %arg2 : (tensor<2x4x8xf32>, tensor<3xi32>, tensor<3xf32>) -> tensor<3x8xf32>
  return
}

// CHECK-LABEL: @nf4_dequantize
// CHECK: nn.nf4_dequantize %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8xi32>, tensor<1xi32>, tensor<1xf32>, tensor<f32>, tensor<256xf32>) -> tensor<4x16xf32>
func.func @nf4_dequantize(%arg0: tensor<8xi32>, %arg1: tensor<1xi32>, %arg2: tensor<1xf32>, %arg3: tensor<f32>, %arg4: tensor<256xf32>) {
  %0 = nn.nf4_dequantize %arg0, %arg1, %arg2, %arg3, %arg4 : (tensor<8xi32>, tensor<1xi32>, tensor<1xf32>, tensor<f32>, tensor<256xf32>) -> tensor<4x16xf32>
  return
}

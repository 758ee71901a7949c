// RUN: intq-opt %s --split-input-file --verify-diagnostics

func.func @add_c1(%arg0: tensor<2x3xf32>, %arg1: tensor<2xf32>) {
  // expected-error @+1 {{'nn.add' op expected shapes that broadcast, but got [2, 3] and [2]}}
  %0 = nn.add %arg0, %arg1 : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @add_c1_result(%arg0: tensor<2x3xf32>, %arg1: tensor<3xf32>) {
  // expected-error @+1 {{'nn.add' op expected a result of shape [2, 3], but got [3]}}
  %0 = nn.add %arg0, %arg1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @sub_c1(%arg0: tensor<2x3xf32>, %arg1: tensor<2xf32>) {
  // expected-error @+1 {{'nn.sub' op expected shapes that broadcast, but got [2, 3] and [2]}}
  %0 = nn.sub %arg0, %arg1 : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @sub_c1_result(%arg0: tensor<2x3xf32>, %arg1: tensor<3xf32>) {
  // expected-error @+1 {{'nn.sub' op expected a result of shape [2, 3], but got [3]}}
  %0 = nn.sub %arg0, %arg1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @mul_c1(%arg0: tensor<2x3xf32>, %arg1: tensor<2xf32>) {
  // expected-error @+1 {{'nn.mul' op expected shapes that broadcast, but got [2, 3] and [2]}}
  %0 = nn.mul %arg0, %arg1 : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @mul_c1_result(%arg0: tensor<2x3xf32>, %arg1: tensor<3xf32>) {
  // expected-error @+1 {{'nn.mul' op expected a result of shape [2, 3], but got [3]}}
  %0 = nn.mul %arg0, %arg1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @div_c1(%arg0: tensor<2x3xf32>, %arg1: tensor<2xf32>) {
  // expected-error @+1 {{'nn.div' op expected shapes that broadcast, but got [2, 3] and [2]}}
  %0 = nn.div %arg0, %arg1 : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @div_c1_result(%arg0: tensor<2x3xf32>, %arg1: tensor<3xf32>) {
  // expected-error @+1 {{'nn.div' op expected a result of shape [2, 3], but got [3]}}
  %0 = nn.div %arg0, %arg1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @empty(%arg0: tensor<0x3xf32>) {
  // expected-error @+1 {{'nn.scale' op operand #0 must be non-empty statically shaped tensor of 32-bit float values, but got 'tensor<0x3xf32>'}}
  %0 = nn.scale %arg0 {factor = 2.0 : f32} : (tensor<0x3xf32>) -> tensor<0x3xf32>
  return
}

// -----

func.func @dynamic(%arg0: tensor<?x3xf32>) {
  // expected-error @+1 {{'nn.tanh' op operand #0 must be non-empty statically shaped tensor of 32-bit float values, but got 'tensor<?x3xf32>'}}
  %0 = nn.tanh %arg0 : (tensor<?x3xf32>) -> tensor<?x3xf32>
  return
}

// -----

func.func @rng(%arg0: tensor<4xf32>, %arg1: tensor<3xi32>) {
  // expected-error @+1 {{'nn.dropout' op operand #1 must be random-number key, tensor<4xi32>, but got 'tensor<3xi32>'}}
  %0 = nn.dropout %arg0, %arg1 {ratio = 0.1 : f32, stream = "d"} : (tensor<4xf32>, tensor<3xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @scale_types(%arg0: tensor<4xf32>) {
  // expected-error @+1 {{'nn.scale' op requires the same type for all operands and results}}
  %0 = nn.scale %arg0 {factor = 2.0 : f32} : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @gelu_types(%arg0: tensor<4xf32>) {
  // expected-error @+1 {{'nn.gelu' op requires the same type for all operands and results}}
  %0 = nn.gelu %arg0 : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @gelu_grad_types(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) {
  // expected-error @+1 {{'nn.gelu_grad' op requires the same type for all operands and results}}
  %0 = nn.gelu_grad %arg0, %arg1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @tanh_types(%arg0: tensor<4xf32>) {
  // expected-error @+1 {{'nn.tanh' op requires the same type for all operands and results}}
  %0 = nn.tanh %arg0 : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @tanh_grad_types(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) {
  // expected-error @+1 {{'nn.tanh_grad' op requires the same type for all operands and results}}
  %0 = nn.tanh_grad %arg0, %arg1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @dropout_c1(%arg0: tensor<4xf32>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'nn.dropout' op expected 0 <= ratio < 1, but got 1.000000e+00}}
  %0 = nn.dropout %arg0, %arg1 {ratio = 1.0 : f32, stream = "d"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @dropout_c1_negative(%arg0: tensor<4xf32>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'nn.dropout' op expected 0 <= ratio < 1, but got -1.000000e-01}}
  %0 = nn.dropout %arg0, %arg1 {ratio = -0.1 : f32, stream = "d"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @dropout_c1_nan(%arg0: tensor<4xf32>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'nn.dropout' op expected 0 <= ratio < 1, but got nan}}
  %0 = nn.dropout %arg0, %arg1 {ratio = 0x7fc00000 : f32, stream = "d"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @dropout_c2(%arg0: tensor<4xf32>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'nn.dropout' op expected a result of type 'tensor<4xf32>', but got 'tensor<5xf32>'}}
  %0 = nn.dropout %arg0, %arg1 {ratio = 0.1 : f32, stream = "d"} : (tensor<4xf32>, tensor<4xi32>) -> tensor<5xf32>
  return
}

// -----

func.func @embedding_c1(%arg0: tensor<10xf32>, %arg1: tensor<2xi32>) {
  // expected-error @+1 {{'nn.embedding' op expected a table of rank 2, but got [10]}}
  %0 = nn.embedding %arg0, %arg1 {site = "w"} : (tensor<10xf32>, tensor<2xi32>) -> tensor<2x10xf32>
  return
}

// -----

func.func @embedding_c2(%arg0: tensor<10x8xf32>, %arg1: tensor<2x4xi32>) {
  // expected-error @+1 {{'nn.embedding' op expected a result of shape [2, 4, 8], but got [2, 8]}}
  %0 = nn.embedding %arg0, %arg1 {site = "w"} : (tensor<10x8xf32>, tensor<2x4xi32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @embedding_c3(%arg0: tensor<10x8xf32>, %arg1: tensor<2xi32>) {
  // expected-error @+1 {{'nn.embedding' op expected padding_idx to be -1 or a row below 10, but got 10}}
  %0 = nn.embedding %arg0, %arg1 {padding_idx = 10 : i64, site = "w"} : (tensor<10x8xf32>, tensor<2xi32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @embedding_c3_negative(%arg0: tensor<10x8xf32>, %arg1: tensor<2xi32>) {
  // expected-error @+1 {{'nn.embedding' op expected padding_idx to be -1 or a row below 10, but got -2}}
  %0 = nn.embedding %arg0, %arg1 {padding_idx = -2 : i64, site = "w"} : (tensor<10x8xf32>, tensor<2xi32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @embedding_grad_c1(%arg0: tensor<2x8xf32>, %arg1: tensor<2xi32>) {
  // expected-error @+1 {{'nn.embedding_grad' op expected dtable of rank 2, but got [10, 8, 1]}}
  %0 = nn.embedding_grad %arg0, %arg1 {site = "w"} : (tensor<2x8xf32>, tensor<2xi32>) -> tensor<10x8x1xf32>
  return
}

// -----

func.func @embedding_grad_c2(%arg0: tensor<2x7xf32>, %arg1: tensor<2xi32>) {
  // expected-error @+1 {{'nn.embedding_grad' op expected dy of shape [2, 8], but got [2, 7]}}
  %0 = nn.embedding_grad %arg0, %arg1 {site = "w"} : (tensor<2x7xf32>, tensor<2xi32>) -> tensor<10x8xf32>
  return
}

// -----

func.func @embedding_grad_c3(%arg0: tensor<2x8xf32>, %arg1: tensor<2xi32>) {
  // expected-error @+1 {{'nn.embedding_grad' op expected padding_idx to be -1 or a row below 10, but got 11}}
  %0 = nn.embedding_grad %arg0, %arg1 {padding_idx = 11 : i64, site = "w"} : (tensor<2x8xf32>, tensor<2xi32>) -> tensor<10x8xf32>
  return
}

// -----

func.func @cross_entropy_c1(%arg0: tensor<8xf32>, %arg1: tensor<8xi32>) {
  // expected-error @+1 {{'nn.cross_entropy' op expected logits of rank 2, but got [8]}}
  %0 = nn.cross_entropy %arg0, %arg1 : (tensor<8xf32>, tensor<8xi32>) -> tensor<f32>
  return
}

// -----

func.func @cross_entropy_c2(%arg0: tensor<8x3xf32>, %arg1: tensor<3xi32>) {
  // expected-error @+1 {{'nn.cross_entropy' op expected labels of shape [8], but got [3]}}
  %0 = nn.cross_entropy %arg0, %arg1 : (tensor<8x3xf32>, tensor<3xi32>) -> tensor<f32>
  return
}

// -----

func.func @cross_entropy_grad_c1(%arg0: tensor<f32>, %arg1: tensor<8xf32>, %arg2: tensor<8xi32>) {
  // expected-error @+1 {{'nn.cross_entropy_grad' op expected logits of rank 2, but got [8]}}
  %0 = nn.cross_entropy_grad %arg0, %arg1, %arg2 : (tensor<f32>, tensor<8xf32>, tensor<8xi32>) -> tensor<8xf32>
  return
}

// -----

func.func @cross_entropy_grad_c2(%arg0: tensor<f32>, %arg1: tensor<8x3xf32>, %arg2: tensor<8x1xi32>) {
  // expected-error @+1 {{'nn.cross_entropy_grad' op expected labels of shape [8], but got [8, 1]}}
  %0 = nn.cross_entropy_grad %arg0, %arg1, %arg2 : (tensor<f32>, tensor<8x3xf32>, tensor<8x1xi32>) -> tensor<8x3xf32>
  return
}

// -----

func.func @cross_entropy_grad_c3(%arg0: tensor<f32>, %arg1: tensor<8x3xf32>, %arg2: tensor<8xi32>) {
  // expected-error @+1 {{'nn.cross_entropy_grad' op expected dlogits of shape [8, 3], but got [8]}}
  %0 = nn.cross_entropy_grad %arg0, %arg1, %arg2 : (tensor<f32>, tensor<8x3xf32>, tensor<8xi32>) -> tensor<8xf32>
  return
}

// -----

func.func @mse_c1(%arg0: tensor<8xf32>, %arg1: tensor<8x1xf32>) {
  // expected-error @+1 {{'nn.mse' op expected a target of shape [8], but got [8, 1]}}
  %0 = nn.mse %arg0, %arg1 : (tensor<8xf32>, tensor<8x1xf32>) -> tensor<f32>
  return
}

// -----

func.func @mse_grad_c1(%arg0: tensor<f32>, %arg1: tensor<8xf32>, %arg2: tensor<8x1xf32>) {
  // expected-error @+1 {{'nn.mse_grad' op expected a target of shape [8], but got [8, 1]}}
  %0 = nn.mse_grad %arg0, %arg1, %arg2 : (tensor<f32>, tensor<8xf32>, tensor<8x1xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @mse_grad_c1_result(%arg0: tensor<f32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'nn.mse_grad' op expected dprediction of shape [8], but got []}}
  %0 = nn.mse_grad %arg0, %arg1, %arg2 : (tensor<f32>, tensor<8xf32>, tensor<8xf32>) -> tensor<f32>
  return
}

// -----

func.func @reshape_c1(%arg0: tensor<6xf32>) {
  // expected-error @+1 {{'nn.reshape' op expected a result of 'f32', but got 'i32'}}
  %0 = nn.reshape %arg0 : (tensor<6xf32>) -> tensor<6xi32>
  return
}

// -----

func.func @reshape_c2(%arg0: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.reshape' op expected a result of 6 elements, but got [5]}}
  %0 = nn.reshape %arg0 : (tensor<2x3xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @transpose_c1(%arg0: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.transpose' op expected a permutation of 2 dimensions, but got [0, 0]}}
  %0 = nn.transpose %arg0 {perm = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @transpose_c1_range(%arg0: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.transpose' op expected a permutation of 2 dimensions, but got [0, 2]}}
  %0 = nn.transpose %arg0 {perm = array<i64: 0, 2>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @transpose_c1_negative(%arg0: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.transpose' op expected a permutation of 2 dimensions, but got [-1, 0]}}
  %0 = nn.transpose %arg0 {perm = array<i64: -1, 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @transpose_c1_rank(%arg0: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.transpose' op expected a permutation of 2 dimensions, but got [0]}}
  %0 = nn.transpose %arg0 {perm = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @transpose_c2(%arg0: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.transpose' op expected a result of shape [3, 2], but got [2, 3]}}
  %0 = nn.transpose %arg0 {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @transpose_c2_element(%arg0: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.transpose' op expected a result of 'f32', but got 'i32'}}
  %0 = nn.transpose %arg0 {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xi32>
  return
}

// -----

func.func @slice_c1(%arg0: tensor<4x4xf32>) {
  // expected-error @+1 {{'nn.slice' op expected a result of rank 2, but got [2]}}
  %0 = nn.slice %arg0 {offsets = array<i64: 0, 0>} : (tensor<4x4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @slice_c1_element(%arg0: tensor<4xi32>) {
  // expected-error @+1 {{'nn.slice' op expected a result of 'i32', but got 'f32'}}
  %0 = nn.slice %arg0 {offsets = array<i64: 0>} : (tensor<4xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @slice_c2(%arg0: tensor<4x4xf32>) {
  // expected-error @+1 {{'nn.slice' op expected 2 offsets, but got 1}}
  %0 = nn.slice %arg0 {offsets = array<i64: 0>} : (tensor<4x4xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @slice_c2_end(%arg0: tensor<4x4xf32>) {
  // expected-error @+1 {{'nn.slice' op expected a block within [4, 4], but got [2, 2] at [0, 3]}}
  %0 = nn.slice %arg0 {offsets = array<i64: 0, 3>} : (tensor<4x4xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @slice_c2_negative(%arg0: tensor<4x4xf32>) {
  // expected-error @+1 {{'nn.slice' op expected a block within [4, 4], but got [2, 2] at [-1, 0]}}
  %0 = nn.slice %arg0 {offsets = array<i64: -1, 0>} : (tensor<4x4xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @slice_c2_overflow(%arg0: tensor<4xf32>) {
  // expected-error @+1 {{'nn.slice' op expected a block within [4], but got [2] at [9223372036854775807]}}
  %0 = nn.slice %arg0 {offsets = array<i64: 9223372036854775807>} : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @pad_c1(%arg0: tensor<2xf32>) {
  // expected-error @+1 {{'nn.pad' op expected a result of rank 1, but got [4, 4]}}
  %0 = nn.pad %arg0 {offsets = array<i64: 0>} : (tensor<2xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @pad_c2(%arg0: tensor<2xf32>) {
  // expected-error @+1 {{'nn.pad' op expected a block within [4], but got [2] at [3]}}
  %0 = nn.pad %arg0 {offsets = array<i64: 3>} : (tensor<2xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @concat_c1() {
  // expected-error @+1 {{'nn.concat' op expected at least one operand, but got none}}
  %0 = nn.concat  {axis = 0 : i64} : () -> tensor<4xf32>
  return
}

// -----

func.func @concat_c2(%arg0: tensor<4xf32>) {
  // expected-error @+1 {{'nn.concat' op expected an axis below the rank 1, but got 1}}
  %0 = nn.concat %arg0 {axis = 1 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @concat_c2_negative(%arg0: tensor<4xf32>) {
  // expected-error @+1 {{'nn.concat' op expected an axis below the rank 1, but got -1}}
  %0 = nn.concat %arg0 {axis = -1 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @concat_c3(%arg0: tensor<4x2xf32>, %arg1: tensor<4x3xf32>) {
  // expected-error @+1 {{'nn.concat' op expected an operand of shape [4, 2], but got [4, 3]}}
  %0 = nn.concat %arg0, %arg1 {axis = 0 : i64} : (tensor<4x2xf32>, tensor<4x3xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @concat_c3_rank(%arg0: tensor<4x2xf32>, %arg1: tensor<4xf32>) {
  // expected-error @+1 {{'nn.concat' op expected an operand of rank 2, but got [4]}}
  %0 = nn.concat %arg0, %arg1 {axis = 0 : i64} : (tensor<4x2xf32>, tensor<4xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @concat_c3_element(%arg0: tensor<4xf32>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'nn.concat' op expected a result of 'i32', but got 'f32'}}
  %0 = nn.concat %arg0, %arg1 {axis = 0 : i64} : (tensor<4xf32>, tensor<4xi32>) -> tensor<8xf32>
  return
}

// -----

func.func @concat_c4(%arg0: tensor<4xf32>, %arg1: tensor<3xf32>) {
  // expected-error @+1 {{'nn.concat' op expected a size of 7 along axis 0, but got 8}}
  %0 = nn.concat %arg0, %arg1 {axis = 0 : i64} : (tensor<4xf32>, tensor<3xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @broadcast_c1(%arg0: tensor<1xf32>) {
  // expected-error @+1 {{'nn.broadcast' op expected a result of 'f32', but got 'i32'}}
  %0 = nn.broadcast %arg0 : (tensor<1xf32>) -> tensor<4xi32>
  return
}

// -----

func.func @broadcast_c2(%arg0: tensor<4x1xf32>) {
  // expected-error @+1 {{'nn.broadcast' op expected x to broadcast to [3, 4], but got [4, 1]}}
  %0 = nn.broadcast %arg0 : (tensor<4x1xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @broadcast_c2_rank(%arg0: tensor<1x4xf32>) {
  // expected-error @+1 {{'nn.broadcast' op expected x to broadcast to [4], but got [1, 4]}}
  %0 = nn.broadcast %arg0 : (tensor<1x4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @reduce_sum_c1(%arg0: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.reduce_sum' op expected a count of 1 to 2, but got 0}}
  %0 = nn.reduce_sum %arg0 {count = 0 : i64} : (tensor<2x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @reduce_sum_c1_rank(%arg0: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.reduce_sum' op expected a count of 1 to 2, but got 3}}
  %0 = nn.reduce_sum %arg0 {count = 3 : i64} : (tensor<2x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @reduce_sum_c2(%arg0: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.reduce_sum' op expected a result of shape [3], but got [2]}}
  %0 = nn.reduce_sum %arg0 {count = 1 : i64} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @reduce_sum_c2_trailing(%arg0: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.reduce_sum' op expected a result of shape [2], but got [3]}}
  %0 = nn.reduce_sum %arg0 {count = 1 : i64, trailing} : (tensor<2x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @linear_c1(%arg0: tensor<2x3xf32>, %arg1: tensor<4x5xf32>) {
  // expected-error @+1 {{'nn.linear' op expected a weight of shape [4, 3], but got [4, 5]}}
  %0 = nn.linear %arg0, %arg1 {site = "w"} : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @linear_c1_rank(%arg0: tensor<2x3xf32>, %arg1: tensor<4xf32>) {
  // expected-error @+1 {{'nn.linear' op expected a weight of rank 2, but got [4]}}
  %0 = nn.linear %arg0, %arg1 {site = "w"} : (tensor<2x3xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @linear_c1_scalar(%arg0: tensor<f32>, %arg1: tensor<4x3xf32>) {
  // expected-error @+1 {{'nn.linear' op expected x of rank 1 or more, but got []}}
  %0 = nn.linear %arg0, %arg1 {site = "w"} : (tensor<f32>, tensor<4x3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @linear_c2(%arg0: tensor<2x3xf32>, %arg1: tensor<4x3xf32>) {
  // expected-error @+1 {{'nn.linear' op expected y of shape [2, 4], but got [2, 3]}}
  %0 = nn.linear %arg0, %arg1 {site = "w"} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @linear_c3(%arg0: tensor<2x3xf32>, %arg1: tensor<4x3xf32>, %arg2: tensor<3xf32>) {
  // expected-error @+1 {{'nn.linear' op expected a bias of shape [4], but got [3]}}
  %0 = nn.linear %arg0, %arg1 bias %arg2 {site = "w"} : (tensor<2x3xf32>, tensor<4x3xf32>, tensor<3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @linear_input_grad_c1(%arg0: tensor<2x3xf32>, %arg1: tensor<4x3xf32>) {
  // expected-error @+1 {{'nn.linear_input_grad' op expected a weight of shape [3, 3], but got [4, 3]}}
  %0 = nn.linear_input_grad %arg0, %arg1 {site = "w"} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @linear_input_grad_c1_rank(%arg0: tensor<2x3xf32>, %arg1: tensor<3xf32>) {
  // expected-error @+1 {{'nn.linear_input_grad' op expected a weight of rank 2, but got [3]}}
  %0 = nn.linear_input_grad %arg0, %arg1 {site = "w"} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @linear_input_grad_c1_scalar(%arg0: tensor<f32>, %arg1: tensor<4x3xf32>) {
  // expected-error @+1 {{'nn.linear_input_grad' op expected dy of rank 1 or more, but got []}}
  %0 = nn.linear_input_grad %arg0, %arg1 {site = "w"} : (tensor<f32>, tensor<4x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @linear_input_grad_c2(%arg0: tensor<2x4xf32>, %arg1: tensor<4x3xf32>) {
  // expected-error @+1 {{'nn.linear_input_grad' op expected dx of shape [2, 3], but got [2, 4]}}
  %0 = nn.linear_input_grad %arg0, %arg1 {site = "w"} : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @linear_weight_grad_c1(%arg0: tensor<2x4xf32>, %arg1: tensor<3x3xf32>) {
  // expected-error @+1 {{'nn.linear_weight_grad' op expected equal leading dimensions, but got [2] and [3]}}
  %0 = nn.linear_weight_grad %arg0, %arg1 {site = "w"} : (tensor<2x4xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @linear_weight_grad_c1_dy(%arg0: tensor<f32>, %arg1: tensor<3x3xf32>) {
  // expected-error @+1 {{'nn.linear_weight_grad' op expected dy of rank 1 or more, but got []}}
  %0 = nn.linear_weight_grad %arg0, %arg1 {site = "w"} : (tensor<f32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @linear_weight_grad_c1_x(%arg0: tensor<4xf32>, %arg1: tensor<f32>) {
  // expected-error @+1 {{'nn.linear_weight_grad' op expected x of rank 1 or more, but got []}}
  %0 = nn.linear_weight_grad %arg0, %arg1 {site = "w"} : (tensor<4xf32>, tensor<f32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @linear_weight_grad_c2(%arg0: tensor<2x4xf32>, %arg1: tensor<2x3xf32>) {
  // expected-error @+1 {{'nn.linear_weight_grad' op expected dw of shape [4, 3], but got [3, 4]}}
  %0 = nn.linear_weight_grad %arg0, %arg1 {site = "w"} : (tensor<2x4xf32>, tensor<2x3xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @bias_grad_c1(%arg0: tensor<f32>) {
  // expected-error @+1 {{'nn.bias_grad' op expected dy of rank 1 or more, but got []}}
  %0 = nn.bias_grad %arg0 {site = "w"} : (tensor<f32>) -> tensor<1xf32>
  return
}

// -----

func.func @bias_grad_c2(%arg0: tensor<2x4xf32>) {
  // expected-error @+1 {{'nn.bias_grad' op expected db of shape [4], but got [2]}}
  %0 = nn.bias_grad %arg0 {site = "w"} : (tensor<2x4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @matmul_c1(%arg0: tensor<3xf32>, %arg1: tensor<3x4xf32>) {
  // expected-error @+1 {{'nn.matmul' op expected a of rank 2 or more, but got [3]}}
  %0 = nn.matmul %arg0, %arg1 {site = "w"} : (tensor<3xf32>, tensor<3x4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @matmul_c1_ranks(%arg0: tensor<2x3xf32>, %arg1: tensor<1x3x4xf32>) {
  // expected-error @+1 {{'nn.matmul' op expected b of rank 2, but got [1, 3, 4]}}
  %0 = nn.matmul %arg0, %arg1 {site = "w"} : (tensor<2x3xf32>, tensor<1x3x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @matmul_c2(%arg0: tensor<5x2x3xf32>, %arg1: tensor<1x3x4xf32>) {
  // expected-error @+1 {{'nn.matmul' op expected equal leading dimensions, but got [5] and [1]}}
  %0 = nn.matmul %arg0, %arg1 {site = "w"} : (tensor<5x2x3xf32>, tensor<1x3x4xf32>) -> tensor<5x2x4xf32>
  return
}

// -----

func.func @matmul_c3(%arg0: tensor<2x3xf32>, %arg1: tensor<4x3xf32>) {
  // expected-error @+1 {{'nn.matmul' op expected equal sizes of the contraction, but got 3 and 4}}
  %0 = nn.matmul %arg0, %arg1 {site = "w"} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @matmul_c3_flags(%arg0: tensor<2x3xf32>, %arg1: tensor<3x4xf32>) {
  // expected-error @+1 {{'nn.matmul' op expected equal sizes of the contraction, but got 2 and 4}}
  %0 = nn.matmul %arg0, %arg1 {transpose_a, transpose_b, site = "w"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<3x3xf32>
  return
}

// -----

func.func @matmul_c4(%arg0: tensor<2x3xf32>, %arg1: tensor<4x3xf32>) {
  // expected-error @+1 {{'nn.matmul' op expected a result of shape [2, 4], but got [2, 3]}}
  %0 = nn.matmul %arg0, %arg1 {transpose_b, site = "w"} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @layer_norm_c1(%arg0: tensor<2x8xf32>, %arg1: tensor<2xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'nn.layer_norm' op expected a weight of shape [8], but got [2]}}
  %0:3 = nn.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x8xf32>, tensor<2xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<2x1xf32>, tensor<2x1xf32>)
  return
}

// -----

func.func @layer_norm_c1_bias(%arg0: tensor<2x8xf32>, %arg1: tensor<8xf32>, %arg2: tensor<1x8xf32>) {
  // expected-error @+1 {{'nn.layer_norm' op expected a bias of shape [8], but got [1, 8]}}
  %0:3 = nn.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x8xf32>, tensor<8xf32>, tensor<1x8xf32>) -> (tensor<2x8xf32>, tensor<2x1xf32>, tensor<2x1xf32>)
  return
}

// -----

func.func @layer_norm_c1_scalar(%arg0: tensor<f32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'nn.layer_norm' op expected x of rank 1 or more, but got []}}
  %0:3 = nn.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<f32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<2x1xf32>, tensor<2x1xf32>)
  return
}

// -----

func.func @layer_norm_c2(%arg0: tensor<2x8xf32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'nn.layer_norm' op expected y of shape [2, 8], but got [8]}}
  %0:3 = nn.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<8xf32>, tensor<2x1xf32>, tensor<2x1xf32>)
  return
}

// -----

func.func @layer_norm_c2_mean(%arg0: tensor<2x8xf32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'nn.layer_norm' op expected a mean of shape [2, 1], but got [2]}}
  %0:3 = nn.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<2xf32>, tensor<2x1xf32>)
  return
}

// -----

func.func @layer_norm_c2_rstd(%arg0: tensor<2x8xf32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'nn.layer_norm' op expected rstd of shape [2, 1], but got [2, 8]}}
  %0:3 = nn.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<2x1xf32>, tensor<2x8xf32>)
  return
}

// -----

func.func @layer_norm_c3(%arg0: tensor<2x8xf32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'nn.layer_norm' op expected epsilon > 0, but got 0.000000e+00}}
  %0:3 = nn.layer_norm %arg0, %arg1, %arg2 {epsilon = 0.0 : f32, site = "w"} : (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<2x1xf32>, tensor<2x1xf32>)
  return
}

// -----

func.func @layer_norm_grad_c1(%arg0: tensor<2x7xf32>, %arg1: tensor<2x8xf32>, %arg2: tensor<8xf32>, %arg3: tensor<2x1xf32>, %arg4: tensor<2x1xf32>) {
  // expected-error @+1 {{'nn.layer_norm_grad' op expected dy of shape [2, 8], but got [2, 7]}}
  %0:3 = nn.layer_norm_grad %arg0, %arg1, %arg2, %arg3, %arg4 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x7xf32>, tensor<2x8xf32>, tensor<8xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_grad_c1_dx(%arg0: tensor<2x8xf32>, %arg1: tensor<2x8xf32>, %arg2: tensor<8xf32>, %arg3: tensor<2x1xf32>, %arg4: tensor<2x1xf32>) {
  // expected-error @+1 {{'nn.layer_norm_grad' op expected dx of shape [2, 8], but got [2, 7]}}
  %0:3 = nn.layer_norm_grad %arg0, %arg1, %arg2, %arg3, %arg4 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> (tensor<2x7xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_grad_c1_scalar(%arg0: tensor<2x8xf32>, %arg1: tensor<f32>, %arg2: tensor<8xf32>, %arg3: tensor<2x1xf32>, %arg4: tensor<2x1xf32>) {
  // expected-error @+1 {{'nn.layer_norm_grad' op expected x of rank 1 or more, but got []}}
  %0:3 = nn.layer_norm_grad %arg0, %arg1, %arg2, %arg3, %arg4 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x8xf32>, tensor<f32>, tensor<8xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_grad_c2(%arg0: tensor<2x8xf32>, %arg1: tensor<2x8xf32>, %arg2: tensor<7xf32>, %arg3: tensor<2x1xf32>, %arg4: tensor<2x1xf32>) {
  // expected-error @+1 {{'nn.layer_norm_grad' op expected a weight of shape [8], but got [7]}}
  %0:3 = nn.layer_norm_grad %arg0, %arg1, %arg2, %arg3, %arg4 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<7xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_grad_c2_dweight(%arg0: tensor<2x8xf32>, %arg1: tensor<2x8xf32>, %arg2: tensor<8xf32>, %arg3: tensor<2x1xf32>, %arg4: tensor<2x1xf32>) {
  // expected-error @+1 {{'nn.layer_norm_grad' op expected dweight of shape [8], but got [7]}}
  %0:3 = nn.layer_norm_grad %arg0, %arg1, %arg2, %arg3, %arg4 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> (tensor<2x8xf32>, tensor<7xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_grad_c2_dbias(%arg0: tensor<2x8xf32>, %arg1: tensor<2x8xf32>, %arg2: tensor<8xf32>, %arg3: tensor<2x1xf32>, %arg4: tensor<2x1xf32>) {
  // expected-error @+1 {{'nn.layer_norm_grad' op expected dbias of shape [8], but got [7]}}
  %0:3 = nn.layer_norm_grad %arg0, %arg1, %arg2, %arg3, %arg4 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> (tensor<2x8xf32>, tensor<8xf32>, tensor<7xf32>)
  return
}

// -----

func.func @layer_norm_grad_c3(%arg0: tensor<2x8xf32>, %arg1: tensor<2x8xf32>, %arg2: tensor<8xf32>, %arg3: tensor<2xf32>, %arg4: tensor<2x1xf32>) {
  // expected-error @+1 {{'nn.layer_norm_grad' op expected a mean of shape [2, 1], but got [2]}}
  %0:3 = nn.layer_norm_grad %arg0, %arg1, %arg2, %arg3, %arg4 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>, tensor<2xf32>, tensor<2x1xf32>) -> (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_grad_c3_rstd(%arg0: tensor<2x8xf32>, %arg1: tensor<2x8xf32>, %arg2: tensor<8xf32>, %arg3: tensor<2x1xf32>, %arg4: tensor<2xf32>) {
  // expected-error @+1 {{'nn.layer_norm_grad' op expected rstd of shape [2, 1], but got [2]}}
  %0:3 = nn.layer_norm_grad %arg0, %arg1, %arg2, %arg3, %arg4 {epsilon = 1.0e-12 : f32, site = "w"} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>, tensor<2x1xf32>, tensor<2xf32>) -> (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_grad_c4(%arg0: tensor<2x8xf32>, %arg1: tensor<2x8xf32>, %arg2: tensor<8xf32>, %arg3: tensor<2x1xf32>, %arg4: tensor<2x1xf32>) {
  // expected-error @+1 {{'nn.layer_norm_grad' op expected epsilon > 0, but got -1.000000e+00}}
  %0:3 = nn.layer_norm_grad %arg0, %arg1, %arg2, %arg3, %arg4 {epsilon = -1.0 : f32, site = "w"} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>, tensor<2x1xf32>, tensor<2x1xf32>) -> (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @softmax_c1(%arg0: tensor<2x8xf32>) {
  // expected-error @+1 {{'nn.softmax' op expected a result of shape [2, 8], but got [8]}}
  %0 = nn.softmax %arg0 : (tensor<2x8xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @softmax_c1_scalar(%arg0: tensor<f32>) {
  // expected-error @+1 {{'nn.softmax' op expected x of rank 1 or more, but got []}}
  %0 = nn.softmax %arg0 : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @softmax_c2(%arg0: tensor<2x8xf32>, %arg1: tensor<2x8xi32>) {
  // expected-error @+1 {{'nn.softmax' op expected x of rank 4, but got [2, 8]}}
  %0 = nn.softmax %arg0 keep %arg1 : (tensor<2x8xf32>, tensor<2x8xi32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @softmax_c2_keep(%arg0: tensor<2x3x4x8xf32>, %arg1: tensor<2x4xi32>) {
  // expected-error @+1 {{'nn.softmax' op expected keep of shape [2, 8], but got [2, 4]}}
  %0 = nn.softmax %arg0 keep %arg1 : (tensor<2x3x4x8xf32>, tensor<2x4xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----

func.func @softmax_grad_c1(%arg0: tensor<f32>, %arg1: tensor<f32>) {
  // expected-error @+1 {{'nn.softmax_grad' op expected y of rank 1 or more, but got []}}
  %0 = nn.softmax_grad %arg0, %arg1 : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @relu_types(%arg0: tensor<4xf32>) {
  // expected-error @+1 {{'nn.relu' op requires the same type for all operands and results}}
  %0 = nn.relu %arg0 : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @relu_grad_types(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) {
  // expected-error @+1 {{'nn.relu_grad' op requires the same type for all operands and results}}
  %0 = nn.relu_grad %arg0, %arg1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @position_ids_c1(%arg0: tensor<4xi32>) {
  // expected-error @+1 {{'nn.position_ids' op expected ids of rank 2, but got [4]}}
  %0 = nn.position_ids %arg0 {padding_idx = 1 : i64} : (tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @position_ids_c2(%arg0: tensor<2x4xi32>) {
  // expected-error @+1 {{'nn.position_ids' op expected a result of shape [2, 4], but got [2, 5]}}
  %0 = nn.position_ids %arg0 {padding_idx = 1 : i64} : (tensor<2x4xi32>) -> tensor<2x5xi32>
  return
}

// -----

func.func @position_ids_c3(%arg0: tensor<2x4xi32>) {
  // expected-error @+1 {{'nn.position_ids' op expected padding_idx from 0 to below 2^30, but got -1}}
  %0 = nn.position_ids %arg0 {padding_idx = -1 : i64} : (tensor<2x4xi32>) -> tensor<2x4xi32>
  return
}

// -----

func.func @mask_rows_c1(%arg0: tensor<2x3x4x8xf32>, %arg1: tensor<2x8xi32>) {
  // expected-error @+1 {{'nn.mask_rows' op expected keep of shape [2, 4], but got [2, 8]}}
  %0 = nn.mask_rows %arg0, %arg1 : (tensor<2x3x4x8xf32>, tensor<2x8xi32>) -> tensor<2x3x4x8xf32>
  return
}

// -----

func.func @mask_rows_c1_rank(%arg0: tensor<2x4xf32>, %arg1: tensor<2x4xi32>) {
  // expected-error @+1 {{'nn.mask_rows' op expected x of rank 4, but got [2, 4]}}
  %0 = nn.mask_rows %arg0, %arg1 : (tensor<2x4xf32>, tensor<2x4xi32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @mask_rows_c2(%arg0: tensor<2x3x4x8xf32>, %arg1: tensor<2x4xi32>) {
  // expected-error @+1 {{'nn.mask_rows' op expected a result of shape [2, 3, 4, 8], but got [2, 3, 4, 1]}}
  %0 = nn.mask_rows %arg0, %arg1 : (tensor<2x3x4x8xf32>, tensor<2x4xi32>) -> tensor<2x3x4x1xf32>
  return
}

// -----

func.func @adamw_schedule_c1(%arg0: tensor<f64>, %arg1: tensor<2xf64>) {
  // expected-error @+1 {{'nn.adamw_schedule' op expected 0 <= beta1 < 1, but got 1.000000e+00}}
  %0:2 = nn.adamw_schedule %arg0, %arg1 {beta1 = 1.0 : f64, beta2 = 0.999 : f64, weight_decay = 0.01 : f64, mode = #nn<adam torch>} : (tensor<f64>, tensor<2xf64>) -> (tensor<3xf32>, tensor<2xf64>)
  return
}

// -----

func.func @adamw_schedule_c1_beta2(%arg0: tensor<f64>, %arg1: tensor<2xf64>) {
  // expected-error @+1 {{'nn.adamw_schedule' op expected 0 <= beta2 < 1, but got -1.000000e-01}}
  %0:2 = nn.adamw_schedule %arg0, %arg1 {beta1 = 0.9 : f64, beta2 = -0.1 : f64, weight_decay = 0.01 : f64, mode = #nn<adam torch>} : (tensor<f64>, tensor<2xf64>) -> (tensor<3xf32>, tensor<2xf64>)
  return
}

// -----

func.func @adamw_schedule_c2(%arg0: tensor<f64>, %arg1: tensor<2xf64>) {
  // expected-error @+1 {{'nn.adamw_schedule' op expected weight_decay >= 0, but got -1.000000e-02}}
  %0:2 = nn.adamw_schedule %arg0, %arg1 {beta1 = 0.9 : f64, beta2 = 0.999 : f64, weight_decay = -0.01 : f64, mode = #nn<adam torch>} : (tensor<f64>, tensor<2xf64>) -> (tensor<3xf32>, tensor<2xf64>)
  return
}

// -----

func.func @adamw_c1_moment1(%arg0: tensor<4xf32>, %arg1: tensor<5xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>, %arg4: tensor<3xf32>) {
  // expected-error @+1 {{'nn.adamw' op expected moment1 of shape [4], but got [5]}}
  %0:3 = nn.adamw %arg0, %arg1, %arg2, %arg3, %arg4 {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam ort>} : (tensor<4xf32>, tensor<5xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @adamw_c1_moment2(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<5xf32>, %arg3: tensor<4xf32>, %arg4: tensor<3xf32>) {
  // expected-error @+1 {{'nn.adamw' op expected moment2 of shape [4], but got [5]}}
  %0:3 = nn.adamw %arg0, %arg1, %arg2, %arg3, %arg4 {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam ort>} : (tensor<4xf32>, tensor<4xf32>, tensor<5xf32>, tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @adamw_c1_gradient(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<5xf32>, %arg4: tensor<3xf32>) {
  // expected-error @+1 {{'nn.adamw' op expected a gradient of shape [4], but got [5]}}
  %0:3 = nn.adamw %arg0, %arg1, %arg2, %arg3, %arg4 {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam ort>} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<5xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @adamw_c1_new_parameter(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>, %arg4: tensor<3xf32>) {
  // expected-error @+1 {{'nn.adamw' op expected a new parameter of shape [4], but got [5]}}
  %0:3 = nn.adamw %arg0, %arg1, %arg2, %arg3, %arg4 {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam ort>} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> (tensor<5xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @adamw_c1_new_moment1(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>, %arg4: tensor<3xf32>) {
  // expected-error @+1 {{'nn.adamw' op expected new moment1 of shape [4], but got [5]}}
  %0:3 = nn.adamw %arg0, %arg1, %arg2, %arg3, %arg4 {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam ort>} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<5xf32>, tensor<4xf32>)
  return
}

// -----

func.func @adamw_c1_new_moment2(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>, %arg4: tensor<3xf32>) {
  // expected-error @+1 {{'nn.adamw' op expected new moment2 of shape [4], but got [5]}}
  %0:3 = nn.adamw %arg0, %arg1, %arg2, %arg3, %arg4 {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam ort>} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<5xf32>)
  return
}

// -----

func.func @adamw_c2(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>, %arg4: tensor<3xf32>) {
  // expected-error @+1 {{'nn.adamw' op expected 0 <= beta1 < 1, but got 1.000000e+00}}
  %0:3 = nn.adamw %arg0, %arg1, %arg2, %arg3, %arg4 {beta1 = 1.0 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam ort>} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @adamw_c2_beta2(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>, %arg4: tensor<3xf32>) {
  // expected-error @+1 {{'nn.adamw' op expected 0 <= beta2 < 1, but got nan}}
  %0:3 = nn.adamw %arg0, %arg1, %arg2, %arg3, %arg4 {beta1 = 0.9 : f64, beta2 = 0x7ff8000000000000 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam ort>} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @adamw_c3(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>, %arg4: tensor<3xf32>) {
  // expected-error @+1 {{'nn.adamw' op expected epsilon >= 0, but got -1.000000e+00}}
  %0:3 = nn.adamw %arg0, %arg1, %arg2, %arg3, %arg4 {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = -1.0 : f64, mode = #nn<adam ort>} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @clip_coefficient_c1() {
  // expected-error @+1 {{'nn.clip_coefficient' op expected at least one gradient, but got none}}
  %0:2 = nn.clip_coefficient  {max_norm = 1.0 : f64} : () -> (tensor<f32>, tensor<f32>)
  return
}

// -----

func.func @clip_coefficient_c2(%arg0: tensor<4xf32>) {
  // expected-error @+1 {{'nn.clip_coefficient' op expected max_norm > 0, but got 0.000000e+00}}
  %0:2 = nn.clip_coefficient %arg0 {max_norm = 0.0 : f64} : (tensor<4xf32>) -> (tensor<f32>, tensor<f32>)
  return
}

// -----

func.func @row_norm_c1(%x: tensor<f32>) {
  // expected-error @+1 {{'nn.row_norm' op expected x of rank 1 or more, but got []}}
  %0 = nn.row_norm %x : (tensor<f32>) -> tensor<1xf32>
  return
}

// -----

func.func @row_norm_c2(%x: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'nn.row_norm' op expected norms of shape [8], but got [4]}}
  %0 = nn.row_norm %x : (tensor<2x4x8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @select_rows_c1(%w: tensor<8xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'nn.select_rows' op expected at most 8 rows, one a weight, but got 9}}
  %0:2 = nn.select_rows %w, %rng {stream = "s"} : (tensor<8xf32>, tensor<4xi32>) -> (tensor<9xi32>, tensor<9xf32>)
  return
}

// -----

func.func @select_rows_c1_scales(%w: tensor<8xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'nn.select_rows' op expected scales of shape [3], but got [2]}}
  %0:2 = nn.select_rows %w, %rng {stream = "s"} : (tensor<8xf32>, tensor<4xi32>) -> (tensor<3xi32>, tensor<2xf32>)
  return
}

// -----

func.func @select_rows_c2(%w: tensor<8xf32>, %rng: tensor<4xi32>, %k: tensor<2x3xi32>) {
  // expected-error @+1 {{'nn.select_rows' op expected keep of 8 elements, one a weight, but got [2, 3]}}
  %0:2 = nn.select_rows %w, %rng keep %k {stream = "s"} : (tensor<8xf32>, tensor<4xi32>, tensor<2x3xi32>) -> (tensor<3xi32>, tensor<3xf32>)
  return
}

// -----

func.func @select_rows_c3(%w: tensor<1048577xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'nn.select_rows' op expected at most 1048576 weights, but got 1048577}}
  %0:2 = nn.select_rows %w, %rng {stream = "s"} : (tensor<1048577xf32>, tensor<4xi32>) -> (tensor<3xi32>, tensor<3xf32>)
  return
}

// -----

func.func @select_rows_c4(%w: tensor<8xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'nn.select_rows' op expected 0 <= defensive <= 0.5, but got 7.500000e-01}}
  %0:2 = nn.select_rows %w, %rng {defensive = 0.75 : f64, stream = "s"} : (tensor<8xf32>, tensor<4xi32>) -> (tensor<3xi32>, tensor<3xf32>)
  return
}

// -----

func.func @select_rows_c5(%w: tensor<8xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'nn.select_rows' op expected -1 <= anchor < 0, but got 0}}
  %0:2 = nn.select_rows %w, %rng {anchor = 0 : i64, stream = "s"} : (tensor<8xf32>, tensor<4xi32>) -> (tensor<3xi32>, tensor<3xf32>)
  return
}

// -----

func.func @gather_rows_c1(%x: tensor<4x8xf32>, %r: tensor<3xi32>) {
  // expected-error @+1 {{'nn.gather_rows' op expected a result of shape [3, 8], but got [3, 4]}}
  %0 = nn.gather_rows %x, %r : (tensor<4x8xf32>, tensor<3xi32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @gather_rows_c2(%x: tensor<4x8xf32>, %r: tensor<1x3xi32>) {
  // expected-error @+1 {{'nn.gather_rows' op expected rows of rank 1, but got [1, 3]}}
  %0 = nn.gather_rows %x, %r : (tensor<4x8xf32>, tensor<1x3xi32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @gather_rows_c3(%x: tensor<4x8xf32>, %r: tensor<3xi32>, %s: tensor<2xf32>) {
  // expected-error @+1 {{'nn.gather_rows' op expected scales of shape [3], but got [2]}}
  %0 = nn.gather_rows %x, %r scale %s : (tensor<4x8xf32>, tensor<3xi32>, tensor<2xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @nf4_dequantize_c1(%c: tensor<4xi32>, %a: tensor<1xi32>, %s: tensor<1xf32>, %o: tensor<f32>, %m: tensor<256xf32>) {
  // expected-error @+1 {{'nn.nf4_dequantize' op expected a result with a multiple of 64 elements, but got 32}}
  %0 = nn.nf4_dequantize %c, %a, %s, %o, %m : (tensor<4xi32>, tensor<1xi32>, tensor<1xf32>, tensor<f32>, tensor<256xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @nf4_dequantize_c2(%c: tensor<9xi32>, %a: tensor<1xi32>, %s: tensor<1xf32>, %o: tensor<f32>, %m: tensor<256xf32>) {
  // expected-error @+1 {{'nn.nf4_dequantize' op expected codes of shape [8], but got [9]}}
  %0 = nn.nf4_dequantize %c, %a, %s, %o, %m : (tensor<9xi32>, tensor<1xi32>, tensor<1xf32>, tensor<f32>, tensor<256xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @nf4_dequantize_c3(%c: tensor<8xi32>, %a: tensor<2xi32>, %s: tensor<1xf32>, %o: tensor<f32>, %m: tensor<256xf32>) {
  // expected-error @+1 {{'nn.nf4_dequantize' op expected absmax of shape [1], but got [2]}}
  %0 = nn.nf4_dequantize %c, %a, %s, %o, %m : (tensor<8xi32>, tensor<2xi32>, tensor<1xf32>, tensor<f32>, tensor<256xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @nf4_dequantize_c4(%c: tensor<8xi32>, %a: tensor<1xi32>, %s: tensor<2xf32>, %o: tensor<f32>, %m: tensor<256xf32>) {
  // expected-error @+1 {{'nn.nf4_dequantize' op expected scales of shape [1], but got [2]}}
  %0 = nn.nf4_dequantize %c, %a, %s, %o, %m : (tensor<8xi32>, tensor<1xi32>, tensor<2xf32>, tensor<f32>, tensor<256xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @nf4_dequantize_c5(%c: tensor<8xi32>, %a: tensor<1xi32>, %s: tensor<1xf32>, %o: tensor<f32>, %m: tensor<255xf32>) {
  // expected-error @+1 {{'nn.nf4_dequantize' op expected map of shape [256], but got [255]}}
  %0 = nn.nf4_dequantize %c, %a, %s, %o, %m : (tensor<8xi32>, tensor<1xi32>, tensor<1xf32>, tensor<f32>, tensor<255xf32>) -> tensor<4x16xf32>
  return
}

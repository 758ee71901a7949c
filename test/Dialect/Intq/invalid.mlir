// RUN: intq-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expected a static shape of rank 1 or more without empty dimensions}}
func.func @q_c1(%arg0: !intq.q<0x8, i8, [1, *], f32>) {
  return
}

// -----

// expected-error @+1 {{expected a code width of 2 to 16 bits, but got 17}}
func.func @q_c2(%arg0: !intq.q<4x8, i17, [1, *], f32>) {
  return
}

// -----

// expected-error @+1 {{expected a code width of 2 to 16 bits, but got 1}}
func.func @q_c2_low(%arg0: !intq.q<4x8, i1, [1, *], f32>) {
  return
}

// -----

// expected-error @+1 {{expected one block size a dimension (2), but got 1}}
func.func @q_c3(%arg0: !intq.q<4x8, i8, [1], f32>) {
  return
}

// -----

// expected-error @+1 {{expected block sizes of at least 1, but got 0}}
func.func @q_c3_size(%arg0: !intq.q<4x8, i8, [1, 0], f32>) {
  return
}

// -----

// expected-error @+1 {{expected a block [outside, along], but got 1 entries}}
module @format_block attributes {intq.recipe = #intq.format<i8, [1], f32>} {}

// -----

// expected-error @+1 {{expected a scale kind f32 or pow2, but got unit}}
module @format_scale attributes {intq.recipe = #intq.format<i8, [1, *], unit>} {}

// -----

// expected-error @+1 {{expected only known keys in recipe "r", but got {activation = #intq.format<i8, [1, *], f32>}}}
module @recipe_c1 attributes {intq.recipe = #intq.recipe<"r", {activation = #intq.format<i8, [1, *], f32>}>} {}

// -----

// expected-error @+1 {{expected a #intq.format for "matmul_activation", but got 1 : i64}}
module @recipe_c1_kind attributes {intq.recipe = #intq.recipe<"r", {matmul_activation = 1 : i64, matmul_gradient = 1 : i64}>} {}

// -----

// expected-error @+1 {{expected all of matmul_activation, matmul_gradient or none of them in recipe "r"}}
module @recipe_c2 attributes {intq.recipe = #intq.recipe<"r", {matmul_activation = #intq.format<i8, [1, *], f32>}>} {}

// -----

// expected-error @+1 {{expected #intq.format<i8, [1, 256], f32> for moments, but got #intq.format<i8, [1, *], f32>}}
module @recipe_c3 attributes {intq.recipe = #intq.recipe<"r", {moments = #intq.format<i8, [1, *], f32>}>} {}

// -----

func.func @quantize_c1(%arg0: tensor<4x7xf32>) {
  // expected-error @+1 {{'intq.quantize' op expected x of shape [4, 8], but got [4, 7]}}
  %0 = intq.quantize %arg0 {site = "w"} : (tensor<4x7xf32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// -----

func.func @quantize_c2(%arg0: tensor<4x8xf32>) {
  // expected-error @+1 {{'intq.quantize' op expected rng and stream with stochastic rounding, but got no rng}}
  %0 = intq.quantize %arg0 {rounding = #intq<rounding stochastic>, stream = "s", site = "w"} : (tensor<4x8xf32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// -----

func.func @quantize_c2_stream(%arg0: tensor<4x8xf32>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'intq.quantize' op expected rng and stream with stochastic rounding, but got no stream}}
  %0 = intq.quantize %arg0 rng %arg1 {rounding = #intq<rounding stochastic>, site = "w"} : (tensor<4x8xf32>, tensor<4xi32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// -----

func.func @quantize_c2_nearest(%arg0: tensor<4x8xf32>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'intq.quantize' op expected neither rng nor stream with rounding to nearest, but got rng}}
  %0 = intq.quantize %arg0 rng %arg1 {site = "w"} : (tensor<4x8xf32>, tensor<4xi32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// -----

func.func @quantize_c2_nearest_stream(%arg0: tensor<4x8xf32>) {
  // expected-error @+1 {{'intq.quantize' op expected neither rng nor stream with rounding to nearest, but got a stream}}
  %0 = intq.quantize %arg0 {stream = "s", site = "w"} : (tensor<4x8xf32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// -----

func.func @quantize_c3(%arg0: tensor<4x8xf32>, %arg1: tensor<4xf32>) {
  // expected-error @+1 {{'intq.quantize' op expected fold to broadcast to [4, 8], but got [4]}}
  %0 = intq.quantize %arg0 fold %arg1 {site = "w"} : (tensor<4x8xf32>, tensor<4xf32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// -----

func.func @quantize_c4(%arg0: tensor<4x8xf32>) {
  // expected-error @+1 {{'intq.quantize' op expected a result with scale kind f32 or pow2, but got '!intq.q<4x8, i8, [1, *], unit>'}}
  %0 = intq.quantize %arg0 {site = "w"} : (tensor<4x8xf32>) -> !intq.q<4x8, i8, [1, *], unit>
  return
}

// -----

func.func @dequantize_c1(%arg0: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.dequantize' op expected a result of shape [4, 8], but got [8, 4]}}
  %0 = intq.dequantize %arg0 : (!intq.q<4x8, i8, [1, *], f32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @unscale_c1(%arg0: !intq.q<4x8, i8, [1, 4], f32>) {
  // expected-error @+1 {{'intq.unscale' op expected block entries of 1 or *, but got '!intq.q<4x8, i8, [1, 4], f32>'}}
  %0:2 = intq.unscale %arg0 : (!intq.q<4x8, i8, [1, 4], f32>) -> (!intq.q<4x8, i8, [1, 4], unit>, tensor<4x2xf32>)
  return
}

// -----

func.func @unscale_c2(%arg0: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.unscale' op expected scales of shape [4, 1], but got [4]}}
  %0:2 = intq.unscale %arg0 : (!intq.q<4x8, i8, [1, *], f32>) -> (!intq.q<4x8, i8, [1, *], unit>, tensor<4xf32>)
  return
}

// -----

func.func @unscale_c3(%arg0: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.unscale' op expected codes of type '!intq.q<4x8, i8, [1, *], unit>', but got '!intq.q<4x8, i12, [1, *], unit>'}}
  %0:2 = intq.unscale %arg0 : (!intq.q<4x8, i8, [1, *], f32>) -> (!intq.q<4x8, i12, [1, *], unit>, tensor<4x1xf32>)
  return
}

// -----

func.func @unscale_c3_unit(%arg0: !intq.q<4x8, i8, [1, *], unit>) {
  // expected-error @+1 {{'intq.unscale' op expected q with scale kind f32 or pow2, but got '!intq.q<4x8, i8, [1, *], unit>'}}
  %0:2 = intq.unscale %arg0 : (!intq.q<4x8, i8, [1, *], unit>) -> (!intq.q<4x8, i8, [1, *], unit>, tensor<4x1xf32>)
  return
}

// -----

func.func @matmul_c1(%arg0: !intq.q<8, i8, [*], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.matmul' op expected a of rank 2 or more, but got [8]}}
  %0 = intq.matmul %arg0, %arg1 {transpose_b, site = "w"} : (!intq.q<8, i8, [*], f32>, !intq.q<4x8, i8, [1, *], f32>) -> tensor<4xf32>
  return
}

// -----

func.func @matmul_c1_ranks(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: !intq.q<1x4x8, i8, [1, 1, *], f32>) {
  // expected-error @+1 {{'intq.matmul' op expected b of rank 2, but got [1, 4, 8]}}
  %0 = intq.matmul %arg0, %arg1 {transpose_b, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<1x4x8, i8, [1, 1, *], f32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @matmul_c2(%arg0: !intq.q<2x4x8, i8, [1, 1, *], f32>, %arg1: !intq.q<1x4x8, i8, [1, 1, *], f32>) {
  // expected-error @+1 {{'intq.matmul' op expected equal leading dimensions, but got [2] and [1]}}
  %0 = intq.matmul %arg0, %arg1 {transpose_b, site = "w"} : (!intq.q<2x4x8, i8, [1, 1, *], f32>, !intq.q<1x4x8, i8, [1, 1, *], f32>) -> tensor<2x4x4xf32>
  return
}

// -----

func.func @matmul_c3(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: !intq.q<4x7, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.matmul' op expected equal sizes of the contraction, but got 8 and 7}}
  %0 = intq.matmul %arg0, %arg1 {transpose_b, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<4x7, i8, [1, *], f32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @matmul_c4(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.matmul' op expected a result of shape [4, 4], but got [4, 8]}}
  %0 = intq.matmul %arg0, %arg1 {transpose_b, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<4x8, i8, [1, *], f32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @matmul_c5(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: !intq.q<4x8, i8, [1, 4], f32>) {
  // expected-error @+1 {{'intq.matmul' op expected equal blocks along the contraction, but got 8 and 4}}
  %0 = intq.matmul %arg0, %arg1 {transpose_b, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<4x8, i8, [1, 4], f32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @matmul_c5_tiles(%arg0: !intq.q<40x80, i8, [32, 32], pow2>, %arg1: !intq.q<50x80, i8, [64, 64], pow2>) {
  // expected-error @+1 {{'intq.matmul' op expected equal blocks along the contraction, but got 32 and 64}}
  %0 = intq.matmul %arg0, %arg1 {transpose_b, site = "w"} : (!intq.q<40x80, i8, [32, 32], pow2>, !intq.q<50x80, i8, [64, 64], pow2>) -> tensor<40x50xf32>
  return
}

// -----

func.func @matmul_c6(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'intq.matmul' op expected a bias of shape [4], but got [8]}}
  %0 = intq.matmul %arg0, %arg1 bias %arg2 {transpose_b, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<4x8, i8, [1, *], f32>, tensor<8xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @matmul_n1(%arg0: !intq.q<1x17179869184, i16, [1, *], f32>, %arg1: !intq.q<1x17179869184, i16, [1, *], f32>) {
  // expected-error @+1 {{'intq.matmul' op expected the sums of products to stay below 2^63, but got a bound with the factors [32767, 32767, 17179869184]}}
  %0 = intq.matmul %arg0, %arg1 {transpose_b, site = "w"} : (!intq.q<1x17179869184, i16, [1, *], f32>, !intq.q<1x17179869184, i16, [1, *], f32>) -> tensor<1x1xf32>
  return
}

// -----

func.func @bias_grad_c1(%arg0: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.bias_grad' op expected dy with one scale for the tensor, but got '!intq.q<4x8, i8, [1, *], f32>'}}
  %0 = intq.bias_grad %arg0 : (!intq.q<4x8, i8, [1, *], f32>) -> tensor<8xf32>
  return
}

// -----

func.func @bias_grad_c1_rank(%arg0: !intq.q<8, i8, [*], f32>) {
  // expected-error @+1 {{'intq.bias_grad' op expected dy of rank 2, but got [8]}}
  %0 = intq.bias_grad %arg0 : (!intq.q<8, i8, [*], f32>) -> tensor<8xf32>
  return
}

// -----

func.func @bias_grad_c2(%arg0: !intq.q<4x8, i16, [*, *], f32>) {
  // expected-error @+1 {{'intq.bias_grad' op expected db of shape [8], but got [4]}}
  %0 = intq.bias_grad %arg0 : (!intq.q<4x8, i16, [*, *], f32>) -> tensor<4xf32>
  return
}

// -----

func.func @layer_norm_c1(%arg0: !intq.q<4x8, i8, [1, 4], f32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'intq.layer_norm' op expected x of rank 2 with a scale a row or one for the tensor, but got '!intq.q<4x8, i8, [1, 4], f32>'}}
  %0:2 = intq.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (!intq.q<4x8, i8, [1, 4], f32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>)
  return
}

// -----

func.func @layer_norm_c1_unit(%arg0: !intq.q<4x8, i8, [1, *], unit>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'intq.layer_norm' op expected x of rank 2 with a scale a row or one for the tensor, but got '!intq.q<4x8, i8, [1, *], unit>'}}
  %0:2 = intq.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (!intq.q<4x8, i8, [1, *], unit>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>)
  return
}

// -----

func.func @layer_norm_c1_rank(%arg0: !intq.q<2x4x8, i8, [1, 1, *], f32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'intq.layer_norm' op expected x of rank 2 with a scale a row or one for the tensor, but got '!intq.q<2x4x8, i8, [1, 1, *], f32>'}}
  %0:2 = intq.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (!intq.q<2x4x8, i8, [1, 1, *], f32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>)
  return
}

// -----

func.func @layer_norm_c2(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: tensor<4xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'intq.layer_norm' op expected a weight of shape [8], but got [4]}}
  %0:2 = intq.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<4xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>)
  return
}

// -----

func.func @layer_norm_c2_bias(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: tensor<8xf32>, %arg2: tensor<4xf32>) {
  // expected-error @+1 {{'intq.layer_norm' op expected a bias of shape [8], but got [4]}}
  %0:2 = intq.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<8xf32>, tensor<4xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>)
  return
}

// -----

func.func @layer_norm_c2_y(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'intq.layer_norm' op expected y of shape [4, 8], but got [8, 4]}}
  %0:2 = intq.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<8x4xf32>, tensor<4x1xf32>)
  return
}

// -----

func.func @layer_norm_c2_rstd(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'intq.layer_norm' op expected rstd of shape [4, 1], but got [4]}}
  %0:2 = intq.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
  return
}

// -----

func.func @layer_norm_c3(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: tensor<8xf32>, %arg2: tensor<8xf32>) {
  // expected-error @+1 {{'intq.layer_norm' op expected epsilon > 0, but got 0.000000e+00}}
  %0:2 = intq.layer_norm %arg0, %arg1, %arg2 {epsilon = 0.0 : f32, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>)
  return
}

// -----

func.func @layer_norm_n1(%arg0: !intq.q<4x100000, i16, [1, *], f32>, %arg1: tensor<100000xf32>, %arg2: tensor<100000xf32>) {
  // expected-error @+1 {{'intq.layer_norm' op expected n times the sum of squares to stay below 2^63, but got a bound with the factors [100000, 100000, 32767, 32767]}}
  %0:2 = intq.layer_norm %arg0, %arg1, %arg2 {epsilon = 1.0e-12 : f32, site = "w"} : (!intq.q<4x100000, i16, [1, *], f32>, tensor<100000xf32>, tensor<100000xf32>) -> (tensor<4x100000xf32>, tensor<4x1xf32>)
  return
}

// -----

func.func @layer_norm_input_grad_c1(%arg0: !intq.q<4x8, i8, [1, 4], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>, %arg2: tensor<4x1xf32>) {
  // expected-error @+1 {{'intq.layer_norm_input_grad' op expected a of rank 2 with a scale a row or one for the tensor, but got '!intq.q<4x8, i8, [1, 4], f32>'}}
  %0 = intq.layer_norm_input_grad %arg0, %arg1, %arg2 : (!intq.q<4x8, i8, [1, 4], f32>, !intq.q<4x8, i8, [1, *], f32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @layer_norm_input_grad_c1_x(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: !intq.q<4x8, i8, [1, 4], f32>, %arg2: tensor<4x1xf32>) {
  // expected-error @+1 {{'intq.layer_norm_input_grad' op expected x of rank 2 with a scale a row or one for the tensor, but got '!intq.q<4x8, i8, [1, 4], f32>'}}
  %0 = intq.layer_norm_input_grad %arg0, %arg1, %arg2 : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<4x8, i8, [1, 4], f32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @layer_norm_input_grad_c1_shape(%arg0: !intq.q<4x7, i8, [1, *], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>, %arg2: tensor<4x1xf32>) {
  // expected-error @+1 {{'intq.layer_norm_input_grad' op expected a of shape [4, 8], but got [4, 7]}}
  %0 = intq.layer_norm_input_grad %arg0, %arg1, %arg2 : (!intq.q<4x7, i8, [1, *], f32>, !intq.q<4x8, i8, [1, *], f32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @layer_norm_input_grad_c2(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>, %arg2: tensor<4xf32>) {
  // expected-error @+1 {{'intq.layer_norm_input_grad' op expected rstd of shape [4, 1], but got [4]}}
  %0 = intq.layer_norm_input_grad %arg0, %arg1, %arg2 : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<4x8, i8, [1, *], f32>, tensor<4xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @layer_norm_input_grad_c2_dx(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>, %arg2: tensor<4x1xf32>) {
  // expected-error @+1 {{'intq.layer_norm_input_grad' op expected dx of shape [4, 8], but got [8]}}
  %0 = intq.layer_norm_input_grad %arg0, %arg1, %arg2 : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<4x8, i8, [1, *], f32>, tensor<4x1xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @layer_norm_input_grad_n1(%arg0: !intq.q<4x100000, i16, [1, *], f32>, %arg1: !intq.q<4x100000, i16, [1, *], f32>, %arg2: tensor<4x1xf32>) {
  // expected-error @+1 {{'intq.layer_norm_input_grad' op expected the sums of products to stay below 2^63, but got a bound with the factors [100000, 32767, 2, 100000, 32767]}}
  %0 = intq.layer_norm_input_grad %arg0, %arg1, %arg2 : (!intq.q<4x100000, i16, [1, *], f32>, !intq.q<4x100000, i16, [1, *], f32>, tensor<4x1xf32>) -> tensor<4x100000xf32>
  return
}

// -----

func.func @layer_norm_weight_grad_c1(%arg0: !intq.q<4x8, i16, [256, 1], f32>, %arg1: !intq.q<4x8, i8, [1, 4], f32>) {
  // expected-error @+1 {{'intq.layer_norm_weight_grad' op expected x of rank 2 with a scale a row or one for the tensor, but got '!intq.q<4x8, i8, [1, 4], f32>'}}
  %0 = intq.layer_norm_weight_grad %arg0, %arg1 : (!intq.q<4x8, i16, [256, 1], f32>, !intq.q<4x8, i8, [1, 4], f32>) -> tensor<8xf32>
  return
}

// -----

func.func @layer_norm_weight_grad_c1_shape(%arg0: !intq.q<4x7, i16, [256, 1], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.layer_norm_weight_grad' op expected h of shape [4, 8], but got [4, 7]}}
  %0 = intq.layer_norm_weight_grad %arg0, %arg1 : (!intq.q<4x7, i16, [256, 1], f32>, !intq.q<4x8, i8, [1, *], f32>) -> tensor<8xf32>
  return
}

// -----

func.func @layer_norm_weight_grad_c1_h(%arg0: !intq.q<4x8, i8, [1, 4], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.layer_norm_weight_grad' op expected h with scale blocks [b, 1] or one for the tensor, but got '!intq.q<4x8, i8, [1, 4], f32>'}}
  %0 = intq.layer_norm_weight_grad %arg0, %arg1 : (!intq.q<4x8, i8, [1, 4], f32>, !intq.q<4x8, i8, [1, *], f32>) -> tensor<8xf32>
  return
}

// -----

func.func @layer_norm_weight_grad_c1_unit(%arg0: !intq.q<4x8, i8, [1, *], unit>, %arg1: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.layer_norm_weight_grad' op expected h with scale blocks [b, 1] or one for the tensor, but got '!intq.q<4x8, i8, [1, *], unit>'}}
  %0 = intq.layer_norm_weight_grad %arg0, %arg1 : (!intq.q<4x8, i8, [1, *], unit>, !intq.q<4x8, i8, [1, *], f32>) -> tensor<8xf32>
  return
}

// -----

func.func @layer_norm_weight_grad_c2(%arg0: !intq.q<4x8, i16, [256, 1], f32>, %arg1: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.layer_norm_weight_grad' op expected dweight of shape [8], but got [4]}}
  %0 = intq.layer_norm_weight_grad %arg0, %arg1 : (!intq.q<4x8, i16, [256, 1], f32>, !intq.q<4x8, i8, [1, *], f32>) -> tensor<4xf32>
  return
}

// -----

func.func @layer_norm_weight_grad_n1(%arg0: !intq.q<1000000000x8, i16, [*, 1], f32>, %arg1: !intq.q<1000000000x8, i16, [1, *], f32>) {
  // expected-error @+1 {{'intq.layer_norm_weight_grad' op expected the sums of products to stay below 2^63, but got a bound with the factors [1000000000, 32767, 2, 8, 32767]}}
  %0 = intq.layer_norm_weight_grad %arg0, %arg1 : (!intq.q<1000000000x8, i16, [*, 1], f32>, !intq.q<1000000000x8, i16, [1, *], f32>) -> tensor<8xf32>
  return
}

// -----

func.func @embedding_c1(%arg0: !intq.q<4x8, i8, [1, 4], f32>, %arg1: tensor<2xi32>) {
  // expected-error @+1 {{'intq.embedding' op expected a table of rank 2 with a scale a row or one for the tensor, but got '!intq.q<4x8, i8, [1, 4], f32>'}}
  %0 = intq.embedding %arg0, %arg1 {site = "w"} : (!intq.q<4x8, i8, [1, 4], f32>, tensor<2xi32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @embedding_c2(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: tensor<2xi32>) {
  // expected-error @+1 {{'intq.embedding' op expected a result of shape [2, 8], but got [2, 4]}}
  %0 = intq.embedding %arg0, %arg1 {site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<2xi32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @embedding_c3(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: tensor<2xi32>) {
  // expected-error @+1 {{'intq.embedding' op expected padding_idx to be -1 or a row below 4, but got 4}}
  %0 = intq.embedding %arg0, %arg1 {padding_idx = 4 : i64, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<2xi32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @embedding_grad_c1(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'intq.embedding_grad' op expected dy with one scale for the tensor, but got '!intq.q<4x8, i8, [1, *], f32>'}}
  %0 = intq.embedding_grad %arg0, %arg1 : (!intq.q<4x8, i8, [1, *], f32>, tensor<4xi32>) -> tensor<10x8xf32>
  return
}

// -----

func.func @embedding_grad_c1_shape(%arg0: !intq.q<4x8, i16, [*, *], f32>, %arg1: tensor<3xi32>) {
  // expected-error @+1 {{'intq.embedding_grad' op expected dy of shape [3, 8], but got [4, 8]}}
  %0 = intq.embedding_grad %arg0, %arg1 : (!intq.q<4x8, i16, [*, *], f32>, tensor<3xi32>) -> tensor<10x8xf32>
  return
}

// -----

func.func @embedding_grad_c2(%arg0: !intq.q<4x8, i16, [*, *], f32>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'intq.embedding_grad' op expected dtable of rank 2, but got [8]}}
  %0 = intq.embedding_grad %arg0, %arg1 : (!intq.q<4x8, i16, [*, *], f32>, tensor<4xi32>) -> tensor<8xf32>
  return
}

// -----

func.func @embedding_grad_c3(%arg0: !intq.q<4x8, i16, [*, *], f32>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'intq.embedding_grad' op expected padding_idx to be -1 or a row below 10, but got 10}}
  %0 = intq.embedding_grad %arg0, %arg1 {padding_idx = 10 : i64} : (!intq.q<4x8, i16, [*, *], f32>, tensor<4xi32>) -> tensor<10x8xf32>
  return
}

// -----

func.func @embedding_grad_n1(%arg0: !intq.q<1125899906842624x1, i16, [*, *], f32>, %arg1: tensor<1125899906842624xi32>) {
  // expected-error @+1 {{'intq.embedding_grad' op expected the sums of codes to stay below 2^63, but got a bound with the factors [1125899906842624, 32767]}}
  %0 = intq.embedding_grad %arg0, %arg1 : (!intq.q<1125899906842624x1, i16, [*, *], f32>, tensor<1125899906842624xi32>) -> tensor<10x1xf32>
  return
}

// -----

func.func @dropout_c1(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'intq.dropout' op expected a result of type '!intq.q<4x8, i8, [1, *], f32>', but got '!intq.q<4x8, i8, [1, *], pow2>'}}
  %0 = intq.dropout %arg0, %arg1 {ratio = 0.1 : f32, stream = "d"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<4xi32>) -> !intq.q<4x8, i8, [1, *], pow2>
  return
}

// -----

func.func @dropout_c1_unit(%arg0: !intq.q<4x8, i8, [1, *], unit>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'intq.dropout' op expected q with scale kind f32 or pow2, but got '!intq.q<4x8, i8, [1, *], unit>'}}
  %0 = intq.dropout %arg0, %arg1 {ratio = 0.1 : f32, stream = "d"} : (!intq.q<4x8, i8, [1, *], unit>, tensor<4xi32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// -----

func.func @dropout_c2(%arg0: !intq.q<4x8, i8, [1, *], f32>, %arg1: tensor<4xi32>) {
  // expected-error @+1 {{'intq.dropout' op expected 0 <= ratio < 1, but got 1.500000e+00}}
  %0 = intq.dropout %arg0, %arg1 {ratio = 1.5 : f32, stream = "d"} : (!intq.q<4x8, i8, [1, *], f32>, tensor<4xi32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// -----

func.func @reshape_c1(%arg0: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.reshape' op expected a result of the code width and scale kind of '!intq.q<4x8, i8, [1, *], f32>', but got '!intq.q<4x8, i12, [1, *], f32>'}}
  %0 = intq.reshape %arg0 : (!intq.q<4x8, i8, [1, *], f32>) -> !intq.q<4x8, i12, [1, *], f32>
  return
}

// -----

func.func @reshape_c2(%arg0: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.reshape' op expected a result of 32 codes, but got '!intq.q<4x7, i8, [1, *], f32>'}}
  %0 = intq.reshape %arg0 : (!intq.q<4x8, i8, [1, *], f32>) -> !intq.q<4x7, i8, [1, *], f32>
  return
}

// -----

func.func @reshape_c3(%arg0: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.reshape' op expected a result whose elements keep the scales of '!intq.q<4x8, i8, [1, *], f32>', but got '!intq.q<8x4, i8, [1, *], f32>'}}
  %0 = intq.reshape %arg0 : (!intq.q<4x8, i8, [1, *], f32>) -> !intq.q<8x4, i8, [1, *], f32>
  return
}

// -----

func.func @reshape_c3_columns(%arg0: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.reshape' op expected a result whose elements keep the scales of '!intq.q<4x8, i8, [1, *], f32>', but got '!intq.q<4x8, i8, [*, 1], f32>'}}
  %0 = intq.reshape %arg0 : (!intq.q<4x8, i8, [1, *], f32>) -> !intq.q<4x8, i8, [*, 1], f32>
  return
}

// -----

func.func @reshape_c3_tensor(%arg0: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.reshape' op expected a result whose elements keep the scales of '!intq.q<4x8, i8, [1, *], f32>', but got '!intq.q<2x2x8, i8, [1, *, *], f32>'}}
  %0 = intq.reshape %arg0 : (!intq.q<4x8, i8, [1, *], f32>) -> !intq.q<2x2x8, i8, [1, *, *], f32>
  return
}

// -----

func.func @reshape_c3_ragged(%arg0: !intq.q<6x8, i8, [4, 1], f32>) {
  // expected-error @+1 {{'intq.reshape' op expected a result whose elements keep the scales of '!intq.q<6x8, i8, [4, 1], f32>', but got '!intq.q<2x3x8, i8, [1, *, 1], f32>'}}
  %0 = intq.reshape %arg0 : (!intq.q<6x8, i8, [4, 1], f32>) -> !intq.q<2x3x8, i8, [1, *, 1], f32>
  return
}

// -----

func.func @quantize_c5(%x: tensor<4x8xf32>, %r: tensor<4xi32>) {
  // expected-error @+1 {{'intq.quantize' op expected no rows with rounding to nearest, which draws nothing, but got some}}
  %0 = intq.quantize %x rows %r {site = "s"} : (tensor<4x8xf32>, tensor<4xi32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// -----

func.func @quantize_c5_rows(%x: tensor<4x8xf32>, %g: tensor<4xi32>, %r: tensor<3xi32>) {
  // expected-error @+1 {{'intq.quantize' op expected rows of shape [4], but got [3]}}
  %0 = intq.quantize %x rng %g rows %r {rounding = #intq<rounding stochastic>, stream = "s", site = "s"} : (tensor<4x8xf32>, tensor<4xi32>, tensor<3xi32>) -> !intq.q<4x8, i8, [1, *], f32>
  return
}

// -----

func.func @row_norm_c1(%q: !intq.q<4x8, i8, [1, 4], f32>) {
  // expected-error @+1 {{'intq.row_norm' op expected q of rank 2 with a scale a row or one for the tensor, but got '!intq.q<4x8, i8, [1, 4], f32>'}}
  %0 = intq.row_norm %q : (!intq.q<4x8, i8, [1, 4], f32>) -> tensor<4xf32>
  return
}

// -----

func.func @row_norm_c2(%q: !intq.q<4x8, i8, [1, *], f32>) {
  // expected-error @+1 {{'intq.row_norm' op expected norms of shape [4], but got [8]}}
  %0 = intq.row_norm %q : (!intq.q<4x8, i8, [1, *], f32>) -> tensor<8xf32>
  return
}

// -----

func.func @row_norm_n1(%q: !intq.q<1x9000000000000000, i16, [1, *], f32>) {
  // expected-error @+1 {{'intq.row_norm' op expected the sums of squares to stay below 2^63, but got a bound with the factors [9000000000000000, 32767, 32767]}}
  %0 = intq.row_norm %q : (!intq.q<1x9000000000000000, i16, [1, *], f32>) -> tensor<1xf32>
  return
}

// -----

func.func @gather_rows_c1(%q: !intq.q<4x8, i8, [2, *], f32>, %r: tensor<3xi32>) {
  // expected-error @+1 {{'intq.gather_rows' op expected q of rank 2 with a scale a row or one for the tensor, but got '!intq.q<4x8, i8, [2, *], f32>'}}
  %0 = intq.gather_rows %q, %r : (!intq.q<4x8, i8, [2, *], f32>, tensor<3xi32>) -> !intq.q<3x8, i8, [2, *], f32>
  return
}

// -----

func.func @gather_rows_c2(%q: !intq.q<4x8, i8, [1, *], f32>, %r: tensor<3xi32>) {
  // expected-error @+1 {{'intq.gather_rows' op expected a result of type '!intq.q<3x8, i8, [1, *], f32>', but got '!intq.q<3x8, i9, [1, *], f32>'}}
  %0 = intq.gather_rows %q, %r : (!intq.q<4x8, i8, [1, *], f32>, tensor<3xi32>) -> !intq.q<3x8, i9, [1, *], f32>
  return
}

// -----

func.func @adamw_c1(%w: tensor<4xf32>, %m: tensor<5xi8>, %s: tensor<1xf32>, %v: tensor<4xi8>, %b: tensor<1xi32>, %g: tensor<4xf32>, %schedule: tensor<3xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'intq.adamw' op expected moment1 of shape [4], but got [5]}}
  %0:5 = intq.adamw %w, %m scale %s, %v base %b, %g, %schedule, %rng {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<5xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
  return
}

// -----

func.func @adamw_c1_moment2(%w: tensor<4xf32>, %m: tensor<4xi8>, %s: tensor<1xf32>, %v: tensor<2x2xi8>, %b: tensor<1xi32>, %g: tensor<4xf32>, %schedule: tensor<3xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'intq.adamw' op expected moment2 of shape [4], but got [2, 2]}}
  %0:5 = intq.adamw %w, %m scale %s, %v base %b, %g, %schedule, %rng {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<2x2xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
  return
}

// -----

func.func @adamw_c1_gradient(%w: tensor<4xf32>, %m: tensor<4xi8>, %s: tensor<1xf32>, %v: tensor<4xi8>, %b: tensor<1xi32>, %g: tensor<5xf32>, %schedule: tensor<3xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'intq.adamw' op expected a gradient of shape [4], but got [5]}}
  %0:5 = intq.adamw %w, %m scale %s, %v base %b, %g, %schedule, %rng {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>, tensor<5xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
  return
}

// -----

func.func @adamw_c1_new(%w: tensor<4xf32>, %m: tensor<4xi8>, %s: tensor<1xf32>, %v: tensor<4xi8>, %b: tensor<1xi32>, %g: tensor<4xf32>, %schedule: tensor<3xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'intq.adamw' op expected new moment2 of shape [4], but got [5]}}
  %0:5 = intq.adamw %w, %m scale %s, %v base %b, %g, %schedule, %rng {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<5xi8>, tensor<1xi32>)
  return
}

// -----

func.func @adamw_c2(%w: tensor<4xf32>, %m: tensor<4xi8>, %s: tensor<2xf32>, %v: tensor<4xi8>, %b: tensor<1xi32>, %g: tensor<4xf32>, %schedule: tensor<3xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'intq.adamw' op expected scales of shape [1], but got [2]}}
  %0:5 = intq.adamw %w, %m scale %s, %v base %b, %g, %schedule, %rng {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<2xf32>, tensor<4xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
  return
}

// -----

func.func @adamw_c2_bases(%w: tensor<4xf32>, %m: tensor<4xi8>, %s: tensor<1xf32>, %v: tensor<4xi8>, %b: tensor<4xi32>, %g: tensor<4xf32>, %schedule: tensor<3xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'intq.adamw' op expected bases of shape [1], but got [4]}}
  %0:5 = intq.adamw %w, %m scale %s, %v base %b, %g, %schedule, %rng {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<4xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
  return
}

// -----

func.func @adamw_c2_new(%w: tensor<4xf32>, %m: tensor<4xi8>, %s: tensor<1xf32>, %v: tensor<4xi8>, %b: tensor<1xi32>, %g: tensor<4xf32>, %schedule: tensor<3xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'intq.adamw' op expected new scales of shape [1], but got [2]}}
  %0:5 = intq.adamw %w, %m scale %s, %v base %b, %g, %schedule, %rng {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<2xf32>, tensor<4xi8>, tensor<1xi32>)
  return
}

// -----

func.func @adamw_c3(%w: tensor<4xf32>, %m: tensor<4xi8>, %s: tensor<1xf32>, %v: tensor<4xi8>, %b: tensor<1xi32>, %g: tensor<4xf32>, %schedule: tensor<3xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'intq.adamw' op expected 0 <= beta2 < 1, but got 1.000000e+00}}
  %0:5 = intq.adamw %w, %m scale %s, %v base %b, %g, %schedule, %rng {beta1 = 0.9 : f64, beta2 = 1.0 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
  return
}

// -----

func.func @adamw_c4(%w: tensor<4xf32>, %m: tensor<4xi8>, %s: tensor<1xf32>, %v: tensor<4xi8>, %b: tensor<1xi32>, %g: tensor<4xf32>, %schedule: tensor<3xf32>, %rng: tensor<4xi32>) {
  // expected-error @+1 {{'intq.adamw' op expected epsilon >= 0, but got -1.000000e-08}}
  %0:5 = intq.adamw %w, %m scale %s, %v base %b, %g, %schedule, %rng {beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = -1.0e-8 : f64, mode = #nn<adam torch>, stream = "w/moments"} : (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>, tensor<4xf32>, tensor<3xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi8>, tensor<1xf32>, tensor<4xi8>, tensor<1xi32>)
  return
}

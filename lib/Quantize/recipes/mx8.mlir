// 8-bit codes in blocks of 32 along the contraction with one power of two each, as MXINT8 of OCP's
// microscaling formats; what is not a linear layer as in row8.
module attributes {intq.recipe = #intq.recipe<"mx8", {
    linear_activation = #intq.format<i8, [1, 32], pow2>,
    linear_weight = #intq.format<i8, [1, 32], pow2>,
    linear_input_grad = #intq.format<i8, [1, 32], pow2>,
    linear_weight_grad = #intq.format<i8, [1, 32], pow2>,
    matmul_activation = #intq.format<i12, [1, *], f32>,
    matmul_gradient = #intq.format<i12, [1, *], f32>,
    layer_norm_activation = #intq.format<i16, [1, *], f32>,
    layer_norm_input_grad = #intq.format<i16, [1, *], f32>,
    layer_norm_weight_grad = #intq.format<i16, [1, 256], f32>,
    embedding_weight = #intq.format<i8, [1, *], f32>,
    embedding_gradient = #intq.format<i16, [*, *], f32>}>} {}

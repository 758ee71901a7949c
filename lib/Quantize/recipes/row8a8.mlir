// row8 with attention products in 8-bit rows.
module attributes {intq.recipe = #intq.recipe<"row8a8", {
    linear_activation = #intq.format<i8, [1, *], f32>,
    linear_weight = #intq.format<i8, [1, *], f32>,
    linear_input_grad = #intq.format<i8, [1, *], f32>,
    linear_weight_grad = #intq.format<i8, [1, 256], f32>,
    matmul_activation = #intq.format<i8, [1, *], f32>,
    matmul_gradient = #intq.format<i8, [1, *], f32>,
    layer_norm_activation = #intq.format<i16, [1, *], f32>,
    layer_norm_input_grad = #intq.format<i16, [1, *], f32>,
    layer_norm_weight_grad = #intq.format<i16, [1, 256], f32>,
    embedding_weight = #intq.format<i8, [1, *], f32>,
    embedding_gradient = #intq.format<i16, [*, *], f32>}>} {}

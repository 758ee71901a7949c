// One power-of-two scale a tensor: 8-bit weights and gradients, 12-bit activations (arXiv
// 2209.09815); attention stays float.
module attributes {intq.recipe = #intq.recipe<"paper8", {
    linear_activation = #intq.format<i12, [*, *], pow2>,
    linear_weight = #intq.format<i8, [*, *], pow2>,
    linear_input_grad = #intq.format<i8, [*, *], pow2>,
    linear_weight_grad = #intq.format<i8, [*, *], pow2>,
    layer_norm_activation = #intq.format<i12, [*, *], pow2>,
    layer_norm_input_grad = #intq.format<i8, [*, *], pow2>,
    layer_norm_weight_grad = #intq.format<i8, [*, *], pow2>,
    embedding_weight = #intq.format<i8, [*, *], pow2>,
    embedding_gradient = #intq.format<i8, [*, *], pow2>}>} {}

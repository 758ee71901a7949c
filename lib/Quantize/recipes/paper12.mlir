// One power-of-two scale a tensor, 12 bits (arXiv 2209.09815); attention stays float.
module attributes {intq.recipe = #intq.recipe<"paper12", {
    linear_activation = #intq.format<i12, [*, *], pow2>,
    linear_weight = #intq.format<i12, [*, *], pow2>,
    linear_input_grad = #intq.format<i12, [*, *], pow2>,
    linear_weight_grad = #intq.format<i12, [*, *], pow2>,
    layer_norm_activation = #intq.format<i12, [*, *], pow2>,
    layer_norm_input_grad = #intq.format<i12, [*, *], pow2>,
    layer_norm_weight_grad = #intq.format<i12, [*, *], pow2>,
    embedding_weight = #intq.format<i12, [*, *], pow2>,
    embedding_gradient = #intq.format<i12, [*, *], pow2>}>} {}

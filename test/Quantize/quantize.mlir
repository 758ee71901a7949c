// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --nn-quantize=recipe=row8 --canonicalize --cse --intq-verify-integer | FileCheck %s --check-prefix=ROW8
// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --nn-quantize=recipe=paper8 --canonicalize --cse --intq-verify-integer | FileCheck %s --check-prefix=PAPER8
// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --nn-quantize=recipe=tile8 --canonicalize --cse --intq-verify-integer | FileCheck %s --check-prefix=TILE8
// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --nn-quantize=recipe=mx8 --canonicalize --cse --intq-verify-integer | FileCheck %s --check-prefix=MX8
// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --nn-quantize=recipe=float --intq-verify-integer | FileCheck %s --check-prefix=FLOAT

// After the pass no layer of the recipe is left in float, in either direction, and the codes of the
// forward are those of the backward.

// ROW8: intq.recipe = #intq.recipe<"row8"
// ROW8-LABEL: func.func @grad
// ROW8-SAME: %[[RNG:[a-z0-9]+]]: tensor<4xi32> {intq.rng}
// ROW8: %[[XQ:.*]] = intq.quantize %{{.*}} {site = "q.weight/input"} : (tensor<8x8xf32>) -> !intq.q<8x8, i8, [1, *], f32>
// ROW8: %[[WQ:.*]] = intq.quantize %{{.*}} {site = "q.weight"} : (tensor<8x8xf32>) -> !intq.q<8x8, i8, [1, *], f32>
// ROW8: intq.matmul %[[XQ]], %[[WQ]] bias %{{.*}} {site = "q.weight", transpose_b}
// One quantization of the layer's input serves the three projections.
// ROW8-NOT: site = "k.weight/input"
// Attention: 12-bit rows; masked rows of V stay out of its column scales; dropout acts on codes.
// ROW8: intq.matmul %{{.*}}, %{{.*}} {site = "scores", transpose_b} : (!intq.q<4x4x4, i12, [1, 1, *], f32>, !intq.q<4x4x4, i12, [1, 1, *], f32>)
// ROW8: %[[P:.*]] = intq.quantize %{{.*}} {site = "context/a"}
// ROW8: intq.dropout %[[P]], %[[RNG]] {ratio = 1.000000e-01 : f32, stream = "attention/dropout"}
// ROW8: nn.mask_rows
// ROW8: intq.quantize %{{.*}} {site = "context/b"} : (tensor<4x4x4xf32>) -> !intq.q<4x4x4, i12, [1, *, 1], f32>
// Softmax's backward reads the values of the saved codes.
// ROW8: intq.dequantize %[[P]]
// The scales of X are folded into the gradient, in blocks of 256 tokens.
// ROW8: %[[XU:.*]], %[[SX:.*]] = intq.unscale %[[XQ]]
// ROW8: %[[H:.*]] = intq.quantize %{{.*}} fold %[[SX]] rng %[[RNG]] {rounding = #intq<rounding stochastic>, site = "v.weight/weight_grad", stream = "v.weight/weight_grad"} : {{.*}} -> !intq.q<8x8, i8, [256, 1], f32>
// ROW8: intq.matmul %[[H]], %[[XU]] {site = "v.weight/weight_grad", transpose_a}
// Both tables read the codes of one gradient.
// ROW8: %[[E:.*]] = intq.quantize %{{.*}} rng %[[RNG]] {{.*}} -> !intq.q<2x4x8, i16, [*, *, *], f32>
// ROW8: intq.embedding_grad %[[E]]
// ROW8: intq.embedding_grad %[[E]]

// PAPER8-LABEL: func.func @grad
// PAPER8: intq.embedding %{{.*}} : (!intq.q<10x8, i8, [*, *], pow2>
// PAPER8: intq.layer_norm %{{.*}} : (!intq.q<8x8, i12, [*, *], pow2>
// PAPER8: intq.matmul {{.*}} : (!intq.q<8x8, i12, [*, *], pow2>, !intq.q<8x8, i8, [*, *], pow2>
// PAPER8: nn.matmul
// The bias gradient is the sum of the codes that also make dX.
// PAPER8: %[[G:.*]] = intq.quantize {{.*}} stream = "c.weight/input_grad"
// PAPER8: intq.matmul %[[G]]
// PAPER8: intq.bias_grad %[[G]]

// Square blocks: the codes of the forward serve the backward as they are, and one quantization of the output gradient
// both of its products. Attention is that of row8.
// TILE8-LABEL: func.func @grad
// TILE8: %[[XQ:.*]] = intq.quantize %{{.*}} {site = "o.weight/input"} : (tensor<8x8xf32>) -> !intq.q<8x8, i8, [64, 64], pow2>
// TILE8: %[[WQ:.*]] = intq.quantize %{{.*}} {site = "o.weight"} : (tensor<8x8xf32>) -> !intq.q<8x8, i8, [64, 64], pow2>
// TILE8: %[[G:.*]] = intq.quantize %{{.*}} rng %{{.*}} stream = "o.weight/output_grad"
// TILE8: intq.matmul %[[G]], %[[WQ]] {site = "o.weight/input_grad"}
// TILE8: intq.matmul %[[G]], %[[XQ]] {site = "o.weight/weight_grad", transpose_a}
// TILE8: intq.quantize %{{.*}} fold %{{.*}} -> !intq.q<4x4x4, i12, [1, 1, *], f32>

// Blocks along the contraction: the values of the forward's codes are quantized again along that of the backward.
// MX8-LABEL: func.func @grad
// MX8: %[[XQ:.*]] = intq.quantize %{{.*}} {site = "o.weight/input"} : (tensor<8x8xf32>) -> !intq.q<8x8, i8, [1, 32], pow2>
// MX8: %[[WQ:.*]] = intq.quantize %{{.*}} {site = "o.weight"} : (tensor<8x8xf32>) -> !intq.q<8x8, i8, [1, 32], pow2>
// MX8: %[[W:.*]] = intq.dequantize %[[WQ]]
// MX8: %[[WT:.*]] = intq.quantize %[[W]] {site = "o.weight"} : (tensor<8x8xf32>) -> !intq.q<8x8, i8, [32, 1], pow2>
// MX8: %[[G:.*]] = intq.quantize %{{.*}} rng %{{.*}} stream = "o.weight/input_grad"} {{.*}} -> !intq.q<8x8, i8, [1, 32], pow2>
// MX8: intq.matmul %[[G]], %[[WT]] {site = "o.weight/input_grad"}
// MX8: %[[X:.*]] = intq.dequantize %[[XQ]]
// MX8: %[[XT:.*]] = intq.quantize %[[X]] {site = "o.weight/input"} : (tensor<8x8xf32>) -> !intq.q<8x8, i8, [32, 1], pow2>
// MX8: %[[H:.*]] = intq.quantize %{{.*}} rng %{{.*}} stream = "o.weight/weight_grad"} {{.*}} -> !intq.q<8x8, i8, [32, 1], pow2>
// MX8: intq.matmul %[[H]], %[[XT]] {site = "o.weight/weight_grad", transpose_a}

// FLOAT: intq.recipe = #intq.recipe<"float", {}>
// FLOAT-NOT: intq.quantize

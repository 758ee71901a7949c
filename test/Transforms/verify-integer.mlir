// RUN: intq-opt %s --intq-verify-integer --split-input-file --verify-diagnostics

module attributes {intq.recipe = #intq.recipe<"r", {embedding_weight = #intq.format<i8, [1, *], f32>, embedding_gradient = #intq.format<i16, [*, *], f32>}>} {
  func.func @f(%t: tensor<4x8xf32>, %ids: tensor<2xi32>, %w: tensor<3x8xf32>) -> tensor<2x3xf32> {
    // expected-error @below {{'nn.embedding' op expected an integer op here by recipe "r", but this one multiplies and adds in float}}
    %0 = nn.embedding %t, %ids {site = "t"} : (tensor<4x8xf32>, tensor<2xi32>) -> tensor<2x8xf32>
    // This recipe leaves linear layers in float.
    %1 = nn.linear %0, %w {site = "w"} : (tensor<2x8xf32>, tensor<3x8xf32>) -> tensor<2x3xf32>
    return %1 : tensor<2x3xf32>
  }
}

// -----

// expected-error @below {{expected a module with an intq.recipe attribute, but got none: run nn-quantize first}}
module {}

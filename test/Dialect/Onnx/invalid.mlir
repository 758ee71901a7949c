// RUN: intq-opt %s --split-input-file --verify-diagnostics

onnx.graph "main" attributes {ir_version = 9 : i64, opsets = {}} {
  // expected-error @below {{'onnx.node' op expected one output name a result (1), but got 2}}
  %y = onnx.node "Relu"() {} {domain = "", name = "", output_names = ["y", "z"], version = 17 : i64} : () -> tensor<4xf32>
  onnx.output ["y"](%y) : tensor<4xf32>
}

// -----

onnx.graph "main" attributes {ir_version = 9 : i64, opsets = {}} {
  %y = onnx.absent
  // expected-error @below {{'onnx.output' op expected one name an output (1), but got 0}}
  onnx.output [](%y) : none
}

// -----

onnx.graph "main" attributes {ir_version = 9 : i64, opsets = {}} {
  // expected-error @below {{'onnx.input' op expected one entry a dimension (1), but got 0}}
  %x = onnx.input "x" [] : tensor<2xf32>
  onnx.output ["x"](%x) : tensor<2xf32>
}

// -----

onnx.graph "main" attributes {ir_version = 9 : i64, opsets = {}} {
  // expected-error @below {{'onnx.input' op expected numbers and names as dimensions, but got 1.000000e+00}}
  %x = onnx.input "x" [1.0] : tensor<2xf32>
  onnx.output ["x"](%x) : tensor<2xf32>
}

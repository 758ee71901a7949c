// RUN: intq-opt %s --verify-roundtrip | FileCheck %s

// CHECK: onnx.graph "main" attributes {ir_version = 9 : i64, opsets = {ai.onnx = 17 : i64}}
// CHECK: %[[X:.*]] = onnx.input "x" ["batch", 4] : tensor<?x4xf32>
// CHECK: %[[W:.*]] = onnx.initializer "w" : tensor<4x4xf32>
// CHECK: %[[I:.*]] = onnx.initializer "axes" {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
// CHECK: %[[N:.*]] = onnx.absent
// CHECK: %[[Y:.*]] = onnx.node "Gemm"(%[[X]], %[[W]], %[[N]]) {transB = 1 : i64} {domain = "", name = "gemm", output_names = ["y"], version = 17 : i64} : (tensor<?x4xf32>, tensor<4x4xf32>, none) -> tensor<2x4xf32>
// CHECK: onnx.output ["y"](%[[Y]]) : tensor<2x4xf32>
onnx.graph "main" attributes {ir_version = 9 : i64, opsets = {ai.onnx = 17 : i64}} {
  %x = onnx.input "x" ["batch", 4] : tensor<?x4xf32>
  %w = onnx.initializer "w" : tensor<4x4xf32>
  %axes = onnx.initializer "axes" {value = dense<1> : tensor<1xi64>} : tensor<1xi64>
  %none = onnx.absent
  %y = onnx.node "Gemm"(%x, %w, %none) {transB = 1 : i64} {domain = "", name = "gemm", output_names = ["y"], version = 17 : i64} : (tensor<?x4xf32>, tensor<4x4xf32>, none) -> tensor<2x4xf32>
  onnx.output ["y"](%y) : tensor<2x4xf32>
}

// RUN: not intq-opt %s --split-input-file --intq-qdylora="targets=all-linear ranks=2" 2>&1 | FileCheck %s
// CHECK: expected a linear layer to adapt before the head, but the graph has none
func.func @forward(%x: tensor<2x8xf32> {intq.input = "x"}, %c: tensor<3x8xf32> {intq.state = "classifier.weight", intq.role = "parameter"})
    -> (tensor<2x3xf32> {intq.output = "logits"}) {
  %y = nn.linear %x, %c {site = "classifier.weight"} : (tensor<2x8xf32>, tensor<3x8xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// CHECK: expected a function @forward or @grad, but got neither
func.func @other() {
  return
}

// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-extract-eval | FileCheck %s
// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --intq-keep-functions=names=grad --nn-extract-eval | FileCheck %s
// RUN: echo "module {}" | not intq-opt - --nn-extract-eval 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: expected a function @forward or @grad, but got neither

// No dropout, no key, no gradients.
// CHECK-LABEL: func.func @eval
// CHECK-NOT: intq.rng
// CHECK-SAME: -> (tensor<f32> {intq.loss, intq.output = "loss"}, tensor<2x3xf32> {intq.output = "logits"})
// CHECK-NOT: nn.dropout
// CHECK-NOT: _grad
// CHECK: return

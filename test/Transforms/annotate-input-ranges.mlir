// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-annotate-input-ranges | FileCheck %s
// CHECK: intq.input = "input_ids", intq.range = array<i64: 0, 10>
// CHECK-SAME: intq.input = "attention_mask", intq.range = array<i64: 0, 2>
// CHECK-SAME: intq.ignore = -100 : i64, intq.input = "labels", intq.range = array<i64: 0, 3>

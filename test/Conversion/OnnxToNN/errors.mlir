// RUN: intq-opt %s --onnx-to-nn --verify-diagnostics
// RUN: not intq-opt %s --onnx-to-nn=bind=batch 2>&1 | FileCheck %s --check-prefix=BIND
// RUN: not intq-opt %s --onnx-to-nn=bind=batch=0 2>&1 | FileCheck %s --check-prefix=BIND

// BIND: expected entries name=value with positive values in the option `bind`

// expected-error @below {{expected one onnx.graph, but got 0}}
module {}

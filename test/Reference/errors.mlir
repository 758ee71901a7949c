// What stops a run, with which message and exit code.
// RUN: split-file %s %t
// RUN: not intq-run %t/eq.mlir 2>&1 | FileCheck %s --check-prefix=EQ
// RUN: not intq-run %t/close.mlir 2>&1 | FileCheck %s --check-prefix=CLOSE
// RUN: not intq-run %t/nonfinite.mlir 2>&1 | FileCheck %s --check-prefix=NONFINITE
// RUN: not intq-run %t/index.mlir 2>&1 | FileCheck %s --check-prefix=INDEX
// RUN: not intq-run %t/label.mlir 2>&1 | FileCheck %s --check-prefix=LABEL
// RUN: not intq-run %t/unknown.mlir 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not intq-run %t/codes.mlir 2>&1 | FileCheck %s --check-prefix=CODES
// RUN: not intq-run %t/empty.mlir 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not intq-run %t/no-such-file.mlir 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: not intq-run --engine=abacus %t/eq.mlir 2>&1 | FileCheck %s --check-prefix=ENGINE
// RUN: not intq-run --entry=other %t/eq.mlir 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not intq-run --entry=takes %t/takes.mlir 2>&1 | FileCheck %s --check-prefix=TAKES
// RUN: not intq-run %t/scales.mlir 2>&1 | FileCheck %s --check-prefix=SCALES
// RUN: not intq-run %t/wide.mlir 2>&1 | FileCheck %s --check-prefix=WIDE
// RUN: not intq-run %t/blocks.mlir 2>&1 | FileCheck %s --check-prefix=BLOCKS

//--- eq.mlir
// EQ: eq.mlir:5:3: error: expected 3 ({{.*}}) at element 1, but got 2 ({{.*}}); 1 of 2 elements differ
func.func @main() {
  %a = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = nn.constant dense<[1.0, 3.0]> : tensor<2xf32>
  check.expect_eq %a, %b : tensor<2xf32>
  return
}
//--- close.mlir
// CLOSE: error: expected 1.5 ({{.*}}) at element 0, but got 1 ({{.*}}); 1 of 1 elements differ
func.func @main() {
  %a = nn.constant dense<[1.0]> : tensor<1xf32>
  %b = nn.constant dense<[1.5]> : tensor<1xf32>
  check.expect_close %a, %b {absolute = 0.5} : tensor<1xf32>
  check.expect_close %a, %b {absolute = 0.25, relative = 0.15} : tensor<1xf32>
  return
}
//--- nonfinite.mlir
// NONFINITE: error: expected a non-finite block at site "x", but got none
func.func @main() {
  %a = nn.constant dense<[1.0]> : tensor<1xf32>
  %q = intq.quantize %a {site = "x"} : (tensor<1xf32>) -> !intq.q<1, i8, [*], f32>
  check.expect_nonfinite "x"
  return
}
//--- index.mlir
// INDEX: error: 'nn.embedding' op expected an index in [0, 2), but got 2
func.func @main() {
  %t = nn.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %i = nn.constant dense<[1, 2]> : tensor<2xi32>
  %y = nn.embedding %t, %i {site = "t"} : (tensor<2x1xf32>, tensor<2xi32>) -> tensor<2x1xf32>
  return
}
//--- label.mlir
// LABEL: error: 'nn.cross_entropy' op expected an index in [0, 1), but got -1
func.func @main() {
  %x = nn.constant dense<[[1.0]]> : tensor<1x1xf32>
  %i = nn.constant dense<[-1]> : tensor<1xi32>
  %y = nn.cross_entropy %x, %i : (tensor<1x1xf32>, tensor<1xi32>) -> tensor<f32>
  return
}
//--- unknown.mlir
// UNKNOWN: error: expected an op of nn, intq or check, but got arith.addf
func.func @main() {
  %x = arith.constant dense<1.0> : tensor<1xf32>
  %y = arith.addf %x, %x : tensor<1xf32>
  return
}
//--- codes.mlir
// CODES: error: 'check.codes' op expected a !intq.q, but got 'tensor<1xf32>'
func.func @main() {
  %a = nn.constant dense<1.0> : tensor<1xf32>
  %c, %s = check.codes %a : (tensor<1xf32>) -> (tensor<1xi8>, tensor<1xf32>)
  return
}
//--- empty.mlir
// EMPTY: error: expected a function without arguments in
//--- takes.mlir
// TAKES: error: expected a function without arguments, but got takes
func.func @takes(%x: tensor<1xf32>) {
  return
}
//--- unused
// FILE: error: {{.*}}No such file
// ENGINE: error: expected --engine={{.*}}, but got abacus
// ENTRY: error: expected a function other in
//--- scales.mlir
// SCALES: error: expected scales of type 'tensor<2x1xf32>', but got 'tensor<2xf32>'
func.func @main() {
  %a = nn.constant dense<1.0> : tensor<2x4xf32>
  %q = intq.quantize %a {site = "x"} : (tensor<2x4xf32>) -> !intq.q<2x4, i8, [1, *], f32>
  %codes, %scales = check.codes %q : (!intq.q<2x4, i8, [1, *], f32>) -> (tensor<2x4xi8>, tensor<2xf32>)
  return
}
//--- wide.mlir
// WIDE: error: expected a dense tensor of f32, f64, i8, i16 or i32, but got 1 : i64
func.func @main() {
  %a = arith.constant 1 : i64
  return
}
//--- blocks.mlir
// BLOCKS: error: expected a body of one block
func.func @main() {
  return
^unreachable:
  return
}

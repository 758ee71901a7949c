// RUN: intq-opt %s --intq-lower-to-cpu --split-input-file --verify-diagnostics
// RUN: not intq-opt %s --intq-lower-to-cpu=isa=sse9 --split-input-file 2>&1 | FileCheck %s --check-prefix=ISA

// ISA: expected an instruction set (generic, avx2, avx-vnni, avx512-vnni, amx), but got 'sse9'

func.func @step(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'math.absf' op is not supported by the CPU target: it has no kernel}}
  %0 = math.absf %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @below {{expected tensor arguments, but got 'f32'}}
func.func @step(%x: f32) {
  return
}

// -----

// expected-error @below {{expected a straight-line function, but got several blocks}}
func.func @step(%x: tensor<4xf32>) -> tensor<4xf32> {
  cf.br ^next
^next:
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{expected tensor results, but got '!intq.q<4, i8, [*], f32>'}}
func.func @step(%x: tensor<4xf32>) -> !intq.q<4, i8, [*], f32> {
  %q = intq.quantize %x {site = "x"} : (tensor<4xf32>) -> !intq.q<4, i8, [*], f32>
  return %q : !intq.q<4, i8, [*], f32>
}

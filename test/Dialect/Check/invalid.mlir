// RUN: intq-opt %s --split-input-file --verify-diagnostics

func.func @expect_eq_types(%a: tensor<4xf32>, %b: tensor<5xf32>) {
  // expected-note @-1 {{prior use here}}
  // expected-error @+1 {{use of value '%b' expects different type than prior uses: 'tensor<4xf32>' vs 'tensor<5xf32>'}}
  check.expect_eq %a, %b : tensor<4xf32>
  return
}

// -----

func.func @expect_close_types(%a: tensor<4xf32>, %b: tensor<4xf64>) {
  // expected-error @+1 {{'check.expect_close' op requires all operands to have the same type}}
  "check.expect_close"(%a, %b) : (tensor<4xf32>, tensor<4xf64>) -> ()
  return
}

// -----

func.func @expect_eq_element(%a: tensor<4xi64>) {
  // expected-error @+1 {{'check.expect_eq' op operand #0 must be statically shaped tensor of 32-bit float or 32-bit signless integer or 8-bit signless integer or 16-bit signless integer or 64-bit float values, but got 'tensor<4xi64>'}}
  check.expect_eq %a, %a : tensor<4xi64>
  return
}

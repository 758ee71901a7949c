// RUN: intq-opt %s --intq-expand-fma --verify-diagnostics

func.func @wide(%a: f64) -> f64 {
  // expected-error @below {{'math.fma' op expected f32, but got 'f64'}}
  %0 = math.fma %a, %a, %a : f64
  return %0 : f64
}

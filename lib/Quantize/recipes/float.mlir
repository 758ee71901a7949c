// Nothing quantized: the baseline, and the test that import and derivatives are right.
module attributes {intq.recipe = #intq.recipe<"float", {}>} {}

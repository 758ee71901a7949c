// Passes of the quantization.
#ifndef INTQ_QUANTIZE_PASSES
#define INTQ_QUANTIZE_PASSES
include "mlir/Pass/PassBase.td"

def NNQuantizePass : Pass<"nn-quantize", "::mlir::ModuleOp"> {
  let summary = "linear, layer-norm and embedding layers, attention products and moments to integers, by a recipe";
  let description = [{
    Rewrites nn ops, forward and backward, to intq ops in the formats of a recipe, in every function
    of the module, and sets the module's `intq.recipe`. The backward reuses the codes of the forward;
    scales that vary along its contraction are folded into the gradient before that is quantized
    (docs/Recipes.md). Works before and after nn-differentiate. Where the recipe has a format for
    moments, those of updates become codes in the state: nn.adamw becomes intq.adamw, but for tensors of
    fewer than 4,096 elements and for those that are updated in part.
    Example: test/Quantize/quantize.mlir.
  }];
  let options = [Option<"recipe", "recipe", "std::string", "\"row8\"",
                        "name of a built-in recipe, or a .mlir file">,
                 Option<"moments", "moments", "std::string", "\"\"",
                        "moments of the optimizer: f32, i8, or empty: as the recipe says">];
  let statistics = [Statistic<"quantized", "quantized", "nn ops rewritten to intq">];
  let dependentDialects = ["::intq::nn::NNDialect", "::intq::IntqDialect"];
}
#endif

// Passes that convert between dialects.
#ifndef INTQ_CONVERSION_PASSES
#define INTQ_CONVERSION_PASSES
include "mlir/Pass/PassBase.td"

def OnnxToNNPass : Pass<"onnx-to-nn", "::mlir::ModuleOp"> {
  let summary = "an ONNX training graph to the nn dialect";
  let description = [{
    Binds symbolic dimensions, folds shape arithmetic and constants, recognizes the layers of the
    BERT family in the spellings of the exporters, and replaces the module's `onnx.graph` by
    `@forward`, or by `@grad` where the file has a backward (docs/Program.md). Unsupported nodes are errors
    that name node, domain, op and version. Example: test/Conversion/OnnxToNN/encoder.test.
  }];
  let options = [
    ListOption<"bind", "bind", "std::string", "size of a symbolic dimension, as name=value">,
    Option<"loss", "loss", "std::string", "\"\"", "loss to add: cross-entropy, mse, span or mlm">
  ];
  let statistics = [Statistic<"converted", "converted", "onnx nodes that were read">];
  let dependentDialects = ["::intq::nn::NNDialect", "::mlir::func::FuncDialect"];
}
#endif

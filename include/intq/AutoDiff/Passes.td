// Passes of the automatic differentiation.
#ifndef INTQ_AUTODIFF_PASSES
#define INTQ_AUTODIFF_PASSES
include "mlir/Pass/PassBase.td"

def NNDifferentiatePass : Pass<"nn-differentiate", "::mlir::ModuleOp"> {
  let summary = "make @grad (loss and gradients) out of @forward";
  let description = [{
    Clones @forward to @grad and appends one result a trainable parameter, its gradient
    (`intq.grad`), by reverse-mode differentiation of the result marked `intq.loss`. Works on nn and
    intq ops alike. Cotangents of a value with several uses are added in the order in which the uses
    are met from the end of the function. An op on an active path without a derivative rule is
    an error that names it; a parameter that the loss does not depend on gets zeros.
    Example: test/AutoDiff/differentiate.mlir.
  }];
  let statistics = [Statistic<"adjoints", "adjoints", "ops whose adjoint was built">];
  let dependentDialects = ["::intq::nn::NNDialect", "::intq::IntqDialect"];
}
#endif

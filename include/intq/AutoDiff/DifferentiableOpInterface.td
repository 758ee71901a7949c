// The interface through which an op states its derivative.
#ifndef INTQ_AUTODIFF_DIFFERENTIABLE
#define INTQ_AUTODIFF_DIFFERENTIABLE
include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::intq";
  let description = [{
    Reverse-mode derivative. The engine (nn-differentiate) visits ops in reverse order and
    asks each op that an active value flows through for its adjoint. What must be saved is
    implied: a rule uses the forward values it needs, and SSA keeps them alive. Cotangents are
    f32 tensors of the logical shape, also for !intq.q values.
  }];
  let methods = [InterfaceMethod<[{
      Adds the cotangents of the operands to `adjoint`, given those of the results there.
    }], "::llvm::LogicalResult", "buildAdjoint", (ins "::intq::Adjoint &":$adjoint)>];
}
#endif

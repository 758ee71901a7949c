// Automatic differentiation: what a derivative rule sees.
#pragma once
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace intq {

/// Cotangents of the values of one function, and a builder at its end.
class Adjoint {
public:
  Adjoint(mlir::OpBuilder &builder, const llvm::DenseSet<mlir::Value> &active)
      : builder(builder), active(active) {}

  /// Whether `value` depends on a trainable parameter: whether its cotangent is wanted.
  bool isActive(mlir::Value value) const { return active.contains(value); }
  /// The cotangent of `value` so far, or null where none arrived (a zero).
  mlir::Value get(mlir::Value value) const { return cotangents.lookup(value); }
  /// Adds `cotangent` to what `value` has; ignored where `value` is not active.
  void add(mlir::Location loc, mlir::Value value, mlir::Value cotangent);

  mlir::OpBuilder &builder;

private:
  const llvm::DenseSet<mlir::Value> &active;
  llvm::DenseMap<mlir::Value, mlir::Value> cotangents;
};

/// Attaches the derivative rules of nn and intq ops.
void registerDerivativeRules(mlir::DialectRegistry &registry);

} // namespace intq

#include "intq/AutoDiff/DifferentiableOpInterface.h.inc"

namespace intq {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "intq/AutoDiff/Passes.h.inc"
} // namespace intq

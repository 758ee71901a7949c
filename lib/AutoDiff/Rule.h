// How a derivative rule, a plain function of an op, becomes its interface.
#pragma once
#include "intq/AutoDiff/AutoDiff.h"

namespace intq {

template <typename Op> using RuleFn = llvm::LogicalResult (*)(Op, Adjoint &);

template <typename Op, RuleFn<Op> rule>
struct RuleModel
    : DifferentiableOpInterface::ExternalModel<RuleModel<Op, rule>, Op> {
  llvm::LogicalResult buildAdjoint(mlir::Operation *op, Adjoint &adjoint) const {
    return rule(llvm::cast<Op>(op), adjoint);
  }
};

template <typename Op, RuleFn<Op> rule> void attachRule(mlir::MLIRContext *context) {
  Op::template attachInterface<RuleModel<Op, rule>>(*context);
}

// One a family, each in the file of that name.
void attachElementwiseRules(mlir::MLIRContext *context);
void attachLayoutRules(mlir::MLIRContext *context);
void attachLinearRules(mlir::MLIRContext *context);
void attachNormalizationRules(mlir::MLIRContext *context);
void attachIndexingRules(mlir::MLIRContext *context);
void attachIntqRules(mlir::MLIRContext *context);

/// Sums `value` down to the shape of `type`, from which it was broadcast.
mlir::Value unbroadcast(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                        mlir::RankedTensorType type);

} // namespace intq

// nn-differentiate: reverse-mode differentiation of a straight-line function.
#include "Rule.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/Program.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"

#include "intq/AutoDiff/DifferentiableOpInterface.cpp.inc"

namespace intq {
#define GEN_PASS_DEF_NNDIFFERENTIATEPASS
#include "intq/AutoDiff/Passes.h.inc"
} // namespace intq

using namespace mlir;
using namespace intq;

void Adjoint::add(Location loc, Value value, Value cotangent) {
  if (!isActive(value))
    return;
  Value &sum = cotangents[value];
  sum = sum ? nn::AddOp::create(builder, loc, sum.getType(), sum, cotangent).getResult() : cotangent;
}

void intq::registerDerivativeRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, nn::NNDialect *) {
    attachElementwiseRules(context);
    attachLayoutRules(context);
    attachLinearRules(context);
    attachNormalizationRules(context);
    attachIndexingRules(context);
  });
  registry.addExtension(+[](MLIRContext *context, IntqDialect *) { attachIntqRules(context); });
}

/// Values that depend on a trainable parameter through floats.
static DenseSet<Value> findActive(func::FuncOp func) {
  DenseSet<Value> active;
  for (BlockArgument arg : func.getArguments())
    if (program::isTrainable(func, arg.getArgNumber()))
      active.insert(arg);
  for (Operation &op : func.front())
    if (llvm::any_of(op.getOperands(), [&](Value v) { return active.contains(v); }))
      active.insert(op.result_begin(), op.result_end());
  return active;
}

/// A gradient of which only the indices [low, high) of one dimension are trained.
static Value zeroOutside(OpBuilder &b, Value gradient, int64_t dimension, int64_t low, int64_t high) {
  auto kept = nn::SliceOp::create(b, gradient.getLoc(), gradient, dimension, low, high);
  return nn::PadOp::create(b, gradient.getLoc(), gradient.getType(), kept, kept.getOffsets());
}

namespace {
struct NNDifferentiate : intq::impl::NNDifferentiatePassBase<NNDifferentiate> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> forwards = program::variants(getOperation(), program::kForward);
    if (forwards.empty()) {
      getOperation().emitError() << "expected a function @" << program::kForward << ", but got none";
      return signalPassFailure();
    }
    for (func::FuncOp forward : forwards) {
      if (forward->hasAttr(program::kEvalOnly))
        continue;
      func::FuncOp grad = forward.clone();
      grad.setName(program::variantName(forward, program::kForward, program::kGrad));
      OpBuilder::atBlockEnd(getOperation().getBody()).insert(grad);
      if (failed(differentiate(grad)))
        return signalPassFailure();
    }
  }

  LogicalResult differentiate(func::FuncOp func) {
    FailureOr<unsigned> loss = program::lossResult(func);
    if (failed(loss))
      return failure();
    Operation *terminator = func.front().getTerminator();
    OpBuilder b(terminator);
    DenseSet<Value> active = findActive(func);
    Adjoint adjoint(b, active);
    Value lossValue = terminator->getOperand(*loss);
    auto scalar = cast<RankedTensorType>(lossValue.getType());
    if (scalar.getRank() != 0)
      return func.emitError() << "expected a scalar loss, but got " << scalar;
    Value one = nn::ConstantOp::create(b, func.getLoc(), DenseElementsAttr::get(scalar, 1.0f));
    adjoint.add(func.getLoc(), lossValue, one);

    SmallVector<Operation *> ops;
    for (Operation &op : func.front().without_terminator())
      if (op.isBeforeInBlock(one.getDefiningOp()))
        ops.push_back(&op);
    for (Operation *op : llvm::reverse(ops))
      if (failed(visit(op, adjoint)))
        return failure();
    appendGradients(func, terminator, adjoint);
    return success();
  }

  LogicalResult visit(Operation *op, Adjoint &adjoint) {
    if (llvm::none_of(op->getResults(), [&](Value v) { return adjoint.get(v) != nullptr; }))
      return success();
    auto rule = dyn_cast<DifferentiableOpInterface>(op);
    if (!rule)
      return op->emitOpError() << "has no derivative rule, but the loss depends on a trainable "
                                  "parameter through it";
    ++adjoints;
    return rule.buildAdjoint(adjoint);
  }

  void appendGradients(func::FuncOp func, Operation *terminator, Adjoint &adjoint) {
    Builder b(func.getContext());
    for (BlockArgument arg : func.getArguments()) {
      if (!program::isTrainable(func, arg.getArgNumber()))
        continue;
      Value gradient = adjoint.get(arg);
      if (!gradient) {
        auto type = cast<RankedTensorType>(arg.getType());
        gradient = nn::ConstantOp::create(adjoint.builder, func.getLoc(),
                                          DenseElementsAttr::get(type, 0.0f));
      }
      if (auto trained = func.getArgAttrOfType<DenseI64ArrayAttr>(arg.getArgNumber(), program::kTrained))
        gradient = zeroOutside(adjoint.builder, gradient, trained[0], trained[1], trained[2]);
      StringRef name = program::argString(func, arg.getArgNumber(), program::kState);
      auto attrs = b.getDictionaryAttr(b.getNamedAttr(program::kGradient, b.getStringAttr(name)));
      (void)func.insertResult(func.getNumResults(), gradient.getType(), attrs);
      terminator->insertOperands(terminator->getNumOperands(), gradient);
    }
  }
};
} // namespace

// nn-attach-optimizer: AdamW inside the compiled step (Spec, section AdamW).
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Transforms/Passes.h"
#include "llvm/ADT/StringMap.h"

namespace intq {
#define GEN_PASS_DEF_NNATTACHOPTIMIZERPASS
#include "intq/Transforms/Passes.h.inc"
} // namespace intq

using namespace mlir;
using namespace intq;

namespace {
struct Parameter {
  std::string name;
  Value value, gradient, moment1, moment2;
  /// The only indices [low, high) of one dimension that an update may touch (adapters, `update=masked`).
  DenseI64ArrayAttr touched;

  Value part(OpBuilder &b, Value whole) const;
  Value whole(OpBuilder &b, Value part, Value old) const;
};
} // namespace

/// What an update reads of a tensor of the parameter's shape.
Value Parameter::part(OpBuilder &b, Value whole) const {
  return touched ? nn::SliceOp::create(b, whole.getLoc(), whole, touched[0], touched[1], touched[2]).getResult() : whole;
}

/// The tensor `old` with the updated part in its place.
Value Parameter::whole(OpBuilder &b, Value part, Value old) const {
  if (!touched)
    return part;
  int64_t size = cast<RankedTensorType>(old.getType()).getDimSize(touched[0]);
  SmallVector<Value> parts;
  if (touched[1] > 0)
    parts.push_back(nn::SliceOp::create(b, old.getLoc(), old, touched[0], 0, touched[1]));
  parts.push_back(part);
  if (touched[2] < size)
    parts.push_back(nn::SliceOp::create(b, old.getLoc(), old, touched[0], touched[2], size));
  return nn::ConcatOp::create(b, old.getLoc(), old.getType(), parts, touched[0]);
}

namespace {

struct NNAttachOptimizer : intq::impl::NNAttachOptimizerPassBase<NNAttachOptimizer> {
  using NNAttachOptimizerPassBase::NNAttachOptimizerPassBase;

  void runOnOperation() override {
    if (failed(checkOptions()))
      return signalPassFailure();
    SmallVector<func::FuncOp> grads = program::variants(getOperation(), program::kGrad);
    if (grads.empty()) {
      getOperation().emitError() << "expected a function @" << program::kGrad << ", but got none";
      return signalPassFailure();
    }
    for (func::FuncOp grad : grads) {
      func::FuncOp func = accumulate ? makeUpdate(grad) : grad.clone();
      func.setName(program::variantName(grad, program::kGrad, accumulate ? program::kUpdate : program::kStep));
      if (!accumulate)
        OpBuilder::atBlockEnd(getOperation().getBody()).insert(func);
      if (failed(attach(func)))
        return signalPassFailure();
    }
  }

  LogicalResult checkOptions() {
    auto reject = [&](StringRef name, double value, StringRef want) {
      return getOperation().emitError() << "expected " << name << " " << want << ", but got " << value;
    };
    if (mode != "torch" && mode != "ort")
      return getOperation().emitError() << "expected AdamW mode torch or ort, but got '" << mode << "'";
    for (auto [name, value] : {std::pair<StringRef, double>{"beta1", beta1}, {"beta2", beta2}})
      if (!(value >= 0.0 && value < 1.0))
        return reject(name, value, "in [0, 1)");
    for (auto [name, value] : {std::pair<StringRef, double>{"weight decay", weightDecay},
                               {"max-grad-norm", maxGradNorm}})
      if (!(value >= 0.0))
        return reject(name, value, "of at least 0");
    if (!(epsilon > 0.0))
      return reject("epsilon", epsilon, "above 0");
    return success();
  }

  /// A function whose arguments are the gradients and the parameters of `grad`, and whose results are the
  /// gradients: what remains of a step when they were accumulated outside.
  func::FuncOp makeUpdate(func::FuncOp grad) {
    OpBuilder b = OpBuilder::atBlockEnd(getOperation().getBody());
    auto update = func::FuncOp::create(b, grad.getLoc(), program::kUpdate,
                                       b.getFunctionType(TypeRange(), TypeRange()));
    b.setInsertionPointToStart(update.addEntryBlock());
    func::ReturnOp::create(b, grad.getLoc());
    for (auto [index, name] : program::gradients(grad)) {
      auto input = b.getStringAttr("grad/" + name);
      auto dict = b.getDictionaryAttr({b.getNamedAttr(program::kInput, input),
                                       b.getNamedAttr(program::kDtype, b.getStringAttr("float32"))});
      Value value = addArgument(update, grad.getResultTypes()[index], dict);
      addResult(update, value, grad.getResultAttrDict(index));
    }
    for (unsigned i = 0; i < grad.getNumArguments(); ++i)
      if (program::isTrainable(grad, i))
        addArgument(update, grad.getArgumentTypes()[i], grad.getArgAttrDict(i));
    return update;
  }

  static Value addArgument(func::FuncOp func, Type type, DictionaryAttr attrs) {
    unsigned index = func.getNumArguments();
    (void)func.insertArgument(index, type, attrs, func.getLoc());
    return func.getArgument(index);
  }

  static void addResult(func::FuncOp func, Value value, DictionaryAttr attrs) {
    (void)func.insertResult(func.getNumResults(), value.getType(), attrs);
    Operation *terminator = func.front().getTerminator();
    terminator->insertOperands(terminator->getNumOperands(), value);
  }

  static DictionaryAttr stateAttrs(Builder &b, StringRef name, StringRef role) {
    return b.getDictionaryAttr({b.getNamedAttr(program::kState, b.getStringAttr(name)),
                                b.getNamedAttr(program::kRole, b.getStringAttr(role))});
  }

  LogicalResult attach(func::FuncOp func) {
    Builder b(func.getContext());
    FailureOr<SmallVector<Parameter>> parameters = takeGradients(func);
    if (failed(parameters))
      return failure();
    for (Parameter &p : *parameters)
      p.moment1 = addArgument(func, p.value.getType(), stateAttrs(b, p.name + "/moment1", program::kMoment1));
    for (Parameter &p : *parameters)
      p.moment2 = addArgument(func, p.value.getType(), stateAttrs(b, p.name + "/moment2", program::kMoment2));
    auto powersType = RankedTensorType::get({2}, b.getF64Type());
    auto powersAttrs = stateAttrs(b, "optimizer/powers", program::kPowers);
    Value powers = addArgument(func, powersType, powersAttrs);
    Value lr = addArgument(func, RankedTensorType::get({}, b.getF64Type()),
                           b.getDictionaryAttr(b.getNamedAttr(program::kLr, b.getUnitAttr())));
    buildUpdates(func, *parameters, powers, lr);
    return success();
  }

  /// Matches gradients among the results to parameters among the arguments, and drops them there.
  FailureOr<SmallVector<Parameter>> takeGradients(func::FuncOp func) {
    llvm::StringMap<Value> arguments;
    for (BlockArgument arg : func.getArguments())
      if (program::isTrainable(func, arg.getArgNumber()))
        arguments[program::argString(func, arg.getArgNumber(), program::kState)] = arg;
    SmallVector<Parameter> parameters;
    BitVector dropped(func.getNumResults());
    Operation *terminator = func.front().getTerminator();
    for (auto [index, name] : program::gradients(func)) {
      Value value = arguments.lookup(name);
      if (!value)
        return func.emitError() << "expected a trainable parameter '" << name
                                << "' for the gradient of that name, but got none";
      DenseI64ArrayAttr touched;
      if (unsigned i = cast<BlockArgument>(value).getArgNumber(); func.getArgAttr(i, program::kMasked))
        touched = func.getArgAttrOfType<DenseI64ArrayAttr>(i, program::kTrained);
      parameters.push_back({name.str(), value, terminator->getOperand(index), {}, {}, touched});
      dropped.set(index);
    }
    if (parameters.empty())
      return func.emitError() << "expected at least one gradient among the results of @" << func.getName();
    terminator->eraseOperands(dropped);
    (void)func.eraseResults(dropped);
    return parameters;
  }

  void buildUpdates(func::FuncOp func, ArrayRef<Parameter> parameters, Value powers, Value lr) {
    OpBuilder b = OpBuilder::atBlockBegin(&func.front());
    Location loc = func.getLoc();
    auto adamMode = mode == "ort" ? nn::AdamMode::Ort : nn::AdamMode::Torch;
    auto scheduleType = RankedTensorType::get({3}, b.getF32Type());
    auto schedule = nn::AdamWScheduleOp::create(b, loc, TypeRange{scheduleType, powers.getType()}, lr, powers,
                                                b.getF64FloatAttr(beta1), b.getF64FloatAttr(beta2),
                                                b.getF64FloatAttr(weightDecay),
                                                nn::AdamModeAttr::get(b.getContext(), adamMode));
    Value coefficient = maxGradNorm > 0 ? buildClip(func, parameters) : Value();
    SmallVector<nn::AdamWOp> ops;
    for (const Parameter &p : parameters) {
      setUpdatePoint(b, func, p, coefficient);
      bool decays = weightDecay > 0 && (decayAll || cast<RankedTensorType>(p.value.getType()).getRank() > 1);
      Value value = p.part(b, p.value);
      SmallVector<Type> types(3, value.getType());
      ops.push_back(nn::AdamWOp::create(b, loc, types, value, p.part(b, p.moment1), p.part(b, p.moment2),
                                        p.part(b, p.gradient),
                                        schedule.getSchedule(), coefficient, b.getF64FloatAttr(beta1),
                                        b.getF64FloatAttr(beta2), b.getF64FloatAttr(epsilon),
                                        nn::AdamModeAttr::get(b.getContext(), adamMode),
                                        decays ? b.getUnitAttr() : UnitAttr()));
      ++updates;
    }
    returnState(func, parameters, ops, schedule.getNewPowers());
  }

  Value buildClip(func::FuncOp func, ArrayRef<Parameter> parameters) {
    OpBuilder b(func.front().getTerminator());
    auto scalar = RankedTensorType::get({}, b.getF32Type());
    auto values = llvm::map_to_vector(parameters, [](const Parameter &p) { return p.gradient; });
    auto clip = nn::ClipCoefficientOp::create(b, func.getLoc(), TypeRange{scalar, scalar}, values,
                                              b.getF64FloatAttr(maxGradNorm));
    auto attrs = b.getDictionaryAttr(b.getNamedAttr(program::kOutput, b.getStringAttr("grad_norm")));
    addResult(func, clip.getNorm(), attrs);
    return clip.getCoefficient();
  }

  /// With clipping all updates follow the norm; without, each as soon as its gradient is there and the
  /// old value of its parameter has been read for the last time.
  void setUpdatePoint(OpBuilder &b, func::FuncOp func, const Parameter &p, Value coefficient) {
    b.setInsertionPoint(func.front().getTerminator());
    if (coefficient || !p.gradient.getDefiningOp())
      return;
    Operation *last = p.gradient.getDefiningOp();
    for (Operation *user : p.value.getUsers())
      if (last->isBeforeInBlock(user))
        last = user;
    b.setInsertionPointAfter(last);
  }

  void returnState(func::FuncOp func, ArrayRef<Parameter> parameters, MutableArrayRef<nn::AdamWOp> ops,
                   Value powers) {
    Builder b(func.getContext());
    auto entry = [&](Value value, const Twine &name) {
      addResult(func, value, b.getDictionaryAttr(b.getNamedAttr(program::kState, b.getStringAttr(name))));
    };
    OpBuilder end(func.front().getTerminator());
    for (auto [p, op] : llvm::zip(parameters, ops))
      entry(p.whole(end, op.getNewParameter(), p.value), p.name);
    for (auto [p, op] : llvm::zip(parameters, ops))
      entry(p.whole(end, op.getNewMoment1(), p.moment1), p.name + "/moment1");
    for (auto [p, op] : llvm::zip(parameters, ops))
      entry(p.whole(end, op.getNewMoment2(), p.moment2), p.name + "/moment2");
    entry(powers, "optimizer/powers");
  }
};
} // namespace

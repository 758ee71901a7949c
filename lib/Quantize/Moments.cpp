// The optimizer's moments as codes: nn.adamw to intq.adamw, and the state that goes with it.
#include "Moments.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Format/Moments.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace intq;

/// Smaller tensors keep floats: biases and norm weights, which cost little and matter much.
static constexpr int64_t kLeastElements = 4096;

namespace {
/// A moment of one parameter: codes in the place of floats, and a new entry of the state beside them.
class Moment {
public:
  Moment(func::FuncOp func, Value argument, StringRef suffix, Type sideElement)
      : func(func), codes(cast<BlockArgument>(argument)), suffix(suffix) {
    auto type = cast<RankedTensorType>(codes.getType());
    codesType = type.clone(IntegerType::get(func.getContext(), 8));
    sideType = RankedTensorType::get({momentBlocks(type.getNumElements())}, sideElement);
  }

  /// Gives the argument its new type and the one beside it its place.
  void retype() {
    unsigned index = codes.getArgNumber();
    (void)func.insertArgument(index + 1, sideType, sideAttrs(), func.getLoc());
    side = func.getArgument(index + 1);
    codes.setType(codesType);
  }
  /// Returns `newSide` behind `newCodes`, which the function returns already.
  void returnNew(Value newCodes, Value newSide) {
    Operation *terminator = func.front().getTerminator();
    unsigned index = llvm::find(terminator->getOperands(), newCodes) - terminator->operand_begin();
    terminator->insertOperands(index + 1, newSide);
    (void)func.insertResult(index + 1, newSide.getType(), sideAttrs(/*withRole=*/false));
  }

  func::FuncOp func;
  BlockArgument codes;
  Value side;
  RankedTensorType codesType, sideType;

private:
  /// Those of the codes, under a name of its own.
  DictionaryAttr sideAttrs(bool withRole = true) {
    Builder b(func.getContext());
    unsigned index = codes.getArgNumber();
    std::string name = (program::argString(func, index, program::kState) + suffix).str();
    SmallVector<NamedAttribute> attrs{b.getNamedAttr(program::kState, b.getStringAttr(name))};
    if (withRole)
      attrs.push_back(b.getNamedAttr(program::kRole, func.getArgAttr(index, program::kRole)));
    return b.getDictionaryAttr(attrs);
  }

  StringRef suffix;
};
} // namespace

/// The entry of the state that is the first moment of `op`; "" where the update sees a part of it (update=masked).
static StringRef momentName(func::FuncOp func, nn::AdamWOp op) {
  auto argument = dyn_cast<BlockArgument>(op.getMoment1());
  return argument ? program::argString(func, argument.getArgNumber(), program::kState) : StringRef();
}

/// First moments of which some function of the module updates a part: all functions share one state.
static llvm::StringSet<> updatedInPart(ModuleOp module) {
  llvm::StringSet<> names;
  for (auto func : module.getOps<func::FuncOp>())
    for (BlockArgument argument : func.getArguments())
      if (program::argString(func, argument.getArgNumber(), program::kRole) == program::kMoment1 &&
          !llvm::all_of(argument.getUsers(), llvm::IsaPred<nn::AdamWOp>))
        names.insert(program::argString(func, argument.getArgNumber(), program::kState));
  return names;
}

static void rewrite(func::FuncOp func, nn::AdamWOp op, Value rng) {
  OpBuilder b(op);
  auto stream = b.getStringAttr(momentName(func, op).rsplit('/').first + "/moments");
  Moment first(func, op.getMoment1(), program::kScaleSuffix, b.getF32Type()), second(func, op.getMoment2(), program::kBaseSuffix, b.getI32Type());
  first.retype();
  second.retype();
  auto update = AdamWOp::create(
      b, op.getLoc(), TypeRange{op.getNewParameter().getType(), first.codesType, first.sideType, second.codesType, second.sideType},
      op.getParameter(), first.codes, first.side, second.codes, second.side, op.getGradient(), op.getSchedule(), rng,
      op.getCoefficient(), op.getBeta1Attr(), op.getBeta2Attr(), op.getEpsilonAttr(), op.getModeAttr(), op.getDecayAttr(),
      stream);
  op.replaceAllUsesWith(ValueRange{update.getNewParameter(), update.getNewMoment1(), update.getNewMoment2()});
  op.erase();
  first.returnNew(update.getNewMoment1(), update.getNewScale1());
  second.returnNew(update.getNewMoment2(), update.getNewBase2());
}

unsigned intq::quantizeMoments(ModuleOp module) {
  unsigned count = 0;
  llvm::StringSet<> kept = updatedInPart(module);
  for (auto func : module.getOps<func::FuncOp>()) {
    for (auto op : llvm::to_vector(func.getOps<nn::AdamWOp>())) {
      StringRef name = momentName(func, op);
      if (op.getParameter().getType().getNumElements() < kLeastElements || name.empty() || kept.contains(name))
        continue;
      rewrite(func, op, program::getOrAddRng(func));
      ++count;
    }
    func.setType(FunctionType::get(func.getContext(), func.front().getArgumentTypes(),
                                   func.front().getTerminator()->getOperandTypes()));
  }
  return count;
}

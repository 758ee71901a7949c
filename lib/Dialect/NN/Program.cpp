// Queries on the attributes that describe a program (docs/Program.md).
#include "intq/Dialect/NN/Program.h"
#include "intq/Dialect/NN/NN.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace intq;

StringRef program::argString(func::FuncOp func, unsigned index, StringRef name) {
  auto attr = func.getArgAttrOfType<StringAttr>(index, name);
  return attr ? attr.getValue() : StringRef();
}

StringRef program::resultString(func::FuncOp func, unsigned index, StringRef name) {
  auto attr = func.getResultAttrOfType<StringAttr>(index, name);
  return attr ? attr.getValue() : StringRef();
}

bool program::isTrainable(func::FuncOp func, unsigned index) {
  return argString(func, index, kRole) == kParameter;
}

FailureOr<unsigned> program::lossResult(func::FuncOp func) {
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    if (func.getResultAttr(i, kLoss))
      return i;
  return func.emitError() << "expected a result marked " << kLoss << " in @" << func.getName()
                          << ", but got none: the graph has no loss; name one with --loss "
                             "cross-entropy, mse, span or mlm";
}

Value program::getOrAddRng(func::FuncOp func) {
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    if (func.getArgAttr(i, kRng))
      return func.getArgument(i);
  Builder b(func.getContext());
  auto attrs = b.getDictionaryAttr(b.getNamedAttr(kRng, b.getUnitAttr()));
  unsigned index = func.getNumArguments();
  (void)func.insertArgument(index, RankedTensorType::get({4}, b.getI32Type()), attrs, func.getLoc());
  return func.getArgument(index);
}

DenseSet<Value> program::cotangents(func::FuncOp func) {
  DenseSet<Value> found;
  for (Operation &op : func.front()) {
    bool reads = llvm::any_of(op.getOperands(), [&](Value v) { return found.contains(v); });
    if (reads || isa<nn::CrossEntropyGradOp, nn::MseGradOp>(op))
      found.insert(op.result_begin(), op.result_end());
  }
  return found;
}

SmallVector<std::pair<unsigned, StringRef>> program::gradients(func::FuncOp func) {
  SmallVector<std::pair<unsigned, StringRef>> found;
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    if (StringRef name = resultString(func, i, kGradient); !name.empty())
      found.push_back({i, name});
  return found;
}

bool program::isVariant(StringRef name, StringRef base) {
  if (!name.consume_front(base))
    return false;
  return name.empty() || (name.consume_front("_r") && !name.empty() && llvm::all_of(name, llvm::isDigit));
}

SmallVector<func::FuncOp> program::variants(ModuleOp module, StringRef base) {
  SmallVector<func::FuncOp> found;
  for (auto func : module.getOps<func::FuncOp>())
    if (isVariant(func.getName(), base))
      found.push_back(func);
  return found;
}

std::string program::variantName(func::FuncOp func, StringRef from, StringRef to) {
  return (to + func.getName().drop_front(from.size())).str();
}

void program::dropBackward(ModuleOp module) {
  auto func = module.lookupSymbol<func::FuncOp>(kGrad);
  if (!func)
    return;
  BitVector dropped(func.getNumResults());
  for (auto [index, name] : gradients(func))
    dropped.set(index);
  func.front().getTerminator()->eraseOperands(dropped);
  (void)func.eraseResults(dropped);
  func.setName(kForward);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(func.front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

int64_t program::denseBytes(ShapedType type) {
  return type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

llvm::json::Object program::toJson(DictionaryAttr report) {
  llvm::json::Object out;
  for (NamedAttribute entry : report)
    if (auto text = dyn_cast<StringAttr>(entry.getValue()))
      out[entry.getName().getValue()] = text.getValue();
    else
      out[entry.getName().getValue()] = cast<IntegerAttr>(entry.getValue()).getInt();
  return out;
}

// Form E, the standard's training extension: Gradient says what is trained on which loss; optimizers are only described.
#include "Converter.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

// A node with what it says: Gradient's names, an optimizer's numbers.
static std::string describe(onnx::NodeOp node) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "'" << node.getName() << "' (" << node.getOpType();
  for (NamedAttribute entry : node.getSettings()) {
    os << ", " << entry.getName().getValue() << " = ";
    if (auto number = dyn_cast<FloatAttr>(entry.getValue()))
      os << llvm::format("%g", number.getValueAsDouble());
    else
      os << entry.getValue();
  }
  os << ")";
  return text;
}

// Appends the names in a list of texts; false where it is something else.
static bool readNames(Attribute attribute, llvm::SmallVectorImpl<llvm::StringRef> &names) {
  auto list = dyn_cast_or_null<ArrayAttr>(attribute);
  if (!list || !llvm::all_of(list, llvm::IsaPred<StringAttr>))
    return false;
  for (auto name : list.getAsRange<StringAttr>())
    names.push_back(name.getValue());
  return true;
}

// One Gradient of a scalar with respect to inputs and initializers, taken where they are (operand i is the tensor that
// name i of xs and zs says). What it names in xs is trained, all else is constant, as zs asks.
bool Converter::readGradient(onnx::NodeOp node, const llvm::StringMap<Value> &tensors) {
  auto y = node.getSettings().getAs<StringAttr>("y");
  Attribute zs = node.getSettings().get("zs");
  llvm::SmallVector<llvm::StringRef> names;
  bool fits = y && readNames(node.getSettings().get("xs"), names);
  size_t count = names.size();
  fits = fits && (!zs || readNames(zs, names)) && node.getInputs().size() == names.size() && node.getNumResults() <= count;
  for (size_t i = 0; fits && i < names.size(); ++i)
    fits = tensors.lookup(names[i]) == node.getInputs()[i];
  if (!fits)
    return false;
  for (auto other : graph.getBody().getOps<onnx::NodeOp>())
    for (auto [value, name] : llvm::zip(other.getOutputs(), other.getOutputNames().getAsRange<StringAttr>()))
      if (name == y && other != node)
        lossValue = value;
  lossOutput = y.str();
  for (auto [result, name] : llvm::zip(node.getOutputs(), names))
    gradients[result] = name.str();
  bookkeeping.insert(node.getOutputs().begin(), node.getOutputs().end());
  return bool(lossValue);
}

// An optimizer of the file is not run. Adam is AdamW in ONNX Runtime's form where its norm_coefficients are 0.
static std::string replaced(onnx::NodeOp node) {
  std::string text = "the file's optimizer " + describe(node) + " is not run: intq's AdamW updates";
  llvm::raw_string_ostream os(text);
  if (node.getOpType() == "Adam")
    os << llvm::format("; nearest are --adam-mode ort --adam-betas %g,%g --adam-eps %g", floatAttr(node, "alpha", 0.9),
                       floatAttr(node, "beta", 0.999), floatAttr(node, "epsilon", 1e-6));
  else
    os << " by --lr, --adam-betas, --adam-eps and --weight-decay";
  return text;
}

LogicalResult Converter::readExtension(llvm::ArrayRef<onnx::NodeOp> extension, const llvm::StringMap<Value> &tensors) {
  llvm::SmallVector<onnx::NodeOp> derivatives, optimizers;
  std::string found;
  bool isKnown = true;
  for (onnx::NodeOp node : extension) {
    llvm::StringRef op = node.getOpType();
    (op == "Gradient" ? derivatives : optimizers).push_back(node);
    isKnown &= node.getDomain() == "ai.onnx.preview.training" &&
               (op == "Gradient" || op == "Adam" || op == "Momentum" || op == "Adagrad");
    found += (found.empty() ? "" : ", ") + describe(node);
  }
  if (!isKnown || derivatives.size() != 1 || !readGradient(derivatives[0], tensors))
    return graph.emitError() << "expected one Gradient (form E) of a computed y at the inputs and initializers that xs and "
                                "zs name, but got " << printable(found) << "; hand in the forward graph with its loss: gradients "
                                "and update are intq's own, the optimizer's numbers are options (--adam-betas, --adam-eps, "
                                "--weight-decay)";
  form = "E";
  for (onnx::NodeOp node : optimizers) {
    bookkeeping.insert(node.getOutputs().begin(), node.getOutputs().end());
    notes.push_back(replaced(node));
  }
  return success();
}

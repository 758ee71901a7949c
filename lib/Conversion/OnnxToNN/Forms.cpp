// Which form a file has, and what it names as parameters, gradients and loss.
#include "Converter.h"

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

// A node of the standard's training extension (form E) with what it says: Gradient's names, an optimizer's numbers.
static std::string describeExtension(onnx::NodeOp node) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "'" << node.getName() << "' (" << node.getOpType();
  for (NamedAttribute entry : node.getSettings()) {
    os << ", " << entry.getName().getValue() << " = ";
    if (auto number = dyn_cast<FloatAttr>(entry.getValue()))
      os << number.getValueAsDouble();
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

// Form E: one Gradient of a scalar output with respect to inputs and initializers, taken where they are (operand i is
// the tensor that name i of xs and zs says). What it names in xs is trained, all else is constant, as zs asks.
LogicalResult Converter::readGradient(llvm::ArrayRef<onnx::NodeOp> extension, const llvm::StringMap<Value> &tensors) {
  onnx::NodeOp node = extension[0];
  auto y = node.getSettings().getAs<StringAttr>("y");
  Attribute zs = node.getSettings().get("zs");
  llvm::SmallVector<llvm::StringRef> names;
  bool fits = extension.size() == 1 && opOf(node) == "ai.onnx.preview.training::Gradient" && y &&
              readNames(node.getSettings().get("xs"), names);
  size_t count = names.size();
  fits = fits && (!zs || readNames(zs, names)) && node.getInputs().size() == names.size() && node.getNumResults() <= count;
  for (size_t i = 0; fits && i < names.size(); ++i)
    fits = tensors.lookup(names[i]) == node.getInputs()[i];
  auto output = cast<onnx::OutputOp>(graph.getBody().front().getTerminator());
  if (!fits || !llvm::is_contained(output.getNames(), Attribute(y))) {
    std::string found;
    for (onnx::NodeOp other : extension)
      found += (found.empty() ? "" : ", ") + describeExtension(other);
    return graph.emitError() << "expected one Gradient (form E) of an output y at the inputs and initializers that xs and "
                                "zs name, but got " << printable(found) << "; hand in the forward graph with its loss: gradients and update are intq's own, the "
                                "optimizer's numbers are options (--adam-betas, --adam-eps, --weight-decay)";
  }
  form = "E";
  lossOutput = y.str();
  for (auto [result, name] : llvm::zip(node.getOutputs(), names))
    gradients[result] = name.str();
  bookkeeping.insert(node.getOutputs().begin(), node.getOutputs().end());
  return success();
}

// Which form the file has (decision 1): by how gradients leave the graph.
LogicalResult Converter::checkForm() {
  unsigned yields = 0, optimizers = 0;
  llvm::SmallVector<onnx::NodeOp> extension;
  llvm::StringMap<Value> tensors; // inputs and initializers by name
  graph.walk([&](Operation *op) {
    if (auto input = dyn_cast<onnx::InputOp>(op))
      tensors[input.getName()] = input.getResult();
    if (auto initializer = dyn_cast<onnx::InitializerOp>(op))
      tensors[initializer.getName()] = initializer.getResult();
    auto node = dyn_cast<onnx::NodeOp>(op);
    if (!node)
      return;
    llvm::StringRef type = node.getOpType();
    yields += opOf(node) == "com.microsoft::YieldOp";
    optimizers += type == "AdamWOptimizer" || type == "SGDOptimizerV2";
    if (node.getDomain().starts_with("ai.onnx.preview"))
      extension.push_back(node);
    if (opOf(node) == "com.microsoft::InPlaceAccumulatorV2" && node.getInputs().size() >= 2) {
      form = "A";
      // Decision 10: the gradient is operand 1; buffers and flags are bookkeeping.
      for (auto [i, value] : llvm::enumerate(node.getInputs()))
        if (i != 1)
          bookkeeping.insert(value);
      bookkeeping.insert(node.getOutputs().begin(), node.getOutputs().end());
      if (auto buffer = node.getInputs()[0].getDefiningOp<onnx::InputOp>())
        gradients[node.getInputs()[1]] = buffer.getName().drop_back(kBufferSuffix.size()).str();
    }
  });
  if (optimizers)
    return graph.emitError() << "expected a training or forward graph, but got an optimizer model; hand in the "
                                "forward or training model";
  if (!extension.empty())
    return readGradient(extension, tensors);
  if (yields)
    return graph.emitError() << "expected the forward and backward of a whole step, but got an ORTModule graph "
                                "(form B, YieldOp), whose loss and parameters are outside; export the model with its loss";
  auto output = cast<onnx::OutputOp>(graph.getBody().front().getTerminator());
  if (form == "A")
    return success();
  for (auto [value, name] : llvm::zip(output.getOutputs(), output.getNames().getAsRange<StringAttr>())) {
    llvm::StringRef parameter = name.getValue();
    if (parameter.consume_back("_grad") && tensors.contains(parameter)) {
      form = "C";
      gradients[value] = parameter.str();
    }
  }
  return success();
}

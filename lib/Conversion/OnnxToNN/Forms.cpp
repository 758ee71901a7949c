// Which form a file has, and what it names as parameters, gradients and loss.
#include "Converter.h"

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

// Which form the file has (decision 1): by how gradients leave the graph.
LogicalResult Converter::checkForm() {
  llvm::SmallVector<onnx::NodeOp> extension, yields;
  llvm::StringMap<Value> tensors; // inputs and initializers by name
  graph.walk([&](Operation *op) {
    if (auto input = dyn_cast<onnx::InputOp>(op))
      tensors[input.getName()] = input.getResult();
    if (auto initializer = dyn_cast<onnx::InitializerOp>(op))
      tensors[initializer.getName()] = initializer.getResult();
    auto node = dyn_cast<onnx::NodeOp>(op);
    if (!node)
      return;
    if (opOf(node) == "com.microsoft::YieldOp")
      yields.push_back(node);
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
  if (yields.size() > 1 || (form == "A") + !yields.empty() + !extension.empty() > 1)
    return graph.emitError() << "expected one of accumulators (form A), one YieldOp (B) and the training extension (E), but got several";
  if (!extension.empty())
    return readExtension(extension, tensors);
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
  if (!yields.empty()) {
    form = "B";
    yield = yields[0];
  }
  return success();
}

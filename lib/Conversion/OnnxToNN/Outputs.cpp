// The results of the function: outputs of the file, gradients, an added loss; and the order
// of its arguments.
#include "Converter.h"
#include "intq/Dialect/NN/Program.h"

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

void Converter::requireValue(llvm::StringRef output, const Val &val) {
  if (val.is(Val::Kind::Deferred)) {
    required.insert(val.findings.begin(), val.findings.end());
    return;
  }
  errors.push_back("output '" + output.str() + "': expected a float32 value, but got " +
                   (val.is(Val::Kind::Masked) ? "masked attention scores" : "an integer or internal value"));
}

// What the model gives: outputs that are no gradients; of form B what it yields, of form E the loss.
llvm::SmallVector<std::pair<Value, std::string>> Converter::fileOutputs() {
  llvm::SmallVector<std::pair<Value, std::string>> outputs;
  if (yield)
    for (unsigned i : differentiableYields())
      if (auto node = yield.getInputs()[i].getDefiningOp<onnx::NodeOp>())
        outputs.push_back({yield.getInputs()[i], outputName(node, cast<OpResult>(yield.getInputs()[i]).getResultNumber())});
  auto output = cast<onnx::OutputOp>(graph.getBody().front().getTerminator());
  for (auto [value, name] : llvm::zip(output.getOutputs(), output.getNames().getAsRange<StringAttr>()))
    if (!bookkeeping.contains(value) && !gradients.contains(value))
      outputs.push_back({value, name.str()});
  if (lossValue && llvm::none_of(outputs, [&](const auto &entry) { return entry.first == lossValue; }))
    outputs.push_back({lossValue, lossOutput});
  return outputs;
}

void Converter::collectOutputs(llvm::SmallVectorImpl<Result> &results) {
  Value loss;
  for (const auto &[value, name] : fileOutputs()) {
    const Val &val = get(value);
    Value result = materialize(val);
    if (!result) {
      requireValue(name, val);
      continue;
    }
    NamedAttrList attributes;
    attributes.set(program::kOutput, builder.getStringAttr(name));
    results.push_back({result, attributes});
    bool fits = lossOutput.empty() ? (!loss || name == "loss") && options.loss.empty() : name == lossOutput;
    if (val.shape.empty() && fits)
      loss = result;
  }
  if (!lossOutput.empty() && !loss && required.empty())
    errors.push_back("Gradient: expected y to name a scalar float value, but got '" + lossOutput + "'");
  for (Result &result : results)
    if (result.value == loss) {
      result.attributes.set(program::kLoss, builder.getUnitAttr());
      loss = {};
    }
}

// In the order of the parameters among the arguments.
void Converter::collectGradients(llvm::SmallVectorImpl<Result> &results) {
  llvm::SmallVector<std::pair<size_t, Result>> found; // argument, gradient
  orderArguments();
  for (auto &entry : gradients) {
    const std::string &parameter = entry.second;
    const Val &val = get(entry.first);
    auto argument = llvm::find_if(arguments, [&](const Argument &a) { return parameterName(a.value) == parameter; });
    if (argument != arguments.end() && argument->attributes.get(program::kRole) == builder.getStringAttr(program::kFrozen))
      continue; // --freeze
    if (derivesBackward()) {
      if (form == "E" && argument == arguments.end())
        errors.push_back("Gradient: expected its xs to be float tensors that '" + lossOutput + "' depends on, but got '" +
                         parameter + "'");
      continue; // nn-differentiate derives it
    }
    // The gradient of a matrix that the file holds transposed is transposed as well.
    bool isTransposed = argument != arguments.end() && argument->attributes.get(program::kTransposed) && val.rank() == 2;
    Value result = val.is(Val::Kind::Deferred) ? Value() : materialize(isTransposed ? transposed(val, {1, 0}) : val);
    if (!result) {
      requireValue(parameter + "_grad", val);
      continue;
    }
    if (argument == arguments.end() || argument->value.getType() != result.getType()) {
      errors.push_back("gradient of '" + parameter + "': expected a parameter of that name and the gradient's shape " +
                       shapeText(val.shape));
      continue;
    }
    NamedAttrList attributes;
    attributes.set(program::kGradient, builder.getStringAttr(parameter));
    found.push_back({size_t(argument - arguments.begin()), {result, attributes}});
  }
  llvm::sort(found, [](const auto &a, const auto &b) { return a.first < b.first; });
  for (auto &entry : found)
    results.push_back(std::move(entry.second));
}

// The op that computes the gradient `value`, behind what only changes layout.
static Operation *gradientOp(Value value) {
  Operation *op = value.getDefiningOp();
  while (op && isa<nn::ReshapeOp, nn::TransposeOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return op;
}

// Weight and table gradients are named after their parameter, bias gradients after the
// weight of their layer.
void Converter::nameGradientSites(llvm::ArrayRef<Result> results) {
  auto nameSites = [&](auto &self, Value value, StringAttr parameter) -> void {
    Operation *op = gradientOp(value);
    if (isa_and_nonnull<nn::LinearWeightGradOp, nn::EmbeddingGradOp>(op))
      op->setAttr("site", parameter);
    if (auto add = dyn_cast_or_null<nn::AddOp>(op)) {
      self(self, add.getLhs(), parameter);
      self(self, add.getRhs(), parameter);
    }
    if (auto sum = dyn_cast_or_null<nn::ReduceSumOp>(op)) {
      StringAttr site;
      for (auto linear : block->getOps<nn::LinearOp>())
        if (linear.getBias() && parameterName(linear.getBias()) == parameter.getValue())
          site = linear.getSiteAttr();
      if (!site || sum.getTrailing())
        return;
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(sum);
      auto grad = nn::BiasGradOp::create(builder, sum.getLoc(), sum.getType(), sum.getX(), site);
      sum.replaceAllUsesWith(grad.getResult());
      sum.erase();
    }
  };
  for (const Result &result : results)
    if (auto parameter = dyn_cast_or_null<StringAttr>(result.attributes.get(program::kGradient)))
      for (auto [i, other] : llvm::enumerate(results))
        if (&other == &result)
          nameSites(nameSites, block->getTerminator()->getOperand(i), parameter);
}

void Converter::orderArguments() {
  llvm::sort(arguments, [](const Argument &a, const Argument &b) {
    return std::tuple(a.order, cast<BlockArgument>(a.value).getArgNumber()) <
           std::tuple(b.order, cast<BlockArgument>(b.value).getArgNumber());
  });
}

void Converter::placeArguments() {
  orderArguments();
  placeUsers();
  unsigned count = block->getNumArguments();
  llvm::SmallVector<DictionaryAttr> attributes;
  for (Argument &argument : arguments) {
    bool isInput = argument.attributes.get(program::kInput) != Attribute();
    if (argument.value.use_empty() && !isInput)
      continue;
    Value placed = block->addArgument(argument.value.getType(), graph.getLoc());
    argument.value.replaceAllUsesWith(placed);
    attributes.push_back(argument.attributes.getDictionary(builder.getContext()));
  }
  block->eraseArguments(0, count);
  func.setFunctionType(builder.getFunctionType(block->getArgumentTypes(), {}));
  for (auto [i, dictionary] : llvm::enumerate(attributes))
    func.setArgAttrs(i, dictionary);
}

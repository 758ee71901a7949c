// The driver: reads inputs and initializers, converts node by node in order, and turns
// what the outputs depend on into a function.
#include "Converter.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Import/ParameterStore.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

Converter::Converter(ModuleOp module, onnx::GraphOp graph, const OnnxToNNOptions &options,
                     ParameterStore *store, std::vector<std::string> &notes)
    : builder(module.getContext()), options(options), store(store), notes(notes), module(module),
      graph(graph) {}

static const Handlers &allHandlers() {
  static const Handlers handlers = [] {
    Handlers all;
    addLayoutNodes(all);
    addLinearNodes(all);
    addAttentionNodes(all);
    addNormalizationNodes(all);
    addActivationNodes(all);
    addArithmeticNodes(all);
    addIndexingNodes(all);
    addLossNodes(all);
    addGradientNodes(all);
    addFusedNodes(all);
    addOrtModuleNodes(all);
    return all;
  }();
  return handlers;
}

static bool startsBackward(onnx::NodeOp node) {
  return node.getDomain() == "com.microsoft" && (node.getOpType().contains("Grad") || node.getOpType() == "YieldOp");
}

// Which matrices the file holds transposed, and which float inputs are no parameters.
// Decision 7: where a matrix is only ever the right operand of a product as it is, the file holds the
// transpose of torch's [out, in].
void Converter::findOrientations() {
  llvm::DenseSet<Operation *> backward;
  llvm::DenseMap<const Source *, std::pair<bool, bool>> evidence; // (as in torch, transposed)
  llvm::DenseSet<const Source *> data;                             // float inputs that flow through layers
  graph.walk([&](onnx::NodeOp node) {
    bool isGradient = startsBackward(node);
    for (Value input : node.getInputs())
      isGradient |= input.getDefiningOp() && backward.contains(input.getDefiningOp());
    if (isGradient) {
      backward.insert(node);
      return;
    }
    std::string op = opOf(node);
    for (auto [i, input] : llvm::enumerate(node.getInputs())) {
      const Val &val = get(input);
      if (!val.is(Val::Kind::Parameter))
        continue;
      if (val.source->isInput && i == 0 && op != "Transpose" && op != "Gather" && op != "Add" && op != "Mul")
        data.insert(val.source);
      if (val.rank() != 2)
        continue;
      auto &[asTorch, asTransposed] = evidence[val.source];
      bool product = i == 1 && (op == "MatMul" || op == "Gemm" || op == "com.microsoft::FusedMatMul" ||
                                op == "com.microsoft::Attention" ||
                                op == "com.microsoft::FusedGemm");
      if (product)
        (intAttr(node, "transB", 0) ? asTorch : asTransposed) = true;
      else
        asTorch |= op == "Transpose" || (op == "Gather" && i == 0);
    }
  });
  for (auto &entry : values) {
    Val &val = entry.second;
    if (!val.is(Val::Kind::Parameter))
      continue;
    bool isState = (store && store->lookup(val.source->name)) ||
                   llvm::any_of(gradients, [&](const auto &e) { return e.second == val.source->name; });
    if (data.contains(val.source) && !isState) {
      val = floating(sourceArgument(*val.source, val.source->name, /*inPosition=*/false));
      continue;
    }
    auto [asTorch, asTransposed] = evidence.lookup(val.source);
    if (!asTransposed || asTorch)
      continue;
    const_cast<Source *>(val.source)->isTransposed = true;
    val.view = View::identity({val.shape[1], val.shape[0]}).transposed({1, 0});
  }
}

// Why there is no handler, with the way out where there is one.
static std::string unsupported(llvm::StringRef op) {
  std::string why = "this operator is not supported";
  if (op == "CumSum")
    why += "; expected positions cumsum(ids != padding)·(ids != padding) + padding, or position_ids as an input";
  if (op == "If" || op == "Loop" || op == "Scan")
    why += "; export a graph without control flow";
  if (op == "DequantizeLinear" || op == "QuantizeLinear")
    why += "; hand in the float model";
  return why;
}

void Converter::convertNode(onnx::NodeOp node) {
  if (llvm::any_of(node.getOutputs(), [&](Value v) { return bookkeeping.contains(v); }))
    return;
  std::string op = opOf(node);
  bool isGradient = startsBackward(node);
  llvm::SmallSetVector<unsigned, 2> findings;
  for (Value input : node.getInputs()) {
    const Val &val = get(input);
    isGradient |= val.isGradient;
    findings.insert(val.findings.begin(), val.findings.end());
  }
  auto convert = [&] {
    if (foldNode(*this, node))
      return;
    if (auto it = allHandlers().recognizers.find(op); it != allHandlers().recognizers.end())
      for (Recognizer recognize : it->getValue())
        if (recognize(*this, node))
          return;
    auto it = allHandlers().nodes.find(op);
    if (findings.empty() && it != allHandlers().nodes.end())
      return it->getValue()(*this, node);
    // Whatever became of its operands, an operator that nothing here reads is a finding of its own.
    bool isUnknown = it == allHandlers().nodes.end() && requiredOperands(op, node.getVersion()) == 0;
    Val val = findings.empty() || isUnknown ? defer(node, unsupported(op)) : Val();
    val.kind = Val::Kind::Deferred;
    val.findings.insert(findings.begin(), findings.end());
    setAll(node, val);
  };
  convert();
  for (Value output : node.getOutputs())
    if (auto it = values.find(output); it != values.end())
      it->second.isGradient |= isGradient;
  checkDeclared(node);
}

// value_info is a claim: what the file declares must be what the operands give.
void Converter::checkDeclared(onnx::NodeOp node) {
  for (unsigned i = 0; i < node.getNumResults(); ++i) {
    auto type = dyn_cast<RankedTensorType>(node.getResult(i).getType());
    const Val &val = get(node.getResult(i));
    if (!type || val.is(Val::Kind::Deferred) || val.is(Val::Kind::Absent))
      continue;
    bool fits = type.getRank() == val.rank();
    for (int64_t d = 0; fits && d < val.rank(); ++d)
      fits = type.isDynamicDim(d) || type.getDimSize(d) == val.shape[d];
    if (fits)
      continue;
    std::string text;
    llvm::raw_string_ostream(text) << type;
    set(node, i, defer(node, "expected its result " + std::to_string(i) + " to have the declared type " + text +
                                 ", but got the shape " + shapeText(val.shape)));
  }
}

LogicalResult Converter::reportFindings() {
  for (unsigned index : required)
    errors.push_back(messages[index]);
  for (const std::string &error : errors)
    graph.emitError() << printable(error);
  return success(errors.empty());
}

LogicalResult Converter::run() {
  graph.walk([&](onnx::NodeOp node) { checkOperands(node); });
  if (required.empty())
    checkAliasing();
  if (failed(reportFindings()) || failed(checkForm()))
    return failure();
  builder.setInsertionPointToEnd(module.getBody());
  func = func::FuncOp::create(builder, graph.getLoc(), derivesBackward() ? program::kForward : program::kGrad,
                              builder.getFunctionType({}, {}));
  block = func.addEntryBlock();
  builder.setInsertionPointToStart(block);
  readSignature();
  readInputs();
  readInitializers();
  findOrientations();
  for (auto node : graph.getBody().getOps<onnx::NodeOp>()) {
    convertNode(node);
    if (!withinBudget(node))
      return reportFindings();
  }
  return finish();
}

LogicalResult Converter::finish() {
  llvm::SmallVector<Result> results;
  collectOutputs(results);
  addLoss(results);
  collectGradients(results);
  if (required.empty())
    checkGlobs();
  if (failed(reportFindings()))
    return failure();
  llvm::SmallVector<Value> values;
  for (Result &result : results)
    values.push_back(result.value);
  func::ReturnOp::create(builder, graph.getLoc(), values);
  nameGradientSites(results);
  IRRewriter rewriter(builder.getContext());
  DominanceInfo dominance(func);
  eliminateCommonSubExpressions(rewriter, dominance, func);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
    if (isOpTriviallyDead(&op))
      op.erase();
  placeArguments();
  func.setFunctionType(builder.getFunctionType(block->getArgumentTypes(),
                                               block->getTerminator()->getOperandTypes()));
  for (auto [i, result] : llvm::enumerate(results))
    func.setResultAttrs(i, result.attributes.getDictionary(builder.getContext()));
  module->setAttr(program::kForm, builder.getStringAttr(form));
  graph.erase();
  for (std::string &note : notes)
    note = printable(note);
  return success();
}

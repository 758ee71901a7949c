// Form B, the graphs of ONNX Runtime's ORTModule: what they yield to PyTorch, and PyTorch's own lookup.
#include "Converter.h"

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

static Val zeros(Converter &c, const Shape &shape) {
  auto value = DenseElementsAttr::get(c.f32(shape), 0.0f);
  return c.floating(nn::ConstantOp::create(c.builder, c.builder.getUnknownLoc(), value));
}

// The operands of YieldOp that it has gradients for.
llvm::SmallVector<unsigned> Converter::differentiableYields() {
  auto excluded = intsAttr(yield, "non_differentiable_outputs").value_or(Shape());
  llvm::SmallVector<unsigned> operands;
  for (unsigned i = 0; i < yield.getInputs().size(); ++i)
    if (!llvm::is_contained(excluded, int64_t(i)))
      operands.push_back(i);
  return operands;
}

// Results are the gradients of the operands that are differentiable. Of the loss (named so, else the first scalar) it
// is 1, as PyTorch's backward() says it, and of all others 0.
void Converter::convertYield(onnx::NodeOp node) {
  if (!options.loss.empty())
    return setAll(node, defer(node, "expected no use of its gradients, which the added loss replaces"));
  llvm::SmallVector<unsigned> yielded = differentiableYields();
  std::optional<unsigned> loss;
  for (unsigned i : yielded) {
    const Val &val = operand(node, i);
    auto producer = node.getInputs()[i].getDefiningOp<onnx::NodeOp>();
    bool isScalar = val.is(Val::Kind::Float) && val.shape.empty() && producer;
    if (!isScalar)
      continue;
    std::string name = outputName(producer, cast<OpResult>(node.getInputs()[i]).getResultNumber());
    if (loss && name != "loss")
      continue;
    loss = i;
    lossOutput = name;
  }
  if (!loss || yielded.size() != node.getNumResults())
    return setAll(node, defer(node, "expected to yield a scalar loss, and a result for each differentiable operand; where the "
                                    "loss is outside the graph, add it with --loss cross-entropy, mse, span or mlm"));
  for (auto [result, i] : llvm::enumerate(yielded))
    set(node, result, i == *loss ? constant(Tensor::scalar(Elem::F32, 1)) : zeros(*this, operand(node, i).shape));
}

static void convertYield(Converter &c, onnx::NodeOp node) { c.convertYield(node); }

// PyTorch's embedding: table, ids, padding_idx, scale_grad_by_freq, sparse; and its gradient: dY, ids, rows, then the same.
static void convertAten(Converter &c, onnx::NodeOp node) {
  llvm::StringRef op = stringAttr(node, "operator", "");
  bool isBackward = op == "embedding_backward";
  unsigned at = isBackward ? 3 : 2;
  auto padding = c.operand(node, at).uniform(), scaled = c.operand(node, at + 1).uniform();
  if ((op != "embedding" && !isBackward) || !padding || scaled.value_or(0.0) != 0)
    return c.setAll(node, c.defer(node, "expected PyTorch's embedding or embedding_backward with a constant padding_idx and "
                                        "without scale_grad_by_freq, but got '" + op + "'"));
  const Val &x = c.operand(node, 0), &ids = c.operand(node, 1);
  int64_t row = int64_t(std::clamp(*padding, -1.0, 0x1p31));
  if (!isBackward)
    return c.set(node, 0, c.isParameter(x, 2) ? lookup(c, node, x, ids, row) : c.deferFor(node, x, "expected a table of rank 2"));
  auto rows = c.operand(node, 2).uniform();
  Value index = c.integers(ids), dy = x.is(Val::Kind::Float) ? c.materialize(x) : Value();
  Shape shape = ids.shape;
  if (x.rank() > 0)
    shape.push_back(x.shape.back());
  if (!rows || *rows < 1 || *rows >= 0x1p31 || row >= *rows || !index || !dy || shape != x.shape)
    return c.set(node, 0, c.deferFor(node, x, "expected the gradient of a lookup by an integer input, and a number of rows"));
  c.set(node, 0, c.floating(nn::EmbeddingGradOp::create(c.builder, c.loc(node), c.f32({int64_t(*rows), shape.back()}), dy, index,
                                                        c.builder.getI64IntegerAttr(row), c.builder.getStringAttr(c.outputName(node)))));
}

void conversion::addOrtModuleNodes(Handlers &handlers) {
  handlers.nodes["com.microsoft::YieldOp"] = ::convertYield;
  handlers.nodes["org.pytorch.aten::ATen"] = convertAten;
}

// Operators that ONNX Runtime's graph optimizer fuses: taken apart again.
#include "Match.h"

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

// LN(input + skip + bias): the sum is result 3.
static void convertSkipLayerNorm(Converter &c, onnx::NodeOp node) {
  const Val &input = c.operand(node, 0), &skip = c.operand(node, 1), &bias = c.operand(node, 4);
  auto fail = [&](const llvm::Twine &why) {
    for (unsigned i = 0; i < node.getNumResults(); ++i)
      c.set(node, i, c.defer(node, why));
  };
  if (!input.is(Val::Kind::Float) || !skip.is(Val::Kind::Float) || input.shape != skip.shape)
    return fail("expected two float tensors of one shape");
  Val left = input;
  if (!bias.is(Val::Kind::Absent)) {
    auto biased = addBias(c, node, input, bias);
    if (!biased)
      return fail("expected the bias of a linear layer that is the first operand");
    left = *biased;
  }
  Value x = c.materialize(left), y = c.materialize(skip);
  Val sum = c.floating(nn::AddOp::create(c.builder, c.loc(node), x.getType(), x, y));
  setLayerNorm(c, node, sum, c.operand(node, 2), c.operand(node, 3), floatAttr(node, "epsilon", 1e-12));
  if (!c.get(node.getResult(0)).is(Val::Kind::Deferred))
    c.set(node, 3, sum);
}

// GELU of a linear layer's product and its bias.
static void convertBiasGelu(Converter &c, onnx::NodeOp node) {
  auto x = addBias(c, node, c.operand(node, 0), c.operand(node, 1));
  if (!x)
    return c.set(node, 0, c.defer(node, "expected the product of a linear layer and its bias"));
  bool isTanh = node.getOpType() == "FastGelu";
  setGelu(c, node, *x, isTanh ? nn::GeluApproximation::Tanh : nn::GeluApproximation::None);
}

static void convertFastGelu(Converter &c, onnx::NodeOp node) {
  if (!c.operand(node, 1).is(Val::Kind::Absent))
    return convertBiasGelu(c, node);
  setGelu(c, node, c.operand(node, 0), nn::GeluApproximation::Tanh);
}

static void convertFusedGemm(Converter &c, onnx::NodeOp node) {
  Val product = gemm(c, node);
  llvm::StringRef activation = stringAttr(node, "activation", "");
  if (product.is(Val::Kind::Deferred) || (activation != "Tanh" && activation != "Relu"))
    return c.set(node, 0, c.deferFor(node, product, "expected the activation Tanh or Relu, but got '" + activation + "'"));
  Value x = c.materialize(product);
  Value y = activation == "Tanh" ? nn::TanhOp::create(c.builder, c.loc(node), x.getType(), x).getResult()
                                 : nn::ReluOp::create(c.builder, c.loc(node), x.getType(), x).getResult();
  c.set(node, 0, c.floating(y));
}

void conversion::addFusedNodes(Handlers &handlers) {
  handlers.nodes["com.microsoft::SkipLayerNormalization"] = convertSkipLayerNorm;
  handlers.nodes["com.microsoft::BiasGelu"] = convertBiasGelu;
  handlers.nodes["com.microsoft::FastGelu"] = convertFastGelu;
  handlers.nodes["com.microsoft::FusedGemm"] = convertFusedGemm;
}

// Operators that ONNX Runtime's graph optimizer fuses: taken apart again.
#include "Match.h"
#include <numeric>

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

// LN(input + skip + bias), the bias that of a linear layer on either side: the sum is result 3.
static void convertSkipLayerNorm(Converter &c, onnx::NodeOp node) {
  const Val &input = c.operand(node, 0), &skip = c.operand(node, 1), &bias = c.operand(node, 4);
  auto fail = [&](const llvm::Twine &why) { c.setAll(node, c.defer(node, why)); };
  if (!input.is(Val::Kind::Float) || !skip.is(Val::Kind::Float) || input.shape != skip.shape)
    return fail("expected two float tensors of one shape");
  Val left = input, right = skip;
  if (!bias.is(Val::Kind::Absent)) {
    if (auto biased = addBias(c, node, input, bias))
      left = *biased;
    else if ((biased = addBias(c, node, skip, bias)))
      right = *biased;
    else
      return fail("expected the bias of a linear layer that is an operand");
  }
  Value x = c.materialize(left), y = c.materialize(right);
  Val sum = c.floating(nn::AddOp::create(c.builder, c.loc(node), x.getType(), x, y));
  setLayerNorm(c, node, sum, c.operand(node, 2), c.operand(node, 3), floatAttr(node, "epsilon", 1e-12));
  if (!c.get(node.getResult(0)).is(Val::Kind::Deferred))
    c.set(node, 3, sum);
}

// LN(word[ids] + position[position_ids] (+ segment[segment_ids])). Result 1 is the mask itself here: the count of kept
// tokens that it stands for says the same of a row that is padded at its end.
static void convertEmbedLayerNorm(Converter &c, onnx::NodeOp node) {
  const Val &ids = c.operand(node, 0), &positions = c.operand(node, 8);
  Val at = positions;
  if (at.is(Val::Kind::Absent) && ids.rank() == 2) {
    Shape count(ids.shape[1]);
    std::iota(count.begin(), count.end(), 0);
    at = *c.reshaped(c.constant(Tensor::vector(count)), {1, ids.shape[1]});
  }
  bool hasSegments = !c.operand(node, 1).is(Val::Kind::Absent);
  llvm::SmallVector<std::pair<const Val *, const Val *>, 3> tables{{&c.operand(node, 2), &ids}, {&c.operand(node, 3), &at}};
  if (hasSegments)
    tables.push_back({&c.operand(node, 4), &c.operand(node, 1)});
  Val sum;
  for (auto [table, rows] : tables) {
    Val part = c.isParameter(*table, 2) ? lookup(c, node, *table, *rows) : c.deferFor(node, *table, "expected tables of rank 2");
    if (part.is(Val::Kind::Deferred))
      return c.setAll(node, part);
    if (sum.is(Val::Kind::Absent)) {
      sum = part;
      continue;
    }
    auto shape = broadcastShape(sum.shape, part.shape);
    if (!shape)
      return c.setAll(node, c.defer(node, "expected ids of one shape, but got embeddings " + shapeText(sum.shape) +
                                              " and " + shapeText(part.shape)));
    Value x = c.materialize(sum), y = c.materialize(part);
    sum = c.floating(nn::AddOp::create(c.builder, c.loc(node), c.f32(*shape), x, y));
  }
  setLayerNorm(c, node, sum, c.operand(node, 5), c.operand(node, 6), floatAttr(node, "epsilon", 1e-12));
  if (c.get(node.getResult(0)).is(Val::Kind::Deferred))
    return;
  c.set(node, 1, c.operand(node, 7));
  c.set(node, 2, sum);
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

// The number of kept tokens of each row, which only Attention reads: the mask itself, as for EmbedLayerNormalization.
static bool recognizeKeptTokens(Converter &c, onnx::NodeOp node) {
  const Val &mask = c.operand(node, 0);
  bool isRow = mask.is(Val::Kind::Index) && mask.rank() == 2 && constantInts(c.operand(node, 1)) == Shape{1};
  auto readsMask = [](OpOperand &use) {
    auto user = dyn_cast<onnx::NodeOp>(use.getOwner());
    return user && opOf(user) == "com.microsoft::Attention" && use.getOperandNumber() == 3;
  };
  if (!isRow || intAttr(node, "keepdims", 1) || !llvm::all_of(node.getResult(0).getUses(), readsMask))
    return false;
  c.set(node, 0, mask);
  return true;
}

void conversion::addFusedNodes(Handlers &handlers) {
  handlers.recognizers["ReduceSum"].push_back(recognizeKeptTokens);
  handlers.nodes["com.microsoft::SkipLayerNormalization"] = convertSkipLayerNorm;
  handlers.nodes["com.microsoft::EmbedLayerNormalization"] = convertEmbedLayerNorm;
  handlers.nodes["com.microsoft::BiasGelu"] = convertBiasGelu;
  handlers.nodes["com.microsoft::FastGelu"] = convertFastGelu;
  handlers.nodes["com.microsoft::FusedGemm"] = convertFusedGemm;
}

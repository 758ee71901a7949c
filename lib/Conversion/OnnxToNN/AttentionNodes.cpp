// Attention: masks by what they do to the scores, softmax over the kept keys, and the
// fused Attention operator.
#include "Converter.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

// What a masked score is set to or lowered by at least, in all spellings.
static constexpr double kMasked = -1e4;

// The i32 [B, K] input behind a mask for scores [B, h, Q, K], or null after `why` is set. The mask
// must give each key of each batch row one value for all heads and queries.
static Value keptKeys(Converter &c, const Val &mask, llvm::ArrayRef<int64_t> scores, std::string &why) {
  int64_t batch = scores.front(), keys = scores.back();
  auto base = cast<RankedTensorType>(mask.base.getType());
  auto full = broadcastShape(mask.shape, scores);
  Shape own(4, 1); // the mask's shape with the scores' rank: heads and queries are not multiplied out
  if (mask.rank() <= 4)
    std::copy_backward(mask.shape.begin(), mask.shape.end(), own.end());
  if (scores.size() != 4 || mask.rank() > 4 || !full || *full != Shape(scores) || own[0] != batch || own[3] != keys ||
      base.getNumElements() != batch * keys) {
    why = "expected attention scores [B, h, Q, K] and a mask from an input [B, K], but got scores " +
          shapeText(scores) + " and an input " + shapeText(base.getShape());
    return {};
  }
  int64_t perBatch = own[1] * own[2] * own[3];
  for (size_t i = 0; i < mask.index->size(); ++i)
    if ((*mask.index)[i] != int64_t(i) / perBatch * keys + int64_t(i) % keys) {
      why = "expected a mask that depends on batch and key only";
      return {};
    }
  return c.reshape(mask.base, {batch, keys});
}

static bool isMask(const Val &val) { return val.is(Val::Kind::Index) && val.table; }

static std::optional<Val> masked(Converter &c, const Val &scores, const Val &mask, std::string &why) {
  Val out = scores;
  out.kind = Val::Kind::Masked;
  Value keep = keptKeys(c, mask, scores.shape, why);
  if (!keep)
    return std::nullopt;
  if (out.keep && out.keep != keep) {
    why = "expected one mask a softmax";
    return std::nullopt;
  }
  out.keep = keep;
  return out;
}

// scores + mask, mask ≤ −10000 where a key is dropped and 0 where it is kept.
static bool recognizeAddedMask(Converter &c, onnx::NodeOp node) {
  if (node.getInputs().size() != 2)
    return false;
  for (unsigned i = 0; i < 2; ++i) {
    const Val &scores = c.operand(node, i), &mask = c.operand(node, 1 - i);
    if (!isMask(mask) || !(scores.is(Val::Kind::Float) || scores.is(Val::Kind::Masked)))
      continue;
    std::string why = "expected an added mask of 0 for kept and at most -10000 for masked keys";
    std::optional<Val> out;
    if (mask.table->first <= kMasked && mask.table->second == 0)
      out = masked(c, scores, mask, why);
    c.set(node, 0, out ? *out : c.defer(node, why));
    return true;
  }
  return false;
}

// Where(mask, fill, scores) or Where(mask, scores, fill).
static bool recognizeReplacedScores(Converter &c, onnx::NodeOp node) {
  if (node.getInputs().size() != 3)
    return false;
  const Val &mask = c.operand(node, 0);
  for (unsigned i = 1; i < 3; ++i) {
    const Val &scores = c.operand(node, i), &fill = c.operand(node, 3 - i);
    if (!mask.is(Val::Kind::Index) || !scores.is(Val::Kind::Float) || !fill.uniform())
      continue;
    auto [low, high] = mask.table.value_or(std::pair(0.0, 1.0));
    bool keepsOnes = i == 1 ? (!low && high) : (low && !high);
    std::string why = "expected masked scores to be replaced by at most -10000 where the mask is 0";
    std::optional<Val> out;
    if (*fill.uniform() <= kMasked && keepsOnes)
      out = masked(c, scores, mask, why);
    c.set(node, 0, out ? *out : c.defer(node, why));
    return true;
  }
  return false;
}

// Where(IsNaN(p), 0, p): rows without kept keys are the softmax's own business.
static bool recognizeNanGuard(Converter &c, onnx::NodeOp node) {
  if (node.getInputs().size() != 3)
    return false;
  auto test = c.definition(node.getInputs()[0]);
  if (!test || opOf(test) != "IsNaN" || test.getInputs()[0] != node.getInputs()[2] ||
      c.operand(node, 1).uniform() != 0.0)
    return false;
  c.set(node, 0, c.operand(node, 2));
  return true;
}

static Value softmax(Converter &c, onnx::NodeOp node, Val scores) {
  Value keep = scores.keep;
  scores.kind = Val::Kind::Float;
  Value x = c.materialize(scores);
  return nn::SoftmaxOp::create(c.builder, c.loc(node), x.getType(), x, keep);
}

static void convertSoftmax(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0);
  int64_t axis = intAttr(node, "axis", node.getVersion() < 13 ? 1 : -1);
  if (!x.is(Val::Kind::Float) && !x.is(Val::Kind::Masked))
    return c.set(node, 0, c.defer(node, "expected a float tensor"));
  if (normalizedAxis(axis, x.rank()) != x.rank() - 1) // below version 13 an inner axis would flatten
    return c.set(node, 0, c.defer(node, "expected the last axis, but got " + llvm::Twine(axis)));
  c.set(node, 0, c.floating(softmax(c, node, x)));
}

// softmax(scale·q·kᵀ, of the kept keys)·v for q, k, v [B, h, S, D].
static Val attend(Converter &c, onnx::NodeOp node, const Val &q, const Val &k, const Val &v, float scale,
                  const Val &mask) {
  Shape shape{q.shape[0], q.shape[1], q.shape[2], k.shape[2]};
  std::string name = c.outputName(node);
  Value scores = nn::MatmulOp::create(c.builder, c.loc(node), c.f32(shape), c.materialize(q), c.materialize(k), false,
                                      true, c.builder.getStringAttr(name + "/scores"));
  Val val = c.floating(scores);
  val.scale = scale;
  if (!mask.is(Val::Kind::Absent)) {
    std::string why = "expected a mask that is true or 1 for kept keys";
    auto [low, high] = mask.table.value_or(std::pair(0.0, 1.0));
    bool kept = !isFloat(mask.elem) && !low && high, added = isFloat(mask.elem) && low <= kMasked && high == 0;
    std::optional<Val> out;
    if (mask.is(Val::Kind::Index) && (kept || added))
      out = masked(c, val, mask, why);
    if (!out)
      return c.deferFor(node, mask, why);
    val = *out;
  }
  Value p = softmax(c, node, val);
  shape.back() = v.shape[3];
  return c.floating(nn::MatmulOp::create(c.builder, c.loc(node), c.f32(shape), p, c.materialize(v), false, false,
                                         c.builder.getStringAttr(name)));
}

static void convertAttention(Converter &c, onnx::NodeOp node) {
  const Val &q = c.operand(node, 0), &k = c.operand(node, 1), &v = c.operand(node, 2), &mask = c.operand(node, 3);
  bool plain = !intAttr(node, "is_causal", 0) && floatAttr(node, "softcap", 0.0) == 0.0 && node.getNumResults() == 1 &&
               c.operand(node, 4).is(Val::Kind::Absent) && c.operand(node, 5).is(Val::Kind::Absent);
  bool fits = llvm::all_of(llvm::ArrayRef<const Val *>{&q, &k, &v},
                           [](const Val *x) { return x->is(Val::Kind::Float) && x->rank() == 4; }) &&
              q.shape[0] == k.shape[0] && k.shape == v.shape && q.shape[1] == k.shape[1] && q.shape[3] == k.shape[3];
  if (!plain || !fits)
    return c.set(node, 0, c.defer(node, "expected Q, K, V [B, h, S, D] without causal mask, softcap or past"));
  if (mask.is(Val::Kind::Index) && !isFloat(mask.elem) && mask.elem != Elem::Bool)
    return c.set(node, 0, c.defer(node, "expected a boolean mask, true for kept keys"));
  float scale = float(floatAttr(node, "scale", 1.0 / std::sqrt(double(q.shape[3]))));
  c.set(node, 0, attend(c, node, q, k, v, scale, mask));
}

// Part `i` of three of x [B, S, 3·h·D], as [B, h, S, D].
static Val headsOf(Converter &c, onnx::NodeOp node, Value x, int64_t i, int64_t heads) {
  auto shape = cast<RankedTensorType>(x.getType()).getShape();
  int64_t width = shape[2] / 3;
  Value part = nn::SliceOp::create(c.builder, c.loc(node), x, 2, i * width, (i + 1) * width);
  return c.transposed(*c.reshaped(c.floating(part), {shape[0], shape[1], heads, width / heads}), {0, 2, 1, 3});
}

// ONNX Runtime's fused attention: one product for Q, K and V, mask [B, S] of 0 and 1.
static void convertFusedAttention(Converter &c, onnx::NodeOp node) {
  const Val &x = c.operand(node, 0), &weight = c.operand(node, 1), &bias = c.operand(node, 2);
  int64_t heads = intAttr(node, "num_heads", 0);
  bool plain = !intAttr(node, "unidirectional", 0) && node.getNumResults() == 1 && !node.getSettings().get("qkv_hidden_sizes");
  for (unsigned i = 4; i < node.getInputs().size(); ++i)
    plain &= c.operand(node, i).is(Val::Kind::Absent);
  bool fits = x.is(Val::Kind::Float) && x.rank() == 3 && c.isParameter(weight, 2) && c.isParameter(bias, 1) &&
              weight.shape[0] == x.shape[2] && weight.shape[1] == bias.shape[0] && heads > 0 &&
              heads <= weight.shape[1] && weight.shape[1] % (3 * heads) == 0;
  if (!plain || !fits)
    return c.set(node, 0, c.deferFor(node, x, "expected an input [B, S, H], weights [H, 3·N], a bias and num_heads, "
                                              "without causal mask, past or attention bias"));
  Val mask = c.operand(node, 3);
  if (mask.is(Val::Kind::Index) && mask.rank() == 2)
    mask = *c.reshaped(mask, {mask.shape[0], 1, 1, mask.shape[1]});
  auto projected = addBias(c, node, product(c, node, x, weight), bias);
  if (!projected)
    return c.set(node, 0, c.defer(node, "expected the product of a linear layer and its bias"));
  Value qkv = c.materialize(*projected);
  Val q = headsOf(c, node, qkv, 0, heads), k = headsOf(c, node, qkv, 1, heads), v = headsOf(c, node, qkv, 2, heads);
  float scale = float(floatAttr(node, "scale", 0.0));
  Val out = attend(c, node, q, k, v, scale == 0 ? float(1.0 / std::sqrt(double(q.shape[3]))) : scale, mask);
  if (out.is(Val::Kind::Float))
    out = *c.reshaped(c.transposed(out, {0, 2, 1, 3}), {x.shape[0], x.shape[1], weight.shape[1] / 3});
  c.set(node, 0, std::move(out));
}

void conversion::addAttentionNodes(Handlers &handlers) {
  handlers.nodes["Softmax"] = convertSoftmax;
  handlers.nodes["Attention"] = convertAttention;
  handlers.nodes["com.microsoft::Attention"] = convertFusedAttention;
  handlers.recognizers["Add"].push_back(recognizeAddedMask);
  handlers.recognizers["Where"].push_back(recognizeNanGuard);
  handlers.recognizers["Where"].push_back(recognizeReplacedScores);
}

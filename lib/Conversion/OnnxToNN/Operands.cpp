// What holds for every node before any is converted: it has the operands that its operator requires (H15, H17),
// at least one result, and attributes of the right types. What converts or matches a node relies on it.
#include "Converter.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

unsigned conversion::requiredOperands(llvm::StringRef op, int64_t version) {
  static const llvm::StringMap<unsigned> counts = {
      {"Abs", 1}, {"Cast", 1}, {"Ceil", 1}, {"Clip", 1}, {"Concat", 1}, {"ConstantOfShape", 1}, {"Dropout", 1},
      {"Erf", 1}, {"Flatten", 1}, {"Floor", 1}, {"Gelu", 1}, {"Identity", 1}, {"IsNaN", 1}, {"LogSoftmax", 1},
      {"Max", 1}, {"Min", 1}, {"Neg", 1}, {"Not", 1}, {"Reciprocal", 1}, {"ReduceMean", 1}, {"ReduceProd", 1},
      {"ReduceSum", 1}, {"Relu", 1}, {"Reshape", 1}, {"Shape", 1}, {"Sigmoid", 1}, {"Size", 1}, {"Slice", 1}, {"Softmax", 1},
      {"Split", 1}, {"SplitToSequence", 1}, {"Sqrt", 1}, {"Squeeze", 1}, {"Sum", 1}, {"Tanh", 1}, {"Transpose", 1},
      {"Unsqueeze", 1},
      {"Add", 2}, {"And", 2}, {"CastLike", 2}, {"CumSum", 2}, {"Div", 2}, {"Equal", 2}, {"Expand", 2}, {"Gather", 2},
      {"GatherElements", 2}, {"GatherND", 2}, {"Gemm", 2}, {"Greater", 2}, {"GreaterOrEqual", 2},
      {"LayerNormalization", 2}, {"Less", 2}, {"LessOrEqual", 2}, {"MatMul", 2}, {"Mod", 2}, {"Mul", 2},
      {"NegativeLogLikelihoodLoss", 2}, {"Or", 2}, {"Pow", 2}, {"SequenceAt", 2}, {"SoftmaxCrossEntropyLoss", 2},
      {"Sub", 2}, {"Tile", 2}, {"Xor", 2},
      {"Attention", 3}, {"Range", 3}, {"Where", 3},
      {"com.microsoft::FastGelu", 1}, {"com.microsoft::Gelu", 1},
      {"com.microsoft::BiasGelu", 2}, {"com.microsoft::DropoutGrad", 2}, {"com.microsoft::FastGeluGrad", 2},
      {"com.microsoft::FusedGemm", 2}, {"com.microsoft::FusedMatMul", 2}, {"com.microsoft::GeluGrad", 2},
      {"com.microsoft::BiasFastGeluGrad_dX", 3}, {"com.microsoft::BiasGeluGrad_dX", 3},
      {"com.microsoft::BroadcastGradientArgs", 2}, {"com.microsoft::ConcatTraining", 1}, {"com.microsoft::YieldOp", 1},
      {"com.microsoft::InPlaceAccumulatorV2", 2}, {"com.microsoft::ReduceSumTraining", 2},
      {"com.microsoft::SoftmaxCrossEntropyLossInternal", 2}, {"com.microsoft::SoftmaxGrad", 2},
      {"com.microsoft::SoftmaxGrad_13", 2}, {"com.microsoft::TanhGrad", 2},
      {"com.microsoft::ReluGrad", 2},
      {"com.microsoft::Attention", 3}, {"com.microsoft::GatherGrad", 3}, {"com.microsoft::SkipLayerNormalization", 3},
      {"com.microsoft::SoftmaxCrossEntropyLossGrad", 3}, {"com.microsoft::SoftmaxCrossEntropyLossInternalGrad", 3},
      {"com.microsoft::LayerNormalizationGrad", 5}, {"com.microsoft::EmbedLayerNormalization", 1}, {"com.microsoft::SliceGrad", 4}};
  // What was an attribute once is an operand since.
  if ((op == "Reshape" && version >= 5) || (op == "Unsqueeze" && version >= 13))
    return 2;
  if (op == "Slice" && version >= 10)
    return 3;
  return counts.lookup(op);
}

/// Whether an attribute that the conversion reads has its type; true for all others.
static bool hasType(llvm::StringRef name, Attribute value) {
  static constexpr llvm::StringLiteral kInts[] = {
      "allowzero", "axis", "batch_dims", "end", "ignore_index", "is_causal", "keepdims", "noop_with_empty_axes",
      "num_heads", "qk_matmul_output_mode", "start", "stash_type", "to", "transA", "transB", "transBatchA",
      "transBatchB", "unidirectional", "value_int"};
  static constexpr llvm::StringLiteral kLists[] = {"axes", "ends", "full_shape_outputs", "non_differentiable_outputs", "perm", "shape", "split", "starts", "value_ints"};
  static constexpr llvm::StringLiteral kFloats[] = {"alpha", "beta", "epsilon", "ratio", "scale", "softcap", "value_float"};
  static constexpr llvm::StringLiteral kTexts[] = {"activation", "approximate", "operator", "reduction"};
  if (llvm::is_contained(kInts, name))
    return isa<IntegerAttr>(value);
  if (llvm::is_contained(kLists, name))
    return isa<DenseI64ArrayAttr>(value);
  if (llvm::is_contained(kFloats, name))
    return isa<FloatAttr>(value);
  if (llvm::is_contained(kTexts, name))
    return isa<StringAttr>(value);
  return name != "value" || isa<ElementsAttr>(value);
}

/// Whether an attribute is one that some operator above defines, read here or not (decision 19).
static bool isKnownAttribute(llvm::StringRef name) {
  static constexpr llvm::StringLiteral kNames[] = {
      "allowzero", "axis", "axes", "batch_dims", "end", "ends", "ignore_index", "is_causal", "keepdims", "num_heads",
      "noop_with_empty_axes", "qk_matmul_output_mode", "start", "starts", "stash_type", "to", "transA", "transB",
      "transBatchA", "transBatchB", "unidirectional", "perm", "shape", "split", "alpha", "beta", "epsilon", "ratio",
      "scale", "softcap", "activation", "approximate", "reduction", "value", "seed", "exclusive", "reverse", "saturate",
      "round_mode", "num_outputs", "fmod", "output_type", "q_num_heads", "kv_num_heads", "softmax_precision",
      "mask_filter_value", "do_rotary", "rotary_embedding_dim", "past_present_share_buffer", "qkv_hidden_sizes",
      "mask_index_type", "activation_alpha", "activation_beta", "activation_gamma", "is_test", "broadcast",
      "full_shape_outputs", "non_differentiable_outputs", "operator", "overload_name", "consumed_inputs", "detect_negative", "detect_positive", "min", "max", "keep_dims"};
  return llvm::is_contained(kNames, name);
}

std::string conversion::printable(llvm::StringRef text) {
  static constexpr llvm::StringLiteral kHidden[] = {"\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa", "\xe2\x80\xab",
                                                    "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6",
                                                    "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9"};
  std::string out;
  llvm::raw_string_ostream os(out);
  while (!text.empty()) {
    uint8_t byte = text[0];
    size_t length = byte < 0x20 || byte == 0x7f ? 1 : 0;
    if (byte == 0xc2 && text.size() > 1 && uint8_t(text[1]) < 0xa0) // C1
      length = 2;
    for (llvm::StringRef sequence : kHidden)
      if (text.starts_with(sequence))
        length = sequence.size();
    for (char hidden : text.take_front(length))
      os << "\\" << llvm::hexdigit(uint8_t(hidden) >> 4) << llvm::hexdigit(hidden & 15);
    if (length == 0)
      os << text[0];
    text = text.drop_front(std::max<size_t>(length, 1));
  }
  return out;
}

// H25, H44: work is bounded by what folding makes and reads, not by time.
bool Converter::withinBudget(onnx::NodeOp node) {
  constexpr int64_t kReadsPerElement = 16;
  int64_t read = 0;
  llvm::SmallPtrSet<const void *, 8> known; // an index map or constant that is passed on is none that was made
  for (Value input : node.getInputs()) {
    const Val &val = get(input);
    known.insert(val.tensor.get());
    known.insert(val.index.get());
    read += (val.tensor ? val.tensor->size() : 0) + (val.index ? int64_t(val.index->size()) : 0);
  }
  folded += read / kReadsPerElement;
  for (Value output : node.getOutputs()) {
    const Val &val = get(output);
    folded += val.tensor && known.insert(val.tensor.get()).second ? val.tensor->size() : 0;
    folded += val.index && known.insert(val.index.get()).second ? int64_t(val.index->size()) : 0;
  }
  if (folded <= options.maxFolded)
    return true;
  errors.push_back("node '" + node.getName().str() + "' (" + node.getOpType().str() + "): expected at most " +
                   std::to_string(options.maxFolded) + " folded elements in all; raise --limit folded=N, or bind smaller sizes");
  return false;
}

// H20: a gradient buffer is written once and read by nothing else.
void Converter::checkAliasing() {
  llvm::DenseSet<Value> accumulated;
  graph.walk([&](onnx::NodeOp node) {
    if (opOf(node) != "com.microsoft::InPlaceAccumulatorV2")
      return;
    Value buffer = node.getInputs()[0];
    auto input = buffer.getDefiningOp<onnx::InputOp>();
    std::string what = "accumulator '" + node.getName().str() + "'";
    if (!input || !input.getName().ends_with(kBufferSuffix))
      errors.push_back(what + ": expected its buffer to be a graph input named <parameter>" + kBufferSuffix.str());
    else if (!buffer.hasOneUse())
      errors.push_back(what + ": expected its buffer '" + input.getName().str() + "' to be used by nothing else");
    else if (!accumulated.insert(node.getInputs()[1]).second)
      errors.push_back(what + ": expected each gradient to be accumulated once");
  });
}

void Converter::checkOperands(onnx::NodeOp node) {
  auto fail = [&](const llvm::Twine &why) {
    Val val = defer(node, why);
    required.insert(val.findings.begin(), val.findings.end());
  };
  std::string op = opOf(node);
  unsigned count = requiredOperands(op, node.getVersion()), present = 0;
  while (present < node.getInputs().size() && !node.getInputs()[present].getDefiningOp<onnx::AbsentOp>())
    ++present;
  if (present < count)
    fail("expected at least " + llvm::Twine(count) + " operands, but got " + llvm::Twine(present));
  if (node.getNumResults() == 0)
    fail("expected at least one result, but got none");
  for (NamedAttribute entry : node.getSettings()) {
    if (count > 0 && !isKnownAttribute(entry.getName()))
      notes.push_back("node '" + (node.getName().empty() ? outputName(node) : node.getName().str()) + "' (" +
                      node.getOpType().str() + "): unknown attribute '" + entry.getName().str() + "' is ignored");
    if (!hasType(entry.getName(), entry.getValue()))
      fail("attribute '" + entry.getName().getValue() + "' has not the type that the operator defines");
  }
}

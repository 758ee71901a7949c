// Bytes as a recipe for a graph that parses: operators, operands and attributes drawn from
// small sets, so that most runs reach shape inference, folding and recognition.
#include "FuzzInput.h"
#include "GraphBuilder.h"
#include "intq/Conversion/OnnxToNN.h"
#include "llvm/ADT/StringSet.h"
#include <limits>

using ::onnx::AttributeProto;
using ::onnx::TensorProto;

namespace {
/// Draws from the input; zeros once it is used up.
class Draw {
public:
  Draw(const uint8_t *data, size_t size) : data(data), end(data + size) {}
  bool empty() const { return data == end; }
  unsigned below(unsigned count) { return empty() ? 0 : *data++ % count; }
  template <class T, size_t N> const T &oneOf(const T (&values)[N]) { return values[below(N)]; }

private:
  const uint8_t *data, *end;
};
} // namespace

static const char *const kOps[] = {
    "Add", "And", "Cast", "CastLike", "Clip", "Concat", "Constant", "ConstantOfShape", "Div", "Dropout", "Equal", "Erf",
    "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Gelu", "Gemm", "Greater", "GreaterOrEqual", "Identity",
    "IsNaN", "LayerNormalization", "Less", "LogSoftmax", "MatMul", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Pow",
    "Range", "Reciprocal", "ReduceMean", "ReduceProd", "ReduceSum", "Reshape", "SequenceAt", "Shape", "Size", "Slice",
    "Softmax", "SoftmaxCrossEntropyLoss", "Split", "SplitToSequence", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Tile",
    "Transpose", "Unsqueeze", "Where", "Attention", "SkipLayerNormalization", "EmbedLayerNormalization", "BiasGelu",
    "FastGelu", "FusedMatMul", "LayerNormalizationGrad", "GeluGrad", "SoftmaxGrad_13", "TanhGrad", "GatherGrad",
    "SoftmaxCrossEntropyLossGrad", "InPlaceAccumulatorV2", "DropoutGrad", "SliceGrad", "NegativeLogLikelihoodLoss",
    "CumSum", "Xor", "Trilu", "ArgMax", "Sigmoid", "Relu", "YieldOp", "ATen", "BiasGeluGrad_dX", "BiasFastGeluGrad_dX",
    "BroadcastGradientArgs", "ConcatTraining", "ReluGrad", "FusedGemm", "Gradient", "Adam"};
static const char *const kAttributes[] = {
    "axis", "axes", "perm", "to", "keepdims", "transA", "transB", "alpha", "beta", "epsilon", "value", "value_ints",
    "value_int", "value_float", "start", "end", "starts", "ends", "split", "allowzero", "batch_dims", "ignore_index",
    "reduction", "approximate", "num_heads", "ratio", "scale", "noop_with_empty_axes", "is_causal", "shape",
    "num_outputs", "steps", "unidirectional", "stash_type", "operator", "full_shape_outputs", "non_differentiable_outputs",
    "activation", "y", "xs", "zs"};
static const int64_t kNumbers[] = {0, 1, -1, 2, 3, 4, 6, 7, 8, 9, 11, 24, -2, -3, 5, 16, -100, 64, 1 << 12, 1 << 30,
                                   std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(),
                                   std::numeric_limits<int32_t>::max(), int64_t(1) << 32};
static const float kFloats[] = {0, 1, -1, 0.5f, 1e-5f, 1.41421356f, 2, std::numeric_limits<float>::infinity(),
                                std::numeric_limits<float>::quiet_NaN(), -3.4028235e38f, 0.044715f, 1e30f};
static const char *const kTexts[] = {"mean", "sum", "none", "tanh", "", "embedding", "embedding_backward", "Tanh", "v1", "v2", "v9"};

// Most often the domain in which operator `op` of the list exists.
static const char *domainOf(Draw &draw, const char *op) {
  static const llvm::StringSet<> kMicrosoft = {
      "Attention", "SkipLayerNormalization", "EmbedLayerNormalization", "BiasGelu", "FastGelu", "FusedMatMul", "FusedGemm",
      "YieldOp", "BroadcastGradientArgs", "ConcatTraining", "InPlaceAccumulatorV2"};
  llvm::StringRef name = op;
  if (draw.below(8) == 7)
    return "";
  if (name == "ATen")
    return "org.pytorch.aten";
  if (name == "Gradient" || name == "Adam")
    return "ai.onnx.preview.training";
  return kMicrosoft.contains(name) || name.contains("Grad") ? "com.microsoft" : "";
}

static void drawTensor(Draw &draw, TensorProto &tensor) {
  static const int64_t kDims[] = {1, 2, 3, 4, 0, 6, 8};
  int64_t count = 1;
  for (unsigned rank = draw.below(4); rank > 0; --rank) {
    tensor.add_dims(draw.oneOf(kDims));
    count *= tensor.dims(tensor.dims_size() - 1);
  }
  static const int kTypes[] = {TensorProto::FLOAT, TensorProto::INT64, TensorProto::INT32, TensorProto::BOOL,
                               TensorProto::DOUBLE};
  tensor.set_data_type(draw.oneOf(kTypes));
  for (int64_t i = 0; i < count; ++i)
    switch (tensor.data_type()) {
    case TensorProto::FLOAT: tensor.add_float_data(draw.oneOf(kFloats)); break;
    case TensorProto::DOUBLE: tensor.add_double_data(draw.oneOf(kFloats)); break;
    case TensorProto::INT64: tensor.add_int64_data(draw.oneOf(kNumbers)); break;
    case TensorProto::INT32: tensor.add_int32_data(static_cast<int32_t>(draw.oneOf(kNumbers))); break;
    default: tensor.add_int32_data(draw.below(2)); break;
    }
}

static void drawAttribute(Draw &draw, AttributeProto &attribute) {
  attribute.set_name(draw.oneOf(kAttributes));
  switch (draw.below(6)) {
  case 0:
    attribute.set_type(AttributeProto::INT);
    return attribute.set_i(draw.oneOf(kNumbers));
  case 1:
    attribute.set_type(AttributeProto::FLOAT);
    return attribute.set_f(draw.oneOf(kFloats));
  case 2:
    attribute.set_type(AttributeProto::INTS);
    for (unsigned i = draw.below(5); i > 0; --i)
      attribute.add_ints(draw.oneOf(kNumbers));
    return;
  case 3:
    attribute.set_type(AttributeProto::STRING);
    return attribute.set_s(draw.oneOf(kTexts));
  case 4:
    attribute.set_type(AttributeProto::STRINGS);
    for (unsigned i = draw.below(3); i > 0; --i)
      attribute.add_strings(draw.oneOf(kTexts));
    return;
  default:
    attribute.set_type(AttributeProto::TENSOR);
    return drawTensor(draw, *attribute.mutable_t());
  }
}

static void drawInput(Draw &draw, ::onnx::ValueInfoProto &input) {
  static const int kTypes[] = {TensorProto::INT64, TensorProto::FLOAT, TensorProto::BOOL, TensorProto::INT32};
  auto *type = input.mutable_type()->mutable_tensor_type();
  type->set_elem_type(draw.oneOf(kTypes));
  for (unsigned rank = draw.below(4); rank > 0; --rank)
    type->mutable_shape()->add_dim()->set_dim_value(1 + draw.below(4));
}

static std::shared_ptr<::onnx::ModelProto> drawModel(Draw &draw) {
  auto model = std::make_shared<::onnx::ModelProto>();
  static const int kOpsets[] = {17, 13, 11, 20, 9, 23};
  auto *opset = model->add_opset_import();
  opset->set_version(draw.oneOf(kOpsets));
  auto *training = model->add_opset_import();
  training->set_domain("ai.onnx.preview.training");
  training->set_version(1);
  auto &graph = *model->mutable_graph();
  std::vector<std::string> names = {""};
  auto fresh = [&] { return names.emplace_back("v" + std::to_string(names.size())); };
  for (unsigned i = 1 + draw.below(3); i > 0; --i) {
    auto *input = graph.add_input();
    drawInput(draw, *input);
    input->set_name(fresh());
  }
  for (unsigned i = draw.below(6); i > 0; --i) {
    auto *initializer = graph.add_initializer();
    drawTensor(draw, *initializer);
    initializer->set_name(fresh());
  }
  constexpr unsigned kMaxNodes = 40;
  for (unsigned n = 0; !draw.empty() && n < kMaxNodes; ++n) {
    auto *node = graph.add_node();
    unsigned op = draw.below(std::size(kOps));
    node->set_op_type(kOps[op]);
    node->set_domain(domainOf(draw, kOps[op]));
    for (unsigned i = draw.below(5); i > 0; --i) // most often what was just made
      node->add_input(names[names.size() - 1 - draw.below(std::min<unsigned>(names.size(), 12))]);
    for (unsigned i = draw.below(3); i > 0; --i)
      drawAttribute(draw, *node->add_attribute());
    for (unsigned i = 1 + (draw.below(6) == 0); i > 0; --i)
      node->add_output(fresh());
  }
  for (unsigned i = 1 + draw.below(3); i > 0 && i < names.size(); --i)
    graph.add_output()->set_name(names[names.size() - i]);
  for (unsigned i = draw.below(3); i > 0 && i < names.size(); --i) { // gradients of what comes first
    auto *node = graph.add_node();
    node->set_op_type("Identity");
    node->add_input(names[names.size() - i]);
    node->add_output(names[i] + "_grad");
    graph.add_output()->set_name(node->output(0));
  }
  return model;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Draw draw(data, size);
  mlir::MLIRContext &context = intq::fuzz::context();
  auto loc = mlir::UnknownLoc::get(&context);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(loc);
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(module->getBody());
  intq::ParameterStore store;
  intq::Findings findings(loc);
  std::vector<std::string> notes;
  intq::FileOptions file;
  intq::GraphBuilder graph(builder, drawModel(draw), "/nonexistent", file, store, findings, notes);
  if (failed(graph.build()))
    return 0;
  static const char *const kLosses[] = {"", "cross-entropy", "mse", "span"};
  intq::OnnxToNNOptions options;
  options.loss = kLosses[size % 4];
  if (succeeded(intq::convertOnnxToNN(*module, options, &store, notes)) && failed(module->verify()))
    abort(); // what was accepted is valid
  return 0;
}

// From the messages of a model to the onnx dialect: inputs, initializers, nodes in
// topological order, outputs.
#include "GraphBuilder.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/ConvertUTF.h"
#include <queue>

using namespace mlir;
using namespace intq;
using ::onnx::TensorProto;

static constexpr size_t kMaxName = 64 << 10;     // H7
static constexpr size_t kMaxMetadata = 16 << 20; // H7
static constexpr int kMaxPerNode = 65536;        // H8
static constexpr int64_t kEmbeddedFloats = 64;   // floats up to here are also readable in the IR

// Domains whose operators exist in one version; files forget to import them (decision 6).
static int64_t implicitVersion(llvm::StringRef domain) {
  return domain == "com.microsoft" || domain == "org.pytorch.aten" ? 1 : 0;
}

bool GraphBuilder::isName(llvm::StringRef name, llvm::StringRef what) {
  const auto *bytes = reinterpret_cast<const llvm::UTF8 *>(name.begin());
  if (name.size() <= kMaxName && !name.contains('\0') &&
      llvm::isLegalUTF8String(&bytes, reinterpret_cast<const llvm::UTF8 *>(name.end())))
    return true;
  (void)findings.add(what + ": expected a name in UTF-8 of at most 64 KiB, but got " + quoted(name));
  return false;
}

void GraphBuilder::define(llvm::StringRef name, Value value) {
  if (isName(name, "value") && !values.try_emplace(name, value).second) // H15
    (void)findings.add("expected each value to be defined once, but got " + quoted(name) + " again");
}

// What the dialect cannot hold, or no form that trains.
void GraphBuilder::checkModel() {
  if (graph.node_size() > options.maxNodes || graph.initializer_size() > options.maxNodes)
    (void)findings.add("expected at most " + llvm::Twine(options.maxNodes) + " nodes, and as many initializers, but got " +
                       llvm::Twine(graph.node_size()) + " and " + llvm::Twine(graph.initializer_size()) +
                       "; raise --limit nodes=N");
  size_t metadata = 0;
  for (const auto *props : {&model->metadata_props(), &graph.metadata_props()})
    for (const auto &entry : *props)
      metadata += entry.key().size() + entry.value().size();
  if (metadata > kMaxMetadata)
    (void)findings.add("expected at most 16 MiB of metadata, but got " + llvm::Twine(metadata) + " bytes");
  if (graph.sparse_initializer_size() > 0)
    (void)findings.add("sparse initializers are not supported");
  llvm::StringSet<> functions;
  for (const auto &function : model->functions())
    functions.insert(function.domain() + "::" + function.name());
  for (const auto &node : graph.node())
    if (functions.contains(node.domain() + "::" + node.op_type()))
      (void)findings.add("node " + quoted(node.name()) + ": the model-local function " +
                         quoted(node.op_type()) + " is not supported; inline it with onnx.inliner");
}

void GraphBuilder::readOpsets() { // H5, decision 6: the highest of duplicates
  for (const auto &import : model->opset_import()) {
    std::string domain = import.domain() == "ai.onnx" ? "" : import.domain();
    int64_t &version = opsets[domain];
    version = std::max<int64_t>(version, import.version());
  }
}

DictionaryAttr GraphBuilder::opsetAttr() {
  NamedAttrList list;
  for (auto &entry : opsets)
    list.set(entry.getKey().empty() ? "ai.onnx" : entry.getKey(),
             builder.getI64IntegerAttr(entry.getValue()));
  return list.getDictionary(builder.getContext());
}

StringAttr GraphBuilder::producerAttr() {
  std::string text = model->producer_name();
  if (!model->producer_version().empty())
    text += " " + model->producer_version();
  return text.empty() || !isName(text, "producer") ? StringAttr() : builder.getStringAttr(text);
}

int64_t GraphBuilder::versionOf(const ::onnx::NodeProto &node) {
  std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
  auto it = opsets.find(domain);
  if (it != opsets.end())
    return it->getValue();
  int64_t version = implicitVersion(domain);
  if (version == 0)
    (void)findings.add("node " + quoted(node.name()) + " (" + quoted(node.op_type()) +
                       "): expected opset_import to name its domain " + quoted(domain));
  return version;
}

void GraphBuilder::collectTypes() {
  for (const auto *list : {&graph.value_info(), &graph.output()})
    for (const auto &info : *list)
      declared[info.name()] = &info;
}

Type GraphBuilder::typeOf(const ::onnx::TypeProto *type, llvm::StringRef name) {
  if (!type || !type->has_tensor_type())
    return onnx::UndeclaredType::get(builder.getContext());
  Type element = elementType(builder, type->tensor_type().elem_type());
  if (!element)
    return onnx::UndeclaredType::get(builder.getContext());
  if (!type->tensor_type().has_shape())
    return UnrankedTensorType::get(element);
  llvm::SmallVector<int64_t> shape;
  for (const auto &dim : type->tensor_type().shape().dim()) {
    bool known = dim.value_case() == ::onnx::TensorShapeProto_Dimension::kDimValue;
    if (known && dim.dim_value() < 0)
      (void)findings.add("value " + quoted(name) + ": expected dimensions of at least 0, but got " +
                         llvm::Twine(int64_t(dim.dim_value())));
    shape.push_back(known && dim.dim_value() >= 0 ? dim.dim_value() : ShapedType::kDynamic);
  }
  return RankedTensorType::get(shape, element);
}

// Sizes or symbols; a dimension without either gets a name that --bind can say, as in ONNX Runtime.
ArrayAttr GraphBuilder::dimsOf(const ::onnx::ValueInfoProto &input) {
  llvm::SmallVector<Attribute> dims;
  for (const auto &dim : input.type().tensor_type().shape().dim()) {
    if (dim.value_case() == ::onnx::TensorShapeProto_Dimension::kDimValue)
      dims.push_back(builder.getI64IntegerAttr(dim.dim_value()));
    else if (!dim.dim_param().empty())
      dims.push_back(builder.getStringAttr(dim.dim_param()));
    else
      dims.push_back(builder.getStringAttr(input.name() + "_dim" + llvm::Twine(dims.size())));
  }
  return builder.getArrayAttr(dims);
}

void GraphBuilder::buildInitializers() {
  for (const TensorProto &tensor : graph.initializer()) {
    std::string what = "initializer " + quoted(tensor.name());
    auto stored = readTensor(tensor, what, model, options.maxElements, external, findings, notes);
    if (!stored) {
      define(tensor.name(), Value()); // no finding more for what reads it
      continue;
    }
    bool isWeight = stored->dtype == TensorProto::FLOAT && !stored->shape.empty();
    int64_t count = int64_t(stored->bytes / elementBytes(stored->dtype));
    ElementsAttr value;
    if (!isWeight || options.embed || count <= kEmbeddedFloats)
      value = toAttribute(builder, *stored);
    auto type = RankedTensorType::get(stored->shape, elementType(builder, stored->dtype));
    DictionaryAttr metadata;
    if (auto it = declared.find(tensor.name()); it != declared.end())
      metadata = knownMetadata(builder, it->getValue()->metadata_props());
    define(tensor.name(), onnx::InitializerOp::create(builder, builder.getUnknownLoc(), type,
                                                      builder.getStringAttr(tensor.name()), value, metadata));
    if (isWeight)
      store.add(tensor.name(), std::move(*stored));
  }
}

void GraphBuilder::buildInputs() {
  for (const auto &input : graph.input()) {
    if (values.contains(input.name()))
      continue; // the default value of an initializer
    if (!input.type().has_tensor_type() || !input.type().tensor_type().has_shape()) {
      (void)findings.add("input " + quoted(input.name()) +
                         ": expected a tensor with a shape");
      define(input.name(), Value());
      continue;
    }
    if (!elementType(builder, input.type().tensor_type().elem_type())) {
      (void)findings.add("input " + quoted(input.name()) + ": element type " +
                         llvm::Twine(input.type().tensor_type().elem_type()) + " is not supported");
      continue;
    }
    define(input.name(),
           onnx::InputOp::create(builder, builder.getUnknownLoc(), typeOf(&input.type(), input.name()),
                                 builder.getStringAttr(input.name()), dimsOf(input)));
  }
}

// Decision 5: the order of the file is not trusted. Stable: the first ready node in file order.
std::vector<int> GraphBuilder::sortNodes() {
  llvm::StringMap<int> producer;
  for (int i = 0; i < graph.node_size(); ++i)
    for (const std::string &name : graph.node(i).output())
      if (!name.empty())
        producer.try_emplace(name, i);
  std::vector<int> missing(graph.node_size(), 0), order;
  std::vector<std::vector<int>> users(graph.node_size());
  for (int i = 0; i < graph.node_size(); ++i)
    for (const std::string &name : graph.node(i).input())
      if (auto it = producer.find(name); it != producer.end()) {
        users[it->second].push_back(i);
        ++missing[i];
      }
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int i = 0; i < graph.node_size(); ++i)
    if (missing[i] == 0)
      ready.push(i);
  while (!ready.empty()) {
    int node = ready.top();
    ready.pop();
    order.push_back(node);
    for (int user : users[node])
      if (--missing[user] == 0)
        ready.push(user);
  }
  for (int i = 0; i < graph.node_size(); ++i) // H16
    if (missing[i] > 0) {
      (void)findings.add("node " + quoted(graph.node(i).name()) + " (" + quoted(graph.node(i).op_type()) +
                         ") is part of a cycle or needs one");
      break;
    }
  return order;
}

Value GraphBuilder::operand(const std::string &name, llvm::StringRef user) {
  if (name.empty()) {
    if (!absent) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(builder.getInsertionBlock());
      absent = onnx::AbsentOp::create(builder, builder.getUnknownLoc());
    }
    return absent;
  }
  if (auto it = values.find(name); it != values.end())
    return it->getValue();
  (void)findings.add(user + ": expected its operand " + quoted(name) +
                     " to be an input, an initializer or the result of a node");
  return {};
}

void GraphBuilder::buildNode(int index) {
  const ::onnx::NodeProto &node = graph.node(index);
  std::string what = "node " + quoted(node.name()) + " (" + quoted(node.op_type()) + ")";
  if (node.input_size() > kMaxPerNode || node.output_size() > kMaxPerNode ||
      node.attribute_size() > kMaxPerNode)
    return (void)findings.add(what + ": expected at most 65536 operands, results and attributes");
  if (!isName(node.name(), "node") || !isName(node.op_type(), what) || !isName(node.domain(), what))
    return;
  llvm::SmallVector<Value> inputs;
  for (const std::string &name : node.input())
    inputs.push_back(operand(name, what));
  llvm::SmallVector<Type> types;
  llvm::SmallVector<Attribute> names;
  for (const std::string &name : node.output()) {
    auto it = declared.find(name);
    types.push_back(typeOf(it == declared.end() || name.empty() ? nullptr : &it->getValue()->type(), name));
    names.push_back(builder.getStringAttr(name));
  }
  auto attributes = attributesOf(node);
  int64_t version = versionOf(node);
  Operation *op = nullptr;
  if (llvm::all_of(inputs, [](Value v) { return bool(v); }))
    op = onnx::NodeOp::create(builder, builder.getUnknownLoc(), types, inputs,
                              builder.getStringAttr(node.op_type()),
                              builder.getStringAttr(node.domain() == "ai.onnx" ? "" : node.domain()),
                              builder.getI64IntegerAttr(version), builder.getStringAttr(node.name()),
                              builder.getArrayAttr(names), attributes,
                              knownMetadata(builder, node.metadata_props()));
  for (int i = 0; i < node.output_size(); ++i)
    if (!node.output(i).empty())
      define(node.output(i), op ? op->getResult(i) : Value());
}

void GraphBuilder::buildOutputs() {
  llvm::SmallVector<Value> outputs;
  llvm::SmallVector<Attribute> names;
  for (const auto &output : graph.output())
    if (Value value = operand(output.name(), "the graph's outputs")) {
      outputs.push_back(value);
      names.push_back(builder.getStringAttr(output.name()));
    }
  onnx::OutputOp::create(builder, builder.getUnknownLoc(), outputs, builder.getArrayAttr(names));
}

LogicalResult GraphBuilder::build() {
  if (failed(refuseOptimizer()))
    return failure();
  mergeTrainingInfo();
  checkModel();
  readOpsets();
  collectTypes();
  auto op = onnx::GraphOp::create(builder, findings.location(), builder.getStringAttr(graph.name()),
                                  builder.getI64IntegerAttr(model->ir_version()), opsetAttr(), producerAttr(),
                                  knownMetadata(builder, graph.metadata_props()));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&op.getBody().emplaceBlock());
  buildInitializers();
  buildInputs();
  for (int index : sortNodes())
    buildNode(index);
  if (findings.empty())
    buildOutputs();
  return success(findings.empty());
}

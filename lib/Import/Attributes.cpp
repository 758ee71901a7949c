// Attributes and metadata of nodes.
#include "GraphBuilder.h"

using namespace mlir;
using namespace intq;
using ::onnx::AttributeProto;

DictionaryAttr
intq::knownMetadata(Builder &builder,
                    const google::protobuf::RepeatedPtrField<::onnx::StringStringEntryProto> &props) {
  // What recovers the names of parameters that an exporter has merged or folded.
  static constexpr llvm::StringLiteral kKnown[] = {
      "pkg.torch.onnx.fx_node", "pkg.onnxscript.optimizer.folded_from",
      "pkg.torch.export.graph_signature.InputSpec.kind",
      "pkg.torch.export.ExportedProgram.graph_signature"};
  NamedAttrList list;
  for (const auto &entry : props)
    if (llvm::is_contained(kKnown, llvm::StringRef(entry.key())))
      list.set(entry.key(), builder.getStringAttr(entry.value()));
  return list.empty() ? DictionaryAttr() : list.getDictionary(builder.getContext());
}

// H10: whether no field but that of the declared type is populated.
static bool isConsistent(const AttributeProto &attribute) {
  using A = AttributeProto;
  const std::pair<int, bool> populated[] = {
      {A::FLOAT, attribute.has_f()},           {A::INT, attribute.has_i()},
      {A::STRING, attribute.has_s()},          {A::TENSOR, attribute.has_t()},
      {A::GRAPH, attribute.has_g()},           {A::SPARSE_TENSOR, attribute.has_sparse_tensor()},
      {A::TYPE_PROTO, attribute.has_tp()},     {A::FLOATS, attribute.floats_size() > 0},
      {A::INTS, attribute.ints_size() > 0},    {A::STRINGS, attribute.strings_size() > 0},
      {A::TENSORS, attribute.tensors_size() > 0}, {A::GRAPHS, attribute.graphs_size() > 0}};
  return llvm::none_of(populated, [&](auto entry) { return entry.second && entry.first != attribute.type(); });
}

Attribute GraphBuilder::attributeValue(const AttributeProto &attribute, const std::string &what) {
  switch (attribute.type()) {
  case AttributeProto::FLOAT:
    return builder.getF32FloatAttr(attribute.f());
  case AttributeProto::INT:
    return builder.getI64IntegerAttr(attribute.i());
  case AttributeProto::STRING:
    return builder.getStringAttr(attribute.s());
  case AttributeProto::INTS:
    return builder.getDenseI64ArrayAttr(
        llvm::ArrayRef<int64_t>(attribute.ints().data(), attribute.ints_size()));
  case AttributeProto::FLOATS:
    return builder.getDenseF32ArrayAttr(
        llvm::ArrayRef<float>(attribute.floats().data(), attribute.floats_size()));
  case AttributeProto::STRINGS: {
    llvm::SmallVector<Attribute> strings;
    for (const std::string &text : attribute.strings())
      strings.push_back(builder.getStringAttr(text));
    return builder.getArrayAttr(strings);
  }
  case AttributeProto::TENSOR:
    if (auto tensor = readTensor(attribute.t(), what, model, options.maxElements, external, findings, notes))
      return toAttribute(builder, *tensor);
    return {};
  case AttributeProto::GRAPH:
  case AttributeProto::GRAPHS:
    (void)findings.add(what + ": subgraphs (If, Loop, Scan) are not supported");
    return {};
  default:
    (void)findings.add(what + ": attributes of type " + llvm::Twine(int(attribute.type())) +
                       " are not supported");
    return {};
  }
}

DictionaryAttr GraphBuilder::attributesOf(const ::onnx::NodeProto &node) {
  NamedAttrList list;
  for (const AttributeProto &attribute : node.attribute()) {
    std::string what = "node " + quoted(node.name()) + " (" + quoted(node.op_type()) + "), attribute " +
                       quoted(attribute.name());
    if (attribute.name().empty() || !isName(attribute.name(), what))
      continue;
    if (list.get(attribute.name()) || !attribute.ref_attr_name().empty()) {
      (void)findings.add(what + ": expected each attribute once, with a value");
      continue;
    }
    if (!isConsistent(attribute)) {
      (void)findings.add(what + ": expected a value of its declared type only, but got one of another type");
      continue;
    }
    if (Attribute value = attributeValue(attribute, what))
      list.set(attribute.name(), value);
  }
  return list.getDictionary(builder.getContext());
}

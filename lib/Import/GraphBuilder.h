// Builds the onnx dialect from a parsed model.
#pragma once
#include "TensorData.h"
#include "intq/Dialect/Onnx/Onnx.h"
#include "intq/Import/ImportModel.h"
#include "llvm/ADT/StringMap.h"

namespace intq {

class GraphBuilder {
public:
  GraphBuilder(mlir::OpBuilder &builder, std::shared_ptr<::onnx::ModelProto> model, std::string folder,
               const FileOptions &options, ParameterStore &store, Findings &findings, std::vector<std::string> &notes)
      : builder(builder), model(std::move(model)), graph(this->model->graph()), options(options),
        external(std::move(folder), options.linkRoot, uint64_t(options.maxExternal)), store(store),
        findings(findings), notes(notes) {}
  /// Builds one `onnx.graph` at the builder's insertion point.
  mlir::LogicalResult build();

private:
  using Names = google::protobuf::RepeatedPtrField<std::string>;
  mlir::LogicalResult refuseOptimizer();
  void mergeTrainingInfo();
  void checkModel();
  void collectTypes();
  void readOpsets();
  void buildInitializers();
  void buildInputs();
  std::vector<int> sortNodes();
  void buildNode(int index);
  void buildOutputs();

  mlir::Value operand(const std::string &name, llvm::StringRef user);
  void define(llvm::StringRef name, mlir::Value value);
  mlir::Type typeOf(const ::onnx::TypeProto *type, llvm::StringRef name);
  mlir::ArrayAttr dimsOf(const ::onnx::ValueInfoProto &input);
  mlir::Attribute attributeValue(const ::onnx::AttributeProto &attribute, const std::string &what);
  mlir::DictionaryAttr attributesOf(const ::onnx::NodeProto &node);
  bool isName(llvm::StringRef name, llvm::StringRef what);
  int64_t versionOf(const ::onnx::NodeProto &node);
  mlir::DictionaryAttr opsetAttr();
  mlir::StringAttr producerAttr();

  mlir::OpBuilder &builder;
  std::shared_ptr<::onnx::ModelProto> model;
  const ::onnx::GraphProto &graph;
  const FileOptions &options;
  ExternalData external;
  ParameterStore &store;
  Findings &findings;
  std::vector<std::string> &notes;
  llvm::StringMap<mlir::Value> values;
  llvm::StringMap<const ::onnx::ValueInfoProto *> declared;
  llvm::StringMap<int64_t> opsets;
  mlir::Value absent;
};

/// The entries of `props` that the conversion reads, or null.
mlir::DictionaryAttr
knownMetadata(mlir::Builder &builder,
              const google::protobuf::RepeatedPtrField<::onnx::StringStringEntryProto> &props);

} // namespace intq

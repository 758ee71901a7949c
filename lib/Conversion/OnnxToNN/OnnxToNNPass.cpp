// onnx-to-nn: the pass, and the conversion as a function.
#include "Converter.h"

namespace intq {
#define GEN_PASS_DEF_ONNXTONNPASS
#include "intq/Conversion/Passes.h.inc"
} // namespace intq

using namespace mlir;
using namespace intq;

LogicalResult intq::parseBindings(llvm::ArrayRef<std::string> entries, llvm::StringMap<int64_t> &bind, int64_t least) {
  for (llvm::StringRef entry : entries) {
    auto [name, value] = entry.rsplit('=');
    int64_t size = 0;
    if (name.empty() || value.getAsInteger(10, size) || size < least)
      return failure();
    bind[name] = size;
  }
  return success();
}

LogicalResult intq::convertOnnxToNN(ModuleOp module, const OnnxToNNOptions &options, ParameterStore *store,
                                    std::vector<std::string> &notes) {
  auto graphs = llvm::to_vector(module.getOps<onnx::GraphOp>());
  if (graphs.size() != 1)
    return module.emitError() << "expected one onnx.graph, but got " << graphs.size();
  module.getContext()->loadDialect<nn::NNDialect, func::FuncDialect>();
  conversion::Converter converter(module, graphs.front(), options, store, notes);
  return converter.run();
}

namespace {
struct OnnxToNN : intq::impl::OnnxToNNPassBase<OnnxToNN> {
  using OnnxToNNPassBase::OnnxToNNPassBase;

  void runOnOperation() override {
    OnnxToNNOptions options;
    options.loss = loss;
    if (failed(parseBindings(std::vector<std::string>(bind.begin(), bind.end()), options.bind))) {
      getOperation().emitError() << "expected entries name=value with positive values in the option `bind`";
      return signalPassFailure();
    }
    getOperation().walk([&](onnx::NodeOp) { ++converted; });
    std::vector<std::string> notes;
    if (failed(convertOnnxToNN(getOperation(), options, nullptr, notes)))
      return signalPassFailure();
    for (const std::string &note : notes)
      getOperation().emitRemark() << note;
  }
};
} // namespace

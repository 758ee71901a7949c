// From an ONNX file to the onnx dialect.
#include "GraphBuilder.h"
#include "ModelFile.h"
#include "intq/Import/ImportModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace intq;

FailureOr<OwningOpRef<ModuleOp>> intq::importOnnx(MLIRContext &context, llvm::StringRef path,
                                                  const FileOptions &options, ParameterStore &store,
                                                  std::vector<std::string> &notes) {
  context.loadDialect<onnx::OnnxDialect>();
  Location loc = FileLineColLoc::get(&context, path, 0, 0);
  Findings findings(loc);
  auto model = readModelFile(path, options.maxBytes, findings);
  if (!model)
    return failure();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  GraphBuilder graph(builder, std::move(model), llvm::sys::path::parent_path(path).str(), options, store,
                     findings, notes);
  if (failed(graph.build()))
    return failure();
  return module;
}

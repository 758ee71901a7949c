// From an ONNX file to the onnx dialect.
#include "GraphBuilder.h"
#include "ModelFile.h"
#include "intq/Import/ImportModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace intq;

FailureOr<OwningOpRef<ModuleOp>> intq::importOnnx(MLIRContext &context, llvm::StringRef path,
                                                  ParameterStore &store, bool embed) {
  context.loadDialect<onnx::OnnxDialect>();
  Location loc = FileLineColLoc::get(&context, path, 0, 0);
  Findings findings(loc);
  auto model = readModelFile(path, findings);
  if (!model)
    return failure();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  GraphBuilder graph(builder, std::move(model), llvm::sys::path::parent_path(path).str(), store, embed,
                     findings);
  if (failed(graph.build()))
    return failure();
  return module;
}

// The entry point of the import: model and checkpoint to a program in nn.
#include "intq/Import/ImportModel.h"
#include "Checkpoint.h"
#include "Findings.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Dialect/Onnx/Onnx.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace intq;

// H14: a parameter that is not finite is reported with its first such element.
static void checkFinite(const ParameterStore &store, Findings &findings) {
  for (const std::string &name : store.names()) {
    const StoredTensor *tensor = store.lookup(name);
    if (tensor->dtype != 1)
      continue;
    const char *bytes = static_cast<const char *>(tensor->data);
    for (uint64_t i = 0; i < tensor->bytes / sizeof(float); ++i) {
      float value;
      std::memcpy(&value, bytes + i * sizeof(float), sizeof(float));
      if (!std::isfinite(value)) {
        (void)findings.add("parameter " + quoted(name) + ": expected finite values, but got " +
                           llvm::Twine(std::to_string(value)) + " at element " + llvm::Twine(i));
        break;
      }
    }
  }
}

// H40: a checkpoint has every parameter, of the shape that the graph wants.
static void checkParameters(ModuleOp module, const ParameterStore &store, Findings &findings) {
  for (auto func : module.getOps<func::FuncOp>())
    for (unsigned i = 0; i < func.getNumArguments(); ++i) {
      llvm::StringRef file = program::argString(func, i, program::kFile);
      if (file.empty())
        continue;
      auto shape = cast<RankedTensorType>(func.getArgument(i).getType()).getShape();
      llvm::SmallVector<int64_t> stored(shape.begin(), shape.end());
      if (func.getArgAttr(i, program::kTransposed))
        std::swap(stored[0], stored[1]);
      const StoredTensor *value = store.lookup(file);
      if (!value)
        (void)findings.add("parameter " + quoted(file) + ": expected the checkpoint to hold its value");
      else if (value->shape != stored || value->dtype != 1)
        (void)findings.add("parameter " + quoted(file) + ": expected float32 values of the shape that the graph declares");
    }
}

static void describeFile(ModuleOp module, ImportedModel &result) {
  auto graph = *module.getOps<onnx::GraphOp>().begin();
  for (NamedAttribute entry : graph.getOpsets())
    result.opsets.emplace_back(entry.getName().str(), cast<IntegerAttr>(entry.getValue()).getInt());
  result.irVersion = graph.getIrVersion();
  result.producer = graph.getProducer().value_or("").str();
  auto nodes = graph.getBody().getOps<onnx::NodeOp>();
  result.nodes = std::distance(nodes.begin(), nodes.end());
}

FailureOr<ImportedModel> intq::importModel(MLIRContext &context, llvm::StringRef path,
                                           const ImportOptions &options) {
  ImportedModel result;
  auto module = importOnnx(context, path, result.store, /*embed=*/false);
  if (failed(module))
    return failure();
  describeFile(**module, result);
  Findings findings((*module)->getLoc());
  if (!options.checkpoint.empty() && failed(readCheckpoint(options.checkpoint, result.store, findings, result.notes)))
    return failure();
  if (!options.allowNonFinite)
    checkFinite(result.store, findings);
  if (!findings.empty() ||
      failed(convertOnnxToNN(**module, options.conversion, &result.store, result.notes)))
    return failure();
  if (!options.checkpoint.empty())
    checkParameters(**module, result.store, findings);
  if (!findings.empty())
    return failure();
  result.module = std::move(*module);
  result.form = (*result.module)->getAttrOfType<StringAttr>(program::kForm).str();
  return result;
}

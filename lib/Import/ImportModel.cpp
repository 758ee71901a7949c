// The entry point of the import: model and checkpoint to a program in nn.
#include "intq/Import/ImportModel.h"
#include "Checkpoint.h"
#include "Findings.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Dialect/Onnx/Onnx.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace intq;

// H14: a parameter that is not finite is reported with its first such element.
static void checkFinite(llvm::StringRef name, const StoredTensor &tensor, Findings &findings) {
  const char *bytes = static_cast<const char *>(tensor.data);
  for (uint64_t i = 0; i < tensor.bytes / sizeof(float); ++i) {
    float value;
    std::memcpy(&value, bytes + i * sizeof(float), sizeof(float));
    if (!std::isfinite(value))
      return (void)findings.add("parameter " + quoted(name) + ": expected finite values, but got " +
                                llvm::Twine(std::to_string(value)) + " at element " + llvm::Twine(i));
  }
}

// H40: the file or the checkpoint has every parameter in the shape that the graph wants.
static void checkParameter(func::FuncOp func, unsigned index, llvm::StringRef file, const StoredTensor &value,
                           Findings &findings) {
  auto shape = cast<RankedTensorType>(func.getArgument(index).getType()).getShape();
  llvm::SmallVector<int64_t> stored(shape.begin(), shape.end());
  if (func.getArgAttr(index, program::kTransposed))
    std::swap(stored[0], stored[1]);
  if (value.dtype != 1 || value.bytes != sizeof(float) * ShapedType::getNumElements(shape) ||
      (!func.getArgAttr(index, program::kRows) && value.shape != stored))
    (void)findings.add("parameter " + quoted(file) + ": expected float32 values of the shape that the graph declares");
}

static void checkParameters(ModuleOp module, const ParameterStore &store, const ImportOptions &options,
                            Findings &findings) {
  llvm::StringSet<> seen;
  for (auto func : module.getOps<func::FuncOp>())
    for (unsigned i = 0; i < func.getNumArguments(); ++i) {
      llvm::StringRef file = program::argString(func, i, program::kFile);
      if (file.empty() || !seen.insert(file).second)
        continue;
      const StoredTensor *value = store.lookup(file);
      if (value) {
        checkParameter(func, i, file, *value, findings);
        if (!options.allowNonFinite)
          checkFinite(file, *value, findings);
      } else if (!options.checkpoint.empty()) {
        (void)findings.add("parameter " + quoted(file) + ": expected the checkpoint to hold its value");
      }
    }
}

// H40: what only the checkpoint has, from `first` on, and no parameter of the graph reads.
static void noteExtras(ModuleOp module, const ParameterStore &store, size_t first, std::vector<std::string> &notes) {
  llvm::StringSet<> read;
  for (auto func : module.getOps<func::FuncOp>())
    for (unsigned i = 0; i < func.getNumArguments(); ++i)
      read.insert(program::argString(func, i, program::kFile));
  for (llvm::StringRef name : store.names().drop_front(first))
    if (!read.contains(name) && !name.ends_with("/moment1") && !name.ends_with("/moment2"))
      notes.push_back("the checkpoint's " + quoted(name) + " is no parameter of the graph");
}

// H21: parameters over the same bytes of a file are trained apart, each on its copy.
static void noteOverlaps(ModuleOp module, const ParameterStore &store, std::vector<std::string> &notes) {
  struct Range {
    llvm::StringRef file, name;
    uint64_t begin, end;
  };
  std::vector<Range> ranges;
  llvm::StringSet<> seen;
  for (auto func : module.getOps<func::FuncOp>())
    for (unsigned i = 0; i < func.getNumArguments(); ++i) {
      llvm::StringRef name = program::argString(func, i, program::kFile);
      const StoredTensor *value = name.empty() || !seen.insert(name).second ? nullptr : store.lookup(name);
      if (!value || value->bytes == 0)
        continue;
      uint64_t begin = value->file.empty() ? reinterpret_cast<uintptr_t>(value->data) : value->offset;
      ranges.push_back({value->file, name, begin, begin + value->bytes});
    }
  llvm::sort(ranges, [](const Range &a, const Range &b) {
    return std::tie(a.file, a.begin, a.name) < std::tie(b.file, b.begin, b.name);
  });
  for (size_t i = 1, last = 0; i < ranges.size(); ++i) {
    if (ranges[i].file == ranges[last].file && ranges[i].begin < ranges[last].end)
      notes.push_back("'" + ranges[i].name.str() + "' and '" + ranges[last].name.str() +
                      "' share bytes in their file: they are trained apart");
    if (ranges[i].file != ranges[last].file || ranges[i].end > ranges[last].end)
      last = i;
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
  auto module = importOnnx(context, path, options.file, result.store, result.notes);
  if (failed(module))
    return failure();
  describeFile(**module, result);
  Findings findings((*module)->getLoc());
  size_t inFile = result.store.names().size();
  if (!options.checkpoint.empty() && failed(readCheckpoint(options.checkpoint, result.store, findings, result.notes,
                                                                  result.optimizerStep)))
    return failure();
  if (failed(convertOnnxToNN(**module, options.conversion, &result.store, result.notes)))
    return failure();
  checkParameters(**module, result.store, options, findings);
  noteExtras(**module, result.store, inFile, result.notes);
  noteOverlaps(**module, result.store, result.notes);
  if (!findings.empty())
    return failure();
  result.module = std::move(*module);
  result.form = (*result.module)->getAttrOfType<StringAttr>(program::kForm).str();
  return result;
}

// The entry point of the import: model and checkpoint to a program in nn.
#include "intq/Import/ImportModel.h"
#include "Findings.h"
#include "intq/Dialect/NN/Program.h"
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

FailureOr<ImportedModel> intq::importModel(MLIRContext &context, llvm::StringRef path,
                                           const ImportOptions &options) {
  ImportedModel result;
  auto module = importOnnx(context, path, result.store, /*embed=*/false);
  if (failed(module))
    return failure();
  Findings findings((*module)->getLoc());
  if (!options.allowNonFinite)
    checkFinite(result.store, findings);
  if (!findings.empty() ||
      failed(convertOnnxToNN(**module, options.conversion, &result.store, result.notes)))
    return failure();
  result.module = std::move(*module);
  result.form = (*result.module)->getAttrOfType<StringAttr>(program::kForm).str();
  return result;
}

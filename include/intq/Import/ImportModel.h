// From a model's files to a program in nn: the entry point of the import.
#pragma once
#include "intq/Conversion/OnnxToNN.h"
#include "intq/Import/ParameterStore.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <string>
#include <vector>

namespace intq {

struct ImportOptions {
  OnnxToNNOptions conversion;
  std::string checkpoint;      ///< path of an ORT checkpoint, or empty
  bool allowNonFinite = false; ///< accept NaN and infinity in parameters
};

struct ImportedModel {
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< @forward or @grad in nn
  ParameterStore store;                     ///< values by `intq.file`
  std::string form;                         ///< "A", "C" or "D"
  std::vector<std::string> notes;           ///< what a user should know, a sentence each
  std::vector<std::pair<std::string, int64_t>> opsets; ///< domain, version
  std::string producer;
  int64_t irVersion = 0, nodes = 0;
};

/// Reads an ONNX file. All findings are emitted as errors on the context.
mlir::FailureOr<ImportedModel> importModel(mlir::MLIRContext &context, llvm::StringRef path,
                                           const ImportOptions &options);

/// Reads an ONNX file into one `onnx.graph`; float initializers go to `store`, or into the
/// IR where `embed` is set.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importOnnx(mlir::MLIRContext &context, llvm::StringRef path, ParameterStore &store, bool embed);

} // namespace intq

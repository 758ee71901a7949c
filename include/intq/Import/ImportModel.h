// From a model's files to a program in nn: the entry point of the import.
#pragma once
#include "intq/Conversion/OnnxToNN.h"
#include "intq/Import/ParameterStore.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <string>
#include <vector>

namespace intq {

/// How a file is read.
struct FileOptions {
  int64_t maxBytes = (int64_t(1) << 31) - 1;  ///< of the file itself (H9)
  int64_t maxNodes = 1000000;                 ///< nodes, and initializers (H8)
  int64_t maxElements = int64_t(1) << 31;     ///< of one tensor (H11)
  int64_t maxExternal = int64_t(1) << 36;     ///< bytes of external data in all (H35)
  std::string linkRoot; ///< external data may be links that end below this folder (H32)
  bool embed = false;   ///< all float initializers into the IR
};

struct ImportOptions {
  FileOptions file;
  OnnxToNNOptions conversion;
  std::string checkpoint;      ///< path of an ORT checkpoint, or empty
  bool allowNonFinite = false; ///< accept NaN and infinity in parameters
};

struct ImportedModel {
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< @forward or @grad in nn
  ParameterStore store;                     ///< values by `intq.file`
  std::string form;                         ///< "A" to "E" (docs/Import.md)
  std::vector<std::string> notes;           ///< what a user should know, a sentence each
  std::vector<std::pair<std::string, int64_t>> opsets; ///< domain, version
  std::string producer;
  int64_t irVersion = 0, nodes = 0;
  int64_t optimizerStep = 0; ///< of the checkpoint's moments
};

/// Reads an ONNX file. All findings are emitted as errors on the context.
mlir::FailureOr<ImportedModel> importModel(mlir::MLIRContext &context, llvm::StringRef path,
                                           const ImportOptions &options);

/// Reads an ONNX file into one `onnx.graph`; float initializers go to `store`.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importOnnx(mlir::MLIRContext &context, llvm::StringRef path, const FileOptions &options, ParameterStore &store,
           std::vector<std::string> &notes);

} // namespace intq

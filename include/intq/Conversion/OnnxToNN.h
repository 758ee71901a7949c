// Conversion of an ONNX graph to nn, and its pass.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <string>
#include <vector>

namespace intq {
class ParameterStore;

struct OnnxToNNOptions {
  llvm::StringMap<int64_t> bind;  ///< symbolic dimension → size
  std::optional<double> dropout;  ///< replaces every dropout ratio
  std::string loss;               ///< loss to add: cross-entropy, mse, span, mlm
  std::vector<std::string> logits; ///< outputs that it is of (span: start, end); none: those so named, or the only one
  std::vector<std::string> train, freeze; ///< globs: where given only these parameters are trained; these are not
  llvm::StringMap<int64_t> padding;       ///< input of ids → the id whose row in a table is not trained
  /// Elements of constants and index maps that folding may make, in all (H25); reading 16 counts as making one.
  int64_t maxFolded = int64_t(1) << 26;
};

/// Reads `name=value` entries, values of at least `least`, into `bind`; fails on an entry of another form.
mlir::LogicalResult parseBindings(llvm::ArrayRef<std::string> entries, llvm::StringMap<int64_t> &bind,
                                  int64_t least = 1);

/// Replaces the `onnx.graph` of a module by @forward (forms D, E) or @grad (forms A, B, C) in nn.
/// `store` may be null; where it has the bytes of a table that a folded constant was cut
/// from, the conversion narrows the entry. Notes for the user are appended to `notes`.
mlir::LogicalResult convertOnnxToNN(mlir::ModuleOp module, const OnnxToNNOptions &options,
                                    ParameterStore *store, std::vector<std::string> &notes);

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "intq/Conversion/Passes.h.inc"
} // namespace intq

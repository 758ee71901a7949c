// Stages of a compilation as files, for readers.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace intq {

/// Writes one stage to `file` in `folder`, which is made if it is missing; an empty `folder`: does nothing. Errors are
/// diagnostics at `loc`.
llvm::LogicalResult writeStage(mlir::Location loc, llvm::StringRef folder, llvm::StringRef file,
                               llvm::function_ref<void(llvm::raw_pwrite_stream &)> write);
llvm::LogicalResult writeStage(mlir::ModuleOp module, llvm::StringRef folder, llvm::StringRef file);

} // namespace intq

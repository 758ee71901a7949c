// Stages of a compilation as files, for readers.
#pragma once
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"

namespace intq {

/// Writes one stage to `file` in `folder`, which is made if it is missing; an empty `folder`: does nothing.
llvm::LogicalResult writeStage(llvm::StringRef folder, llvm::StringRef file,
                               llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
                               llvm::function_ref<void(llvm::raw_pwrite_stream &)> write);

} // namespace intq

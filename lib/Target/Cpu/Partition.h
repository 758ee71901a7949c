// A module of kernels cut into modules that compile at the same time.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/ArrayRef.h"

namespace intq::cpu {

/// A module of modules: one for each kernel, and a last one of the functions `entries`, which knows the kernels
/// as declarations. `inOnePiece`: that one alone, with everything. The cut does not depend on the machine.
mlir::OwningOpRef<mlir::ModuleOp> partition(mlir::OwningOpRef<mlir::ModuleOp> module,
                                            llvm::ArrayRef<std::string> entries, bool inOnePiece);

} // namespace intq::cpu

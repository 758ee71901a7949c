// Sums over rows of a matrix.
#pragma once
#include "intq/Target/Cpu/Kernel.h"

namespace intq::cpu {

/// result[n] = Σ get(row, n) over all rows in the order of Spec N3: chunks of 128 rows, sequential
/// inside a chunk from +0, then the chunk sums. get(row, lanes): columns lanes of the row.
void emitColumnSums(KernelBuilder &k, int64_t rows, int64_t columns, mlir::Value result,
                    llvm::function_ref<mlir::Value(mlir::Value row, Lanes lanes)> get);

} // namespace intq::cpu

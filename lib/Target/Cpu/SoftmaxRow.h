// What softmax and cross-entropy share: the maximum of a row of floats.
#pragma once
#include "intq/Target/Cpu/Kernel.h"

namespace intq::cpu {

/// The largest of get(lanes), a scalar; NaN is never larger, −Inf where nothing is. `get` gives −Inf where an
/// element does not count.
mlir::Value rowMax(KernelBuilder &k, int64_t n, llvm::function_ref<mlir::Value(Lanes)> get);

/// x − max and its exponential, as Spec section Softmax.
mlir::Value shiftedExp(KernelBuilder &k, mlir::Value x, mlir::Value max);

/// 0, 1, … 15 + lanes.index, as i32 lanes.
mlir::Value laneNumbers(KernelBuilder &k, Lanes lanes);

} // namespace intq::cpu

// Copies between strided blocks: what slices, pads, concatenations, broadcasts and transpositions are.
#pragma once
#include "intq/Target/Cpu/Kernel.h"

namespace intq::cpu {

/// Elements to[toBase + Σ i·toStride] = from[fromBase + Σ i·fromStride] over all i < sizes.
struct StridedCopy {
  mlir::SmallVector<int64_t> sizes, fromStrides, toStrides;
  int64_t fromBase = 0, toBase = 0;
};

/// Element strides of a dense tensor.
mlir::SmallVector<int64_t> denseStrides(llvm::ArrayRef<int64_t> shape);

void emitCopy(KernelBuilder &k, StridedCopy copy, mlir::Value from, mlir::Value to);

} // namespace intq::cpu

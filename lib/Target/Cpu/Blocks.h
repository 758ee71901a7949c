// Quantization in blocks of any shape: correct for all formats, tuned for none.
#pragma once
#include "intq/Target/Cpu/Kernel.h"

namespace intq::cpu {

llvm::LogicalResult emitQuantizeBlocks(KernelBuilder &k);
llvm::LogicalResult emitDequantizeBlocks(KernelBuilder &k);

} // namespace intq::cpu

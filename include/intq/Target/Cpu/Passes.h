// Passes of the CPU target; see Passes.td.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace intq::cpu {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "intq/Target/Cpu/Passes.h.inc"

/// The array of intq-profile-calls.
inline constexpr llvm::StringLiteral kTicks = "intq_ticks";

/// intq-cpu-to-llvm.
void registerCpuPipelines();
} // namespace intq::cpu

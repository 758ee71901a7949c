// Passes of the CPU target.
#ifndef INTQ_TARGET_CPU_PASSES
#define INTQ_TARGET_CPU_PASSES
include "mlir/Pass/PassBase.td"

def IntqExpandFmaPass : Pass<"intq-expand-fma"> {
  let summary = "math.fma as exact arithmetic in binary64, for targets without the instruction";
  let description = [{
    The product of two binary32 values is exact in binary64; the sum with the third is rounded to
    odd there, so that the last rounding to binary32 is that of the fused operation.
    Example: test/Target/Cpu/expand-fma.mlir.
  }];
  let statistics = [Statistic<"expanded", "expanded", "operations expanded">];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def IntqGatherBeforeQuantizePass : Pass<"intq-gather-before-quantize", "::mlir::func::FuncOp"> {
  let summary = "quantize only the rows of an embedding table that are used";
  let description = [{
    `intq.embedding` of a table that is quantized row by row to nearest becomes: gather the float
    rows, quantize them, take their values. The bits are the same, since a row's scale depends on
    that row alone; the whole table is not encoded in every step. A non-finite value in
    a row that no index names is not noticed. Done where fewer rows are used than the table has.
    Example: test/Target/Cpu/gather-before-quantize.mlir.
  }];
  let statistics = [Statistic<"rewritten", "rewritten", "embeddings rewritten">];
  let dependentDialects = ["::intq::nn::NNDialect", "::intq::IntqDialect"];
}

def IntqHoistUpdatesPass : Pass<"intq-hoist-updates", "::mlir::func::FuncOp"> {
  let summary = "each optimizer update as soon as its gradient is complete";
  let description = [{
    Moves every `nn.adamw` up to the first place where its operands are known and nobody will read the old
    parameter and moments: gradients need not be kept until the end of the step, and the
    update can overwrite its state.
    Example: test/Target/Cpu/hoist-updates.mlir.
  }];
  let statistics = [Statistic<"moved", "moved", "updates moved">];
}

def IntqLowerToCpuPass : Pass<"intq-lower-to-cpu", "::mlir::ModuleOp"> {
  let summary = "straight-line functions of nn and intq ops to calls of kernels on buffers";
  let description = [{
    Every op becomes the call of a kernel function of loops and vectors; equal ops (same name,
    attributes but for site and stream, and types) share one. Values live in one arena at planned
    offsets, in the caller's result buffers, or, for new values of state entries, in the buffer of
    the old value. `nn.reshape`, `intq.reshape` and `intq.unscale` cost nothing.

    A lowered function takes byte buffers: its arguments, the results that are not new state,
    the arena, the status words. Its attribute `intq.result_arguments` names for each
    original result the argument that holds it, or -1. The module gets `intq.plan_bytes` (size of the
    arena) and `intq.sites` (the site of each status word).
    Example: test/Target/Cpu/lower.mlir.
  }];
  let options = [Option<"isa", "isa", "std::string", "\"generic\"", "instruction set of the kernels">];
  let statistics = [Statistic<"kernels", "kernels", "kernel functions">,
                    Statistic<"calls", "calls", "calls of kernels">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::omp::OpenMPDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect", "::mlir::LLVM::LLVMDialect"];
}

def IntqProfileCallsPass : Pass<"intq-profile-calls", "::mlir::ModuleOp"> {
  let summary = "time stamps around the calls of kernels";
  let description = [{
    In functions that intq-lower-to-cpu made, each call of a kernel is put between two readings of the cycle counter, and
    their difference is added to the kernel's element of the global `intq_ticks`. The module gets `intq.kernels`, the name of
    each element. Results do not change.
    Example: test/Target/Cpu/profile-calls.mlir.
  }];
  let statistics = [Statistic<"instrumented", "instrumented", "calls between time stamps">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::LLVM::LLVMDialect"];
}

def IntqRematerializePass : Pass<"intq-rematerialize", "::mlir::func::FuncOp"> {
  let summary = "compute cheap values again in the backward instead of keeping them";
  let description = [{
    Three kinds of values need not live from the forward to the backward, because their operands do anyway and
    computing them again gives the same bits: codes of weights, dropped-out codes (`intq.dropout` draws the
    same mask whenever it is computed), and the float input of `nn.gelu`, an integer product of kept codes or a sum of such, where the product
    costs few multiply-adds a byte and such inputs would take more than 1/16 of the bytes of the state, or moments are codes. A far use gets a copy of the op right before it.
    Example: test/Target/Cpu/rematerialize.mlir.
  }];
  let statistics = [Statistic<"copied", "copied", "ops copied to a later use">];
}
#endif

// The routes from nn and intq to kernels, and from kernels to the LLVM dialect.
#include "intq/Target/Cpu/Executable.h"
#include "intq/Target/Cpu/Passes.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace intq;

void cpu::buildCpuPipeline(OpPassManager &pm, Isa isa, bool profile) {
  pm.addNestedPass<func::FuncOp>(createIntqGatherBeforeQuantizePass());
  pm.addNestedPass<func::FuncOp>(createIntqRematerializePass()); // before updates overwrite what is read again
  pm.addNestedPass<func::FuncOp>(createIntqHoistUpdatesPass());
  IntqLowerToCpuPassOptions options;
  options.isa = isaName(isa).str();
  pm.addPass(createIntqLowerToCpuPass(options));
  if (profile)
    pm.addPass(createIntqProfileCallsPass());
}

void cpu::buildLLVMPipeline(OpPassManager &pm, Isa isa) {
  pm.addPass(createCSEPass());
  if (!hasFma(isa))
    pm.addPass(createIntqExpandFmaPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  // Before the conversion of OpenMP, which would convert functions too, but not to bare pointers.
  ConvertFuncToLLVMPassOptions func;
  func.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(func));
  pm.addPass(createConvertOpenMPToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCSEPass());
}

namespace {
struct CpuToLLVMOptions : PassPipelineOptions<CpuToLLVMOptions> {
  Option<std::string> isa{*this, "isa", llvm::cl::desc("instruction set of the kernels"), llvm::cl::init("generic")};
};
} // namespace

void cpu::registerCpuPipelines() {
  PassPipelineRegistration<CpuToLLVMOptions>(
      "intq-cpu-to-llvm", "kernels of nn and intq ops, in the LLVM dialect",
      [](OpPassManager &pm, const CpuToLLVMOptions &options) {
        IntqLowerToCpuPassOptions lowering; // which reports an unknown name
        lowering.isa = options.isa;
        pm.addPass(createIntqLowerToCpuPass(lowering));
        FailureOr<Isa> isa = parseIsa(options.isa);
        buildLLVMPipeline(pm, succeeded(isa) ? *isa : Isa::Generic);
      });
}

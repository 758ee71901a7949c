// Kernels first, for the plan needs to know them all; then each kernel by itself, on all processors.
#include "Compile.h"
#include "Jit.h"
#include "Partition.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Support/Stage.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Threading.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

namespace {
/// While it lives the context works on all processors.
class AllProcessors {
public:
  explicit AllProcessors(MLIRContext *context) : context(context), enabled(context->isMultithreadingEnabled()) {
    context->enableMultithreading();
  }
  AllProcessors(const AllProcessors &) = delete;
  ~AllProcessors() { context->enableMultithreading(enabled); }

private:
  MLIRContext *context;
  bool enabled;
};
} // namespace

/// nn and intq to kernels; what the lowering found out goes to `code`.
static LogicalResult buildKernels(ModuleOp module, const Options &options, ArrayRef<std::string> entries, Code &code) {
  if (failed(writeStage(module, options.dumpDir, "1-program.mlir")))
    return failure();
  PassManager pm(module.getContext());
  buildCpuPipeline(pm, options.isa, options.profile);
  if (failed(pm.run(module)) || failed(writeStage(module, options.dumpDir, "2-kernels.mlir")))
    return failure();
  for (const std::string &entry : entries) {
    auto lowered = module.lookupSymbol<func::FuncOp>(entry);
    ArrayRef<int64_t> arguments = lowered->getAttrOfType<DenseI64ArrayAttr>("intq.result_arguments");
    code.resultArguments[entry] = arguments.vec();
    code.plans[entry] = program::toJson(lowered->getAttrOfType<DictionaryAttr>("intq.plan"));
  }
  code.planBytes = module->getAttrOfType<IntegerAttr>("intq.plan_bytes").getInt();
  for (Attribute site : module->getAttrOfType<ArrayAttr>("intq.sites"))
    code.sites.push_back(cast<StringAttr>(site).str());
  if (auto kernels = module->getAttrOfType<ArrayAttr>("intq.kernels"))
    for (Attribute kernel : kernels)
      code.kernels.push_back(cast<StringAttr>(kernel).str());
  return success();
}

/// Kernels to object code, each module in `whole` by itself.
static LogicalResult buildObjects(ModuleOp whole, const Options &options, ArrayRef<std::string> entries, Code &code) {
  registerTranslations(*whole.getContext());
  SmallVector<ModuleOp> parts(whole.getOps<ModuleOp>());
  code.objects.resize(parts.size());
  return failableParallelForEachN(whole.getContext(), 0, parts.size(), [&](size_t i) {
    ArrayRef<std::string> own = i + 1 == parts.size() ? entries : ArrayRef<std::string>(); // they stand in the last part
    FailureOr<std::string> object = generateCode(parts[i], own, options);
    if (succeeded(object))
      code.objects[i] = std::move(*object);
    return LogicalResult(object);
  });
}

FailureOr<Code> intq::cpu::compileCode(ModuleOp source, const Options &options, CompileReport &report) {
  Code code;
  std::vector<std::string> entries;
  for (auto f : source.getOps<func::FuncOp>())
    entries.push_back(f.getName().str());
  OwningOpRef<ModuleOp> module = source.clone();
  {
    PhaseTimer timer(report, "kernels");
    if (failed(buildKernels(*module, options, entries, code)))
      return failure();
  }
  // Stages are for readers: there the code stays in one piece.
  OwningOpRef<ModuleOp> whole = partition(std::move(module), entries, /*inOnePiece=*/!options.dumpDir.empty());
  AllProcessors scope(whole->getContext());
  {
    PhaseTimer timer(report, "lowering");
    PassManager pm(whole->getContext());
    buildLLVMPipeline(pm.nest<ModuleOp>(), options.isa);
    if (failed(pm.run(*whole)) || failed(writeStage(*whole->getOps<ModuleOp>().begin(), options.dumpDir, "3-llvm.mlir")))
      return failure();
  }
  PhaseTimer timer(report, "code");
  if (failed(buildObjects(*whole, options, entries, code)))
    return failure();
  return code;
}

// Translation to LLVM IR, optimization, and linking against a closed list of symbols.
#include "Jit.h"
#include "PerfMap.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <cstring>

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

// The OpenMP runtime's entry points that the OpenMP translation calls.
extern "C" {
void __kmpc_fork_call(void *, int32_t, void *, ...);
int32_t __kmpc_global_thread_num(void *);
void __kmpc_barrier(void *, int32_t);
void __kmpc_for_static_init_8u(void *, int32_t, int32_t, int32_t *, uint64_t *, uint64_t *, int64_t *, int64_t,
                               int64_t);
void __kmpc_for_static_fini(void *, int32_t);
}

std::string intq::cpu::entryName(StringRef function) { return ("intq.entry." + function).str(); }

static LogicalResult report(ModuleOp module, llvm::Error error) {
  if (!error)
    return success();
  return module.emitError() << "compilation for the CPU failed: " << llvm::toString(std::move(error));
}

static llvm::orc::JITTargetMachineBuilder targetBuilder(Isa isa) {
  static const bool initialized = !llvm::InitializeNativeTarget() && !llvm::InitializeNativeTargetAsmPrinter();
  (void)initialized;
  llvm::orc::JITTargetMachineBuilder builder(llvm::Triple("x86_64-unknown-linux-gnu"));
  builder.setCPU(targetCpu(isa).str());
  builder.addFeatures(targetFeatures(isa));
  builder.setCodeGenOptLevel(llvm::CodeGenOptLevel::Default);
  builder.getOptions().AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return builder;
}

/// Least instruction set with the intrinsic `name`; without its feature LLVM would abort.
static Isa isaOfIntrinsic(StringRef name) {
  if (name.starts_with("llvm.x86.t") || name.starts_with("llvm.x86.ldtilecfg"))
    return Isa::Amx;
  if (name == "llvm.x86.avx512.vpdpbusd.256" || name == "llvm.x86.avx512.vpdpwssd.256")
    return Isa::AvxVnni;
  if (name.starts_with("llvm.x86.avx512"))
    return Isa::Avx512Vnni;
  return name.starts_with("llvm.x86.") ? Isa::Avx2 : Isa::Generic;
}

/// Spec N2: nothing that LLVM may fuse or reorder, no instruction that the target lacks.
static LogicalResult verifyCode(ModuleOp source, llvm::Module &module, Isa isa) {
  for (llvm::Function &function : module)
    for (llvm::Instruction &i : llvm::instructions(function)) {
      if (isa_and_present<llvm::FPMathOperator>(&i) && i.getFastMathFlags().any())
        return source.emitError() << "expected no fast-math flags, but got some in " << function.getName().str();
      auto *call = dyn_cast<llvm::IntrinsicInst>(&i);
      if (!call)
        continue;
      StringRef name = call->getCalledFunction()->getName();
      if (call->getIntrinsicID() == llvm::Intrinsic::fmuladd)
        return source.emitError() << "expected math.fma only, but got llvm.fmuladd in " << function.getName().str();
      if (isa < isaOfIntrinsic(name))
        return source.emitError() << "expected intrinsics of " << isaName(isa) << ", but got " << name.str();
    }
  return success();
}

/// void intq.entry.f(void **buffers): calls f with the buffers' addresses.
static void addEntry(llvm::Module &module, StringRef name) {
  llvm::Function *callee = module.getFunction(name);
  llvm::LLVMContext &context = module.getContext();
  auto *pointer = llvm::PointerType::get(context, 0);
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {pointer}, false);
  auto *entry = llvm::Function::Create(type, llvm::Function::ExternalLinkage, entryName(name), module);
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", entry));
  SmallVector<llvm::Value *> arguments;
  for (unsigned i = 0; i < callee->arg_size(); ++i)
    arguments.push_back(b.CreateLoad(pointer, b.CreateConstGEP1_64(pointer, entry->getArg(0), i)));
  b.CreateCall(callee, arguments);
  b.CreateRetVoid();
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

void intq::cpu::dumpStage(const Options &options, StringRef file,
                          llvm::function_ref<void(llvm::raw_pwrite_stream &)> write) {
  if (options.dumpDir.empty())
    return;
  SmallString<128> path(options.dumpDir);
  llvm::sys::path::append(path, file);
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (!error)
    write(out);
}

static void dumpCode(const Options &options, StringRef file, llvm::CodeGenFileType type, llvm::Module &module,
                     llvm::TargetMachine &machine) {
  dumpStage(options, file, [&](llvm::raw_pwrite_stream &out) {
    auto copy = llvm::CloneModule(module);
    llvm::legacy::PassManager pm;
    if (!machine.addPassesToEmitFile(pm, out, nullptr, type))
      pm.run(*copy);
  });
}

static llvm::Error defineSymbols(llvm::orc::LLJIT &jit) {
  llvm::orc::SymbolMap symbols;
  auto allow = [&](StringRef name, auto *function) {
    symbols[jit.mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                          llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  };
  allow("memcpy", &std::memcpy);
  allow("memset", &std::memset);
  allow("memmove", &std::memmove);
  allow("__kmpc_fork_call", &__kmpc_fork_call);
  allow("__kmpc_global_thread_num", &__kmpc_global_thread_num);
  allow("__kmpc_barrier", &__kmpc_barrier);
  allow("__kmpc_for_static_init_8u", &__kmpc_for_static_init_8u);
  allow("__kmpc_for_static_fini", &__kmpc_for_static_fini);
  return jit.getMainJITDylib().define(llvm::orc::absoluteSymbols(std::move(symbols)));
}

static llvm::Expected<std::unique_ptr<llvm::orc::LLJIT>>
link(llvm::orc::ThreadSafeModule module, llvm::orc::JITTargetMachineBuilder builder,
     llvm::ArrayRef<std::string> functions) {
  auto jit = llvm::orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(std::move(builder))
                 .setLinkProcessSymbolsByDefault(false)
                 .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
                 .create();
  if (!jit)
    return jit.takeError();
  // Its findings come back as errors of lookup; they are not to be printed as well.
  (*jit)->getExecutionSession().setErrorReporter([](llvm::Error error) { llvm::consumeError(std::move(error)); });
  if (wantsPerfMap())
    addPerfMap(**jit);
  if (llvm::Error error = defineSymbols(**jit))
    return std::move(error);
  if (llvm::Error error = (*jit)->addIRModule(std::move(module)))
    return std::move(error);
  for (const std::string &function : functions)
    if (auto address = (*jit)->lookup(entryName(function)); !address)
      return address.takeError();
  return std::move(*jit);
}

FailureOr<std::unique_ptr<llvm::orc::LLJIT>>
intq::cpu::jitCompile(ModuleOp module, ArrayRef<std::string> functions, const Options &options) {
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  registerOpenMPDialectTranslation(*module.getContext());
  auto context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, *context);
  if (!code)
    return module.emitError() << "translation to LLVM IR failed";
  llvm::orc::JITTargetMachineBuilder builder = targetBuilder(options.isa);
  auto machine = builder.createTargetMachine();
  if (!machine)
    return report(module, machine.takeError());
  code->setDataLayout((*machine)->createDataLayout());
  code->setTargetTriple((*machine)->getTargetTriple());
  for (const std::string &function : functions)
    addEntry(*code, function);
  if (options.isa >= Isa::Avx512Vnni)
    for (llvm::Function &function : *code)
      function.addFnAttr("prefer-vector-width", "512");
  if (failed(verifyCode(module, *code, options.isa)))
    return failure();
  dumpStage(options, "4-code.ll", [&](llvm::raw_pwrite_stream &out) { code->print(out, nullptr); });
  optimize(*code, **machine);
  if (wantsPerfMap())
    keepNames(*code);
  dumpStage(options, "5-optimized.ll", [&](llvm::raw_pwrite_stream &out) { code->print(out, nullptr); });
  dumpCode(options, "6-code.s", llvm::CodeGenFileType::AssemblyFile, *code, **machine);
  dumpCode(options, "7-code.o", llvm::CodeGenFileType::ObjectFile, *code, **machine);
  auto jit = link({std::move(code), std::move(context)}, std::move(builder), functions);
  if (!jit)
    return report(module, jit.takeError());
  return std::move(*jit);
}

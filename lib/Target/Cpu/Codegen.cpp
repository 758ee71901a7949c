// From the LLVM dialect to object code: translation, verification, optimization, emission.
#include "Jit.h"
#include "PerfMap.h"
#include "intq/Support/Stage.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

std::string intq::cpu::entryName(StringRef function) { return ("intq.entry." + function).str(); }

llvm::orc::JITTargetMachineBuilder intq::cpu::targetBuilder(Isa isa) {
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

/// Lowers `module` to machine instructions, so it is of no other use afterwards. True: the target cannot.
static bool emit(llvm::Module &module, llvm::TargetMachine &machine, llvm::CodeGenFileType type,
                 llvm::raw_pwrite_stream &out) {
  llvm::legacy::PassManager pm;
  if (machine.addPassesToEmitFile(pm, out, nullptr, type))
    return true;
  pm.run(module);
  return false;
}

void intq::cpu::registerTranslations(MLIRContext &context) {
  registerBuiltinDialectTranslation(context);
  registerLLVMDialectTranslation(context);
  registerOpenMPDialectTranslation(context);
}

FailureOr<std::string> intq::cpu::generateCode(ModuleOp module, ArrayRef<std::string> entries,
                                               const Options &options) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, context);
  if (!code)
    return module.emitError() << "translation to LLVM IR failed";
  auto machine = targetBuilder(options.isa).createTargetMachine();
  if (!machine)
    return module.emitError() << "no code for the CPU: " << llvm::toString(machine.takeError());
  code->setDataLayout((*machine)->createDataLayout());
  code->setTargetTriple((*machine)->getTargetTriple());
  for (const std::string &entry : entries)
    addEntry(*code, entry);
  if (options.isa >= Isa::Avx512Vnni)
    for (llvm::Function &function : *code)
      function.addFnAttr("prefer-vector-width", "512");
  if (failed(verifyCode(module, *code, options.isa)))
    return failure();
  auto dump = [&](StringRef file, llvm::function_ref<void(llvm::raw_pwrite_stream &)> write) {
    return writeStage(module.getLoc(), options.dumpDir, file, write);
  };
  auto print = [&](llvm::raw_pwrite_stream &out) { code->print(out, nullptr); };
  if (failed(dump("4-code.ll", print)))
    return failure();
  optimize(*code, **machine);
  if (wantsPerfMap())
    keepNames(*code);
  auto assemble = [&](llvm::raw_pwrite_stream &out) {
    emit(*llvm::CloneModule(*code), **machine, llvm::CodeGenFileType::AssemblyFile, out);
  };
  if (failed(dump("5-optimized.ll", print)) || failed(dump("6-code.s", assemble)))
    return failure();
  SmallVector<char, 0> object;
  llvm::raw_svector_ostream out(object);
  if (emit(*code, **machine, llvm::CodeGenFileType::ObjectFile, out))
    return module.emitError() << "no code for the CPU: the target emits no object files";
  if (failed(dump("7-code.o", [&](llvm::raw_pwrite_stream &file) { file << StringRef(object.data(), object.size()); })))
    return failure();
  return std::string(object.begin(), object.end());
}

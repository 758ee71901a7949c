// intq-run: executes the functions of a file that take no arguments. Checks that fail are errors.
//
// Exit code: 0 when all functions ran and all checks held, 1 when a run failed, 2 on bad input.
#include "CpuEngine.h"
#include "intq/Dialect/Check/Check.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
namespace cl = llvm::cl;

static cl::opt<std::string> inputFile(cl::Positional, cl::desc("<file.mlir>"), cl::init("-"));
static cl::opt<std::string> engineName("engine", cl::desc("reference, cpu, or all: both, whose results must agree"),
                                       cl::init("reference"));
static cl::opt<std::string> cpuIsa("cpu-isa", cl::desc("generic, avx2, avx-vnni, avx512-vnni, amx; auto: the best of this "
                                                       "machine; all: every one of this machine"),
                                   cl::init("auto"));
static cl::list<unsigned> threads("cpu-threads", cl::desc("thread counts to run the compiled code with; 0: all"),
                                  cl::CommaSeparated);
static cl::opt<std::string> dumpDir("dump-dir", cl::desc("folder for the stages of the compilation"));
static cl::opt<bool> listIsas("list-cpu-isas", cl::desc("print the instruction sets of this machine, best first"));
static cl::opt<std::string> entry("entry",
                                  cl::desc("run only this function and print its results"));

static constexpr int kFailedRun = 1, kBadInput = 2;

static int reject(const llvm::Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return kBadInput;
}

using Engines = std::vector<std::unique_ptr<intq::run::Engine>>;

// Empty with a message where the options name no engine of this machine.
static Engines createEngines() {
  namespace cpu = intq::cpu;
  Engines engines;
  if (engineName == "reference" || engineName == "all")
    engines.push_back(intq::run::createReferenceEngine());
  if (engineName == "reference")
    return engines;
  if (engineName != "cpu" && engineName != "all") {
    reject("expected --engine=reference, cpu or all, but got " + engineName);
    return {};
  }
  SmallVector<cpu::Isa> isas;
  if (cpuIsa == "all") {
    isas.assign(cpu::supportedIsas().begin(), cpu::supportedIsas().end());
  } else if (cpuIsa == "auto") {
    isas.push_back(cpu::supportedIsas().front());
  } else if (FailureOr<cpu::Isa> isa = cpu::parseIsa(cpuIsa); succeeded(isa)) {
    isas.push_back(*isa);
  } else {
    reject("expected --cpu-isa=auto, all, generic, avx2, avx-vnni, avx512-vnni or amx, but got " + cpuIsa);
    return {};
  }
  for (cpu::Isa isa : isas) {
    cpu::Options options;
    options.isa = isa;
    options.dumpDir = dumpDir;
    SmallVector<unsigned> threadCounts(threads.begin(), threads.end());
    if (threadCounts.empty())
      threadCounts.push_back(1);
    engines.push_back(intq::run::createCpuEngine(options, threadCounts));
  }
  return engines;
}

// Runs `func` in all engines; the results of the first one.
static FailureOr<SmallVector<intq::reference::Tensor>> runAll(func::FuncOp func, Engines &engines) {
  auto expected = engines.front()->run(func);
  if (failed(expected))
    return failure();
  for (auto &engine : llvm::drop_begin(engines)) {
    auto actual = engine->run(func);
    if (failed(actual) ||
        failed(intq::run::expectEqual(func, *expected, engines.front()->name(), *actual, engine->name())))
      return failure();
  }
  return expected;
}

// The functions to run: --entry, or all without arguments.
static SmallVector<func::FuncOp> selectFunctions(ModuleOp module) {
  SmallVector<func::FuncOp> functions;
  for (auto func : module.getOps<func::FuncOp>())
    if (entry.empty() ? func.getNumArguments() == 0 && !func.isExternal() : func.getName() == entry)
      functions.push_back(func);
  return functions;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  registerAsmPrinterCLOptions();
  cl::ParseCommandLineOptions(argc, argv, "runs functions of nn, intq and check ops\n");
  if (listIsas) {
    for (intq::cpu::Isa isa : intq::cpu::supportedIsas())
      llvm::outs() << intq::cpu::isaName(isa) << "\n";
    return 0;
  }
  Engines engines = createEngines();
  if (engines.empty())
    return kBadInput;

  DialectRegistry registry;
  registry.insert<arith::ArithDialect, func::FuncDialect, intq::IntqDialect, intq::nn::NNDialect,
                  intq::check::CheckDialect>();
  MLIRContext context(registry);
  std::string message;
  auto file = openInputFile(inputFile, &message);
  if (!file)
    return reject(message);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  SourceMgrDiagnosticHandler handler(sources, &context);
  auto module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return kBadInput;

  SmallVector<func::FuncOp> functions = selectFunctions(*module);
  if (functions.empty())
    return reject(entry.empty()
                      ? llvm::Twine("expected a function without arguments in ") + inputFile
                      : llvm::Twine("expected a function ") + entry + " in " + inputFile);
  int code = 0;
  for (func::FuncOp func : functions) {
    if (func.getNumArguments())
      return reject("expected a function without arguments, but got " + func.getName());
    auto results = runAll(func, engines);
    if (failed(results)) {
      code = kFailedRun;
      continue;
    }
    if (!entry.empty())
      for (const intq::reference::Tensor &tensor : *results)
        llvm::outs() << tensor.toAttr() << "\n";
  }
  return code;
}

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
static cl::opt<std::string> engineName("engine", cl::desc("reference or cpu"), cl::init("reference"));
static cl::opt<std::string> cpuIsa("cpu-isa", cl::desc("auto, generic, avx2, avx512-vnni or amx"), cl::init("auto"));
static cl::opt<unsigned> threads("cpu-threads", cl::desc("threads of the cpu engine; 0: all"), cl::init(1));
static cl::opt<std::string> dumpDir("dump-dir", cl::desc("folder for the stages of the compilation"));
static cl::opt<bool> listIsas("list-cpu-isas", cl::desc("print the instruction sets of this machine, best first"));
static cl::opt<std::string> entry("entry",
                                  cl::desc("run only this function and print its results"));

namespace {
class ReferenceEngine : public intq::run::Engine {
public:
  FailureOr<SmallVector<intq::reference::Tensor>> run(func::FuncOp func) override {
    intq::reference::Status status;
    auto values = intq::reference::interpret(func, {}, status);
    if (failed(values))
      return failure();
    SmallVector<intq::reference::Tensor> tensors;
    for (auto &value : *values) {
      if (!std::holds_alternative<intq::reference::Tensor>(value))
        return func.emitError("expected tensors as results, but got codes");
      tensors.push_back(std::get<intq::reference::Tensor>(value));
    }
    return tensors;
  }
};
} // namespace

static constexpr int kFailedRun = 1, kBadInput = 2;

static int reject(const llvm::Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return kBadInput;
}

// Null with a message where the options name no engine of this machine.
static std::unique_ptr<intq::run::Engine> createEngine() {
  namespace cpu = intq::cpu;
  if (engineName == "reference")
    return std::make_unique<ReferenceEngine>();
  if (engineName != "cpu") {
    reject("expected --engine=reference or cpu, but got " + engineName);
    return nullptr;
  }
  cpu::Options options;
  FailureOr<cpu::Isa> isa = cpu::supportedIsas().front();
  if (cpuIsa != "auto")
    isa = cpu::parseIsa(cpuIsa);
  if (failed(isa)) {
    reject("expected --cpu-isa=auto, generic, avx2, avx512-vnni or amx, but got " + cpuIsa);
    return nullptr;
  }
  options.isa = *isa;
  options.threads = threads;
  options.dumpDir = dumpDir;
  return intq::run::createCpuEngine(options);
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
  std::unique_ptr<intq::run::Engine> engine = createEngine();
  if (!engine)
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
    auto results = engine->run(func);
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

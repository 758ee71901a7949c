// intq-run: executes the functions of a file that take no arguments. Checks that fail are errors.
//
// Exit code: 0 when all functions ran and all checks held, 1 when a run failed, 2 on bad input.
#include "Engine.h"
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
static cl::opt<std::string> engineName("engine", cl::desc("reference"), cl::init("reference"));
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

static std::unique_ptr<intq::run::Engine> createEngine() {
  if (engineName == "reference")
    return std::make_unique<ReferenceEngine>();
  return nullptr;
}

static constexpr int kFailedRun = 1, kBadInput = 2;

static int reject(const llvm::Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return kBadInput;
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
  std::unique_ptr<intq::run::Engine> engine = createEngine();
  if (!engine)
    return reject("expected --engine=reference, but got " + engineName);

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

// intq-translate: files of other projects to the dialects of intq.
#include "intq/Dialect/Onnx/Onnx.h"
#include "intq/Import/ImportModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "intq/Dialect/NN/NN.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
namespace cl = llvm::cl;

static cl::opt<std::string> importOnnxFile("import-onnx", cl::desc("An ONNX file, to the onnx dialect"),
                                           cl::value_desc("file"));
static cl::opt<std::string> importModelFile("import-model", cl::desc("An ONNX file, to the nn dialect"),
                                            cl::value_desc("file"));
static cl::opt<std::string> checkpoint("checkpoint", cl::desc("ONNX Runtime checkpoint with the parameters"),
                                       cl::value_desc("file"));
static cl::opt<std::string> loss("loss", cl::desc("Loss to add: cross-entropy, mse, span, mlm"));
static cl::list<std::string> logits("logits", cl::desc("Output that the added loss is of"), cl::value_desc("output"));
static cl::list<std::string> bind("bind", cl::desc("Size of a symbolic dimension"),
                                  cl::value_desc("name=value"));
static cl::list<std::string> train("train", cl::desc("Only these parameters are trained"), cl::value_desc("glob"));
static cl::list<std::string> freeze("freeze", cl::desc("These parameters are not trained"), cl::value_desc("glob"));
static cl::list<std::string> padding("padding-idx", cl::desc("Id of an input whose row in a table is not trained"),
                                     cl::value_desc("input=id"));
static cl::opt<bool> embed("embed", cl::desc("Keep the values of float initializers in the text"));

static cl::opt<std::string> linkRoot("link-root", cl::desc("External data may be links that end below this folder"),
                                     cl::value_desc("folder"));
static cl::opt<int64_t> maxNodes("max-nodes", cl::desc("Nodes, and initializers"), cl::init(intq::FileOptions().maxNodes));
static cl::opt<int64_t> maxFolded("max-folded", cl::desc("Elements of folded constants in all"),
                                  cl::init(intq::OnnxToNNOptions().maxFolded));

static constexpr int kBadInput = 2;

static int fail(const llvm::Twine &message) {
  llvm::errs() << "intq-translate: " << message << "\n";
  return kBadInput;
}

static int translateModel(MLIRContext &context) {
  intq::ImportOptions options;
  options.checkpoint = checkpoint;
  options.file.linkRoot = linkRoot;
  options.file.maxNodes = maxNodes;
  options.conversion.maxFolded = maxFolded;
  options.conversion.loss = loss;
  options.conversion.logits.assign(logits.begin(), logits.end());
  options.conversion.train.assign(train.begin(), train.end());
  options.conversion.freeze.assign(freeze.begin(), freeze.end());
  if (failed(intq::parseBindings(bind, options.conversion.bind)))
    return fail("expected --bind=<name>=<positive number>");
  if (failed(intq::parseBindings(padding, options.conversion.padding, /*least=*/0)))
    return fail("expected --padding-idx=<input>=<number>");
  auto model = intq::importModel(context, importModelFile, options);
  if (failed(model))
    return kBadInput;
  for (const std::string &note : model->notes)
    llvm::errs() << "note: " << note << "\n";
  model->module->print(llvm::outs());
  return 0;
}

static int translateOnnx(MLIRContext &context) {
  intq::ParameterStore store;
  intq::FileOptions options;
  options.embed = embed;
  std::vector<std::string> notes;
  auto module = intq::importOnnx(context, importOnnxFile, options, store, notes);
  if (failed(module))
    return kBadInput;
  (*module)->print(llvm::outs());
  return 0;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(argc, argv, "intq translation driver\n");
  MLIRContext context;
  context.loadDialect<intq::onnx::OnnxDialect, intq::nn::NNDialect, func::FuncDialect>();
  context.getDiagEngine().registerHandler([](Diagnostic &diagnostic) {
    bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
    llvm::errs() << (isError ? "error: " : "warning: ") << diagnostic.str() << "\n";
    return success();
  });
  if (importOnnxFile.empty() == importModelFile.empty())
    return fail("expected one of --import-onnx=<file> and --import-model=<file>");
  return importOnnxFile.empty() ? translateModel(context) : translateOnnx(context);
}

// The C interface: nothing but translation of arguments, results and errors.
#include "Program.h"
#include "Residency.h"
#include "intq/AutoDiff/AutoDiff.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/Onnx/Onnx.h"
#include "intq/Import/ImportModel.h"
#include "intq/Target/Cpu/Isa.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/InitAllDialects.h"
#include <cstring>

using namespace mlir;
using namespace intq;
using namespace intq::runtime;

/// A context whose errors are collected as text, one a line.
struct Session {
  Session() : context(makeRegistry(), MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
    handler = context.getDiagEngine().registerHandler([this](Diagnostic &d) {
      if (d.getSeverity() == DiagnosticSeverity::Error)
        errors += describe(d) + "\n";
      return success();
    });
  }

  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerAllDialects(registry);
    registry.insert<IntqDialect, nn::NNDialect>();
    registry.insert<onnx::OnnxDialect>();
    registerDerivativeRules(registry);
    return registry;
  }

  static std::string describe(Diagnostic &d) {
    std::string text;
    llvm::raw_string_ostream os(text);
    if (auto name = dyn_cast<NameLoc>(d.getLocation()))
      os << name.getName().getValue() << ": ";
    else if (auto file = dyn_cast<FileLineColLoc>(d.getLocation()))
      os << file.getFilename().getValue() << ":" << file.getLine() << ": ";
    os << d;
    return text;
  }

  MLIRContext context;
  DiagnosticEngine::HandlerID handler;
  std::string errors;
};

struct intq_program {
  Session session;
  std::unique_ptr<Program> program;
};

static int fail(StringRef message, char **error, int code = 2) {
  if (error)
    *error = strdup(message.rtrim().str().c_str());
  return code;
}

const char *intq_version(void) { return "0.1.0"; }

const char *intq_cpu_isas(void) {
  static const std::string isas = llvm::join(llvm::map_range(cpu::supportedIsas(), cpu::isaName), ",");
  return isas.c_str();
}

int intq_compile(const char *path, const char *optionsJson, intq_program **out, char **error) {
  llvm::Expected<Options> options = parseOptions(optionsJson ? optionsJson : "");
  if (!options)
    return fail(llvm::toString(options.takeError()), error);
  auto result = std::make_unique<intq_program>();
  auto program = Program::compile(result->session.context, path, *options);
  if (failed(program))
    return fail(result->session.errors.empty() ? "the compilation failed" : result->session.errors, error);
  result->program = std::move(*program);
  releaseCompilerMemory();
  *out = result.release();
  return 0;
}

int intq_add_variant(intq_program *program, const char *variant, const char *path, const char *optionsJson,
                     char **error) {
  llvm::Expected<Options> options = parseOptions(optionsJson ? optionsJson : "");
  if (!options)
    return fail(llvm::toString(options.takeError()), error);
  Session &session = program->session;
  session.errors.clear();
  if (failed(program->program->addVariant(session.context, variant, path, *options)))
    return fail(session.errors.empty() ? "the compilation failed" : session.errors, error);
  return 0;
}

int intq_inspect(const char *path, const char *optionsJson, char **info, char **error) {
  llvm::Expected<Options> options = parseOptions(optionsJson ? optionsJson : "");
  if (!options)
    return fail(llvm::toString(options.takeError()), error);
  Session session;
  FailureOr<std::string> text = Program::inspect(session.context, path, *options);
  if (failed(text))
    return fail(session.errors.empty() ? "the import failed" : session.errors, error);
  *info = strdup(text->c_str());
  return 0;
}

void intq_destroy(intq_program *program) { delete program; }

const char *intq_info(const intq_program *program) { return program->program->info().data(); }

int intq_profile(const intq_program *program, char **profile, char **error) {
  llvm::json::Object kernels = program->program->profile();
  if (kernels.empty())
    return fail("expected a program compiled for the CPU with the option profile", error);
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(kernels));
  *profile = strdup(text.c_str());
  return 0;
}

int intq_state(intq_program *program, const char *name, void **data, uint64_t *bytes, char **error) {
  StateEntry *entry = program->program->state(name);
  if (!entry)
    return fail("expected the name of a state entry, but got '" + std::string(name) + "'", error);
  entry->initialized = true; // the caller may write it now
  *data = entry->data.get();
  *bytes = entry->bytes();
  return 0;
}

int intq_save_checkpoint(intq_program *program, const char *path, uint32_t step, double learningRate, char **error) {
  program->session.errors.clear();
  auto loc = UnknownLoc::get(&program->session.context);
  if (failed(program->program->saveCheckpoint(loc, path, step, learningRate)))
    return fail(program->session.errors, error);
  return 0;
}

int intq_run(intq_program *program, const char *function, const intq_array *inputs, int32_t inputCount,
             const intq_array *outputs, int32_t outputCount, const intq_run_options *options, char **error) {
  std::string message;
  program->session.errors.clear();
  int code = program->program->run(function, {inputs, static_cast<size_t>(inputCount)},
                                   {outputs, static_cast<size_t>(outputCount)}, *options, message);
  return code ? fail(message + "\n" + program->session.errors, error, code) : 0;
}

void intq_free(char *text) { free(text); }

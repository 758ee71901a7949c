// Compiled modules: the arena, the calls, and the floating-point state of the threads.
#include "intq/Target/Cpu/Executable.h"
#include "Jit.h"
#include "RunScope.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cstring>
#include <sys/mman.h>

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

namespace {

/// Zeroed memory of the process, in huge pages where the kernel has them.
class Arena {
public:
  explicit Arena(size_t bytes) : bytes(llvm::alignTo(std::max<size_t>(bytes, 1), 4096)) {
    memory = mmap(nullptr, this->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED)
      madvise(memory, this->bytes, MADV_HUGEPAGE);
  }
  ~Arena() {
    if (valid())
      munmap(memory, bytes);
  }
  Arena(const Arena &) = delete;
  bool valid() const { return memory != MAP_FAILED; }
  void *data() const { return memory; }

private:
  size_t bytes;
  void *memory;
};

struct Function {
  Entry entry = nullptr;
  unsigned argumentCount = 0;
  SmallVector<int64_t> resultArguments;
  SmallVector<int64_t> resultBytes;
};

} // namespace

struct Executable::State {
  Options options;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  llvm::StringMap<Function> functions;
  std::vector<std::string> sites;
  std::vector<int32_t> status;
  uint64_t planBytes = 0;
  llvm::json::Object plans;
  std::unique_ptr<Arena> arena;
};

Executable::Executable(std::unique_ptr<State> state) : state(std::move(state)) {}
Executable::~Executable() = default;
uint64_t Executable::planBytes() const { return state->planBytes; }
const llvm::json::Object &Executable::plans() const { return state->plans; }
Isa Executable::isa() const { return state->options.isa; }
unsigned Executable::threads() const { return state->options.threads; }
void Executable::setThreads(unsigned threads) { state->options.threads = threads ? threads : processorCount(); }

static void dumpModule(const Options &options, StringRef file, ModuleOp module) {
  dumpStage(options, file, [&](llvm::raw_pwrite_stream &out) { module.print(out); });
}

/// Facts about the functions that are gone once they are lowered.
static void describe(ModuleOp module, llvm::StringMap<Function> &functions) {
  for (auto function : module.getOps<func::FuncOp>()) {
    Function &f = functions[function.getName()];
    f.argumentCount = function.getNumArguments();
    for (Type t : function.getResultTypes()) {
      auto type = cast<RankedTensorType>(t);
      f.resultBytes.push_back(type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8));
    }
  }
}

static llvm::json::Object planJson(DictionaryAttr plan) {
  llvm::json::Object out;
  for (NamedAttribute entry : plan)
    if (auto text = dyn_cast<StringAttr>(entry.getValue()))
      out[entry.getName().getValue()] = text.getValue();
    else
      out[entry.getName().getValue()] = cast<IntegerAttr>(entry.getValue()).getInt();
  return out;
}

FailureOr<std::unique_ptr<Executable>> Executable::compile(ModuleOp source, const Options &options) {
  if (!llvm::is_contained(supportedIsas(), options.isa))
    return source.emitError() << "expected an instruction set that this machine can run, but got "
                              << isaName(options.isa);
  auto state = std::make_unique<State>();
  state->options = options;
  OwningOpRef<ModuleOp> module = source.clone();
  if (!options.dumpDir.empty())
    if (std::error_code error = llvm::sys::fs::create_directories(options.dumpDir))
      return source.emitError() << "cannot create " << options.dumpDir << ": " << error.message();
  dumpModule(options, "1-program.mlir", *module);

  PassManager kernels(module->getContext());
  buildCpuPipeline(kernels, options.isa);
  if (failed(kernels.run(*module)))
    return failure();
  dumpModule(options, "2-kernels.mlir", *module);
  std::vector<std::string> names;
  for (auto f : source.getOps<func::FuncOp>())
    names.push_back(f.getName().str());
  describe(source, state->functions);
  for (auto &f : state->functions) {
    auto lowered = module->lookupSymbol<func::FuncOp>(f.getKey());
    f.second.resultArguments =
        SmallVector<int64_t>(lowered->getAttrOfType<DenseI64ArrayAttr>("intq.result_arguments").asArrayRef());
    state->plans[f.getKey()] = planJson(lowered->getAttrOfType<DictionaryAttr>("intq.plan"));
  }
  state->planBytes = (*module)->getAttrOfType<IntegerAttr>("intq.plan_bytes").getInt();
  for (Attribute site : (*module)->getAttrOfType<ArrayAttr>("intq.sites"))
    state->sites.push_back(cast<StringAttr>(site).str());

  PassManager lowering(module->getContext());
  buildLLVMPipeline(lowering, options.isa);
  if (failed(lowering.run(*module)))
    return failure();
  dumpModule(options, "3-llvm.mlir", *module);
  auto jit = jitCompile(*module, names, options);
  if (failed(jit))
    return failure();
  state->jit = std::move(*jit);
  for (auto &f : state->functions)
    f.second.entry = llvm::cantFail(state->jit->lookup(entryName(f.getKey()))).toPtr<Entry>(); // found before
  state->status.resize(state->sites.size() + 1);
  state->arena = std::make_unique<Arena>(state->planBytes);
  if (!state->arena->valid())
    return source.emitError() << "cannot allocate an arena of " << state->planBytes << " bytes";
  auto executable = std::unique_ptr<Executable>(new Executable(std::move(state)));
  executable->setThreads(options.threads);
  return executable;
}

LogicalResult Executable::run(StringRef name, ArrayRef<void *> arguments, ArrayRef<void *> results,
                              SmallVectorImpl<std::string> &nonfinite) {
  auto it = state->functions.find(name);
  if (it == state->functions.end())
    return failure();
  Function &f = it->second;
  if (arguments.size() != f.argumentCount || results.size() != f.resultBytes.size())
    return failure();
  SmallVector<void *> buffers(arguments);
  for (auto [result, argument] : llvm::zip_equal(results, f.resultArguments))
    if (argument < 0)
      buffers.push_back(result);
  buffers.push_back(state->arena->data());
  buffers.push_back(state->status.data());
  std::fill(state->status.begin(), state->status.end(), 0);
  {
    RunScope scope(state->options.threads);
    f.entry(buffers.data());
  }
  for (auto [result, argument, bytes] : llvm::zip_equal(results, f.resultArguments, f.resultBytes))
    if (argument >= 0 && result != arguments[argument])
      std::memcpy(result, arguments[argument], bytes);
  for (auto [site, raised] : llvm::zip(state->sites, state->status))
    if (raised)
      nonfinite.push_back(site);
  return success();
}

// Compiled modules: where their code comes from, the arena, the calls, and the floating-point state of the threads.
#include "intq/Target/Cpu/Executable.h"
#include "Compile.h"
#include "Jit.h"
#include "ObjectCache.h"
#include "PerfMap.h"
#include "RunScope.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Target/Cpu/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/SHA256.h"
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
  std::vector<std::string> kernels;
  const uint64_t *ticks = nullptr;
  uint64_t planBytes = 0;
  llvm::json::Object plans;
  CompileReport report;
  std::shared_ptr<Arena> arena;
};

Executable::Executable(std::unique_ptr<State> state) : state(std::move(state)) {}
Executable::~Executable() = default;
uint64_t Executable::planBytes() const { return state->planBytes; }
const llvm::json::Object &Executable::plans() const { return state->plans; }
const CompileReport &Executable::report() const { return state->report; }
std::vector<std::pair<std::string, uint64_t>> Executable::profile() const {
  std::vector<std::pair<std::string, uint64_t>> profile;
  for (auto [i, kernel] : llvm::enumerate(state->kernels))
    profile.emplace_back(kernel, state->ticks[i]);
  return profile;
}
Isa Executable::isa() const { return state->options.isa; }
unsigned Executable::threads() const { return state->options.threads; }
void Executable::setThreads(unsigned threads) { state->options.threads = threads ? threads : processorCount(); }

/// Facts about the functions that are gone once they are lowered.
static void describe(ModuleOp module, llvm::StringMap<Function> &functions) {
  for (auto function : module.getOps<func::FuncOp>()) {
    Function &f = functions[function.getName()];
    f.argumentCount = function.getNumArguments();
    for (Type type : function.getResultTypes())
      f.resultBytes.push_back(program::denseBytes(cast<RankedTensorType>(type)));
  }
}

/// The hash of all that the code depends on.
static std::string cacheKey(ModuleOp source, const Options &options, StringRef identity) {
  std::string text;
  llvm::raw_string_ostream os(text);
  // The generic form holds everything; nothing is left out whatever a tool's command line says.
  source.print(os, OpPrintingFlags().printGenericOpForm().assumeVerified().enableDebugInfo(false).elideLargeElementsAttrs(
                       std::numeric_limits<int64_t>::max()).elideLargeResourceString(std::numeric_limits<int64_t>::max()));
  os << identity << isaName(options.isa) << wantsPerfMap() << options.profile;
  auto digest = llvm::SHA256::hash(llvm::arrayRefFromStringRef(text));
  return llvm::toHex(digest, /*LowerCase=*/true);
}

/// The code of `source`: from the cache, or compiled and kept there.
static FailureOr<Code> obtainCode(ModuleOp source, const Options &options, CompileReport &report) {
  std::string identity = buildIdentity();
  ObjectCache cache(options.dumpDir.empty() ? options.cacheDir : "");
  if (cache.enabled() && identity.empty()) {
    cache.note("not used, because this build of intq has no build id");
    cache = ObjectCache("");
  }
  std::string key;
  if (cache.enabled()) {
    PhaseTimer timer(report, "cache");
    key = cacheKey(source, options, identity);
    report.cache = "miss";
    if (std::optional<std::string> entry = cache.load(key))
      if (std::optional<Code> code = Code::parse(*entry)) {
        report.cache = "hit";
        return std::move(*code);
      }
  }
  FailureOr<Code> code = compileCode(source, options, report);
  if (succeeded(code) && cache.enabled()) {
    PhaseTimer timer(report, "keep");
    cache.store(key, code->serialize());
  }
  report.notes = cache.notes();
  return code;
}

FailureOr<std::unique_ptr<Executable>> Executable::compile(ModuleOp source, const Options &options) {
  if (!llvm::is_contained(supportedIsas(), options.isa))
    return source.emitError() << "expected an instruction set that this machine can run, but got "
                              << isaName(options.isa);
  auto state = std::make_unique<State>();
  state->options = options;
  FailureOr<Code> code = obtainCode(source, options, state->report);
  if (failed(code))
    return failure();
  PhaseTimer timer(state->report, "link");
  describe(source, state->functions);
  std::vector<std::string> names;
  for (auto &f : state->functions) {
    names.push_back(f.getKey().str());
    f.second.resultArguments = llvm::to_vector(code->resultArguments[names.back()]);
    if (f.second.resultArguments.size() != f.second.resultBytes.size())
      return source.emitError() << "the compiled code does not fit @" << f.getKey();
  }
  auto jit = link(code->objects, names, options.isa);
  if (!jit)
    return source.emitError() << "compilation for the CPU failed: " << llvm::toString(jit.takeError());
  state->jit = std::move(*jit);
  for (auto &f : state->functions)
    f.second.entry = llvm::cantFail(state->jit->lookup(entryName(f.getKey()))).toPtr<Entry>(); // found before
  state->kernels = std::move(code->kernels);
  if (!state->kernels.empty()) {
    auto ticks = state->jit->lookup(kTicks);
    if (!ticks)
      return source.emitError() << "the compiled code has no profile: " << llvm::toString(ticks.takeError());
    state->ticks = ticks->toPtr<const uint64_t *>();
  }
  state->planBytes = code->planBytes;
  state->plans = std::move(code->plans);
  state->sites = std::move(code->sites);
  state->status.resize(state->sites.size() + 1);
  bool shares = options.sibling && options.sibling->planBytes() >= state->planBytes;
  state->arena = shares ? options.sibling->state->arena : std::make_shared<Arena>(state->planBytes);
  if (!state->arena->valid())
    return source.emitError() << "cannot allocate an arena of " << state->planBytes << " bytes";
  state->options.sibling = nullptr; // only its arena lives on
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

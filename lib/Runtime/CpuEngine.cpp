// The engine that compiles.
#include "Engine.h"
#include "Options.h"
#include "intq/Target/Cpu/Executable.h"

using namespace mlir;
using namespace intq;
using namespace intq::runtime;

namespace {
class CpuEngine : public Engine {
public:
  explicit CpuEngine(std::unique_ptr<cpu::Executable> executable) : executable(std::move(executable)) {}

  LogicalResult run(StringRef function, ArrayRef<void *> arguments, ArrayRef<void *> results,
                    SmallVectorImpl<std::string> &nonfinite) override {
    return executable->run(function, arguments, results, nonfinite);
  }
  uint64_t planBytes() const override { return executable->planBytes(); }
  llvm::json::Object plans() const override { return executable->plans(); }
  std::string isa() const override { return cpu::isaName(executable->isa()).str(); }
  unsigned threads() const override { return executable->threads(); }
  ArrayRef<std::string> notes() const override { return executable->report().notes; }
  std::vector<std::pair<std::string, uint64_t>> profile() const override { return executable->profile(); }
  llvm::json::Object compilation() const override {
    llvm::json::Object seconds;
    for (const auto &[phase, time] : executable->report().seconds)
      seconds[phase] = time;
    return llvm::json::Object{{"cache", executable->report().cache}, {"seconds", std::move(seconds)}};
  }
  const cpu::Executable *code() const { return executable.get(); }

private:
  std::unique_ptr<cpu::Executable> executable;
};
} // namespace

FailureOr<std::unique_ptr<Engine>> intq::runtime::createCpuEngine(ModuleOp module, const Options &wanted,
                                                                  const Engine *sibling) {
  auto supported = cpu::supportedIsas();
  cpu::Options options;
  options.threads = wanted.threads;
  options.dumpDir = wanted.dumpStages;
  options.cacheDir = wanted.cacheDir;
  options.profile = wanted.profile;
  if (sibling)
    options.sibling = static_cast<const CpuEngine *>(sibling)->code();
  options.isa = supported.front();
  if (wanted.isa != "auto") {
    FailureOr<cpu::Isa> isa = cpu::parseIsa(wanted.isa);
    if (failed(isa) || !llvm::is_contained(supported, *isa))
      return module.emitError() << "expected an instruction set that this machine can run ("
                                << llvm::join(llvm::map_range(supported, cpu::isaName), ", ") << "), but got "
                                << wanted.isa;
    options.isa = *isa;
  }
  auto executable = cpu::Executable::compile(module, options);
  if (failed(executable))
    return failure();
  return std::unique_ptr<Engine>(std::make_unique<CpuEngine>(std::move(*executable)));
}

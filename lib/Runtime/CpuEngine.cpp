// The engine that compiles.
#include "Engine.h"
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

private:
  std::unique_ptr<cpu::Executable> executable;
};
} // namespace

FailureOr<std::unique_ptr<Engine>> intq::runtime::createCpuEngine(ModuleOp module, StringRef isa,
                                                                  unsigned threads, StringRef dumpStages) {
  auto supported = cpu::supportedIsas();
  cpu::Options options;
  options.threads = threads;
  options.dumpDir = dumpStages.str();
  options.isa = supported.front();
  if (isa != "auto") {
    FailureOr<cpu::Isa> wanted = cpu::parseIsa(isa);
    if (failed(wanted) || !llvm::is_contained(supported, *wanted))
      return module.emitError() << "expected an instruction set that this machine can run ("
                                << llvm::join(llvm::map_range(supported, cpu::isaName), ", ") << "), but got "
                                << isa;
    options.isa = *wanted;
  }
  auto executable = cpu::Executable::compile(module, options);
  if (failed(executable))
    return failure();
  return std::unique_ptr<Engine>(std::make_unique<CpuEngine>(std::move(*executable)));
}

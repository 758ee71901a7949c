// Writes addresses, sizes and names of linked functions in perf's text format.
#include "PerfMap.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

using namespace llvm;

namespace {
class PerfMapPlugin : public orc::ObjectLinkingLayer::Plugin {
public:
  void modifyPassConfig(orc::MaterializationResponsibility &, jitlink::LinkGraph &,
                        jitlink::PassConfiguration &config) override {
    config.PostFixupPasses.push_back(write);
  }
  Error notifyFailed(orc::MaterializationResponsibility &) override { return Error::success(); }
  Error notifyRemovingResources(orc::JITDylib &, orc::ResourceKey) override { return Error::success(); }
  void notifyTransferringResources(orc::JITDylib &, orc::ResourceKey, orc::ResourceKey) override {}

private:
  static constexpr uint64_t kLastSize = 0x1000;

  static Error write(jitlink::LinkGraph &graph) {
    std::error_code error;
    raw_fd_ostream out("/tmp/perf-" + std::to_string(sys::Process::getProcessId()) + ".map", error,
                       sys::fs::OF_Append);
    if (error)
      return errorCodeToError(error);
    // Outlined bodies of parallel loops have no symbol: they count as part of the function before them.
    std::map<uint64_t, StringRef> names;
    for (jitlink::Symbol *symbol : graph.defined_symbols())
      if (symbol->hasName() && symbol->isCallable())
        names[symbol->getAddress().getValue()] = *symbol->getName();
    for (auto it = names.begin(); it != names.end(); ++it) {
      uint64_t end = std::next(it) == names.end() ? it->first + kLastSize : std::next(it)->first;
      out << format_hex_no_prefix(it->first, 1) << " " << format_hex_no_prefix(end - it->first, 1) << " "
          << it->second << "\n";
    }
    return Error::success();
  }
};
} // namespace

void intq::cpu::addPerfMap(orc::LLJIT &jit) {
  auto *layer = dyn_cast<orc::ObjectLinkingLayer>(&jit.getObjLinkingLayer());
  if (layer && sys::Process::GetEnv("INTQ_PERF_MAP"))
    layer->addPlugin(std::make_shared<PerfMapPlugin>());
}

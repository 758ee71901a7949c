// Writes addresses, sizes and names of linked functions in perf's text format.
#include "PerfMap.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

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
  static Error write(jitlink::LinkGraph &graph) {
    std::error_code error;
    raw_fd_ostream out("/tmp/perf-" + std::to_string(sys::Process::getProcessId()) + ".map", error,
                       sys::fs::OF_Append);
    if (error)
      return errorCodeToError(error);
    for (jitlink::Symbol *symbol : graph.defined_symbols())
      if (symbol->hasName() && symbol->isCallable())
        out << format_hex_no_prefix(symbol->getAddress().getValue(), 1) << " "
            << format_hex_no_prefix(symbol->getSize(), 1) << " " << *symbol->getName() << "\n";
    return Error::success();
  }
};
} // namespace

bool intq::cpu::wantsPerfMap() { return sys::Process::GetEnv("INTQ_PERF_MAP").has_value(); }

void intq::cpu::keepNames(Module &module) {
  for (Function &function : module)
    if (function.hasLocalLinkage())
      function.setLinkage(GlobalValue::ExternalLinkage);
}

void intq::cpu::addPerfMap(orc::LLJIT &jit) {
  if (auto *layer = dyn_cast<orc::ObjectLinkingLayer>(&jit.getObjLinkingLayer()))
    layer->addPlugin(std::make_shared<PerfMapPlugin>());
}

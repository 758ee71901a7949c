// Linking of object code against a closed list of symbols.
#include "Jit.h"
#include "PerfMap.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstring>

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

// The OpenMP runtime's entry points that the OpenMP translation calls.
extern "C" {
void __kmpc_fork_call(void *, int32_t, void *, ...);
int32_t __kmpc_global_thread_num(void *);
void __kmpc_barrier(void *, int32_t);
void __kmpc_for_static_init_8u(void *, int32_t, int32_t, int32_t *, uint64_t *, uint64_t *, int64_t *, int64_t,
                               int64_t);
void __kmpc_for_static_fini(void *, int32_t);
}

static llvm::Error defineSymbols(llvm::orc::LLJIT &jit) {
  llvm::orc::SymbolMap symbols;
  auto allow = [&](StringRef name, auto *function) {
    symbols[jit.mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                          llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  };
  allow("memcpy", &std::memcpy);
  allow("memset", &std::memset);
  allow("memmove", &std::memmove);
  allow("__kmpc_fork_call", &__kmpc_fork_call);
  allow("__kmpc_global_thread_num", &__kmpc_global_thread_num);
  allow("__kmpc_barrier", &__kmpc_barrier);
  allow("__kmpc_for_static_init_8u", &__kmpc_for_static_init_8u);
  allow("__kmpc_for_static_fini", &__kmpc_for_static_fini);
  return jit.getMainJITDylib().define(llvm::orc::absoluteSymbols(std::move(symbols)));
}

llvm::Expected<std::unique_ptr<llvm::orc::LLJIT>>
intq::cpu::link(ArrayRef<std::string> objects, ArrayRef<std::string> entries, Isa isa) {
  auto jit = llvm::orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(targetBuilder(isa))
                 .setLinkProcessSymbolsByDefault(false)
                 .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
                 .create();
  if (!jit)
    return jit.takeError();
  // Its findings come back as errors of lookup; they are not to be printed as well.
  (*jit)->getExecutionSession().setErrorReporter([](llvm::Error error) { llvm::consumeError(std::move(error)); });
  if (wantsPerfMap())
    addPerfMap(**jit);
  if (llvm::Error error = defineSymbols(**jit))
    return std::move(error);
  for (const std::string &object : objects)
    if (llvm::Error error = (*jit)->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(object)))
      return std::move(error);
  for (const std::string &entry : entries)
    if (auto address = (*jit)->lookup(entryName(entry)); !address)
      return address.takeError();
  return std::move(*jit);
}

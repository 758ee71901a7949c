// Names and LLVM targets of the instruction sets, and their detection.
#include "intq/Target/Cpu/Isa.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/TargetParser/Host.h"
#include <sys/syscall.h>
#include <unistd.h>

using namespace intq::cpu;

static constexpr std::pair<Isa, llvm::StringLiteral> kNames[] = {
    {Isa::Generic, "generic"},
    {Isa::Avx2, "avx2"},
    {Isa::AvxVnni, "avx-vnni"},
    {Isa::Avx512Vnni, "avx512-vnni"},
    {Isa::Amx, "amx"}};

llvm::StringRef intq::cpu::isaName(Isa isa) { return kNames[static_cast<int>(isa)].second; }

llvm::FailureOr<Isa> intq::cpu::parseIsa(llvm::StringRef name) {
  for (auto [isa, known] : kNames)
    if (name == known)
      return isa;
  return llvm::failure();
}

llvm::StringRef intq::cpu::targetCpu(Isa isa) {
  static constexpr llvm::StringLiteral cpus[] = {"x86-64-v2", "x86-64-v3", "x86-64-v3", "x86-64-v4", "x86-64-v4"};
  return cpus[static_cast<int>(isa)];
}

std::vector<std::string> intq::cpu::targetFeatures(Isa isa) {
  if (isa == Isa::AvxVnni)
    return {"+avxvnni"};
  if (isa == Isa::Avx512Vnni)
    return {"+avx512vnni"};
  if (isa == Isa::Amx)
    return {"+avx512vnni", "+amx-tile", "+amx-int8"};
  return {};
}

/// Asks the kernel for the AMX tile registers, once a process; refused: no AMX.
static bool requestAmx() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18; // ARCH_REQ_XCOMP_PERM
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

static llvm::SmallVector<Isa> detect() {
  auto features = llvm::sys::getHostCPUFeatures();
  auto has = [&](std::initializer_list<llvm::StringRef> names) {
    return llvm::all_of(names, [&](llvm::StringRef name) { return features.lookup(name); });
  };
  llvm::SmallVector<Isa> isas;
  if (has({"sse4.2", "popcnt"}))
    isas.push_back(Isa::Generic);
  bool avx2 = has({"avx2", "fma", "bmi", "bmi2", "f16c", "lzcnt", "movbe"});
  if (avx2)
    isas.push_back(Isa::Avx2);
  if (avx2 && has({"avxvnni"}))
    isas.push_back(Isa::AvxVnni);
  bool avx512 = avx2 && has({"avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512cd", "avx512vnni"});
  if (avx512)
    isas.push_back(Isa::Avx512Vnni);
  if (avx512 && has({"amx-tile", "amx-int8"}) && requestAmx())
    isas.push_back(Isa::Amx);
  std::reverse(isas.begin(), isas.end());
  return isas;
}

llvm::ArrayRef<Isa> intq::cpu::supportedIsas() {
  static const llvm::SmallVector<Isa> isas = detect();
  return isas;
}

std::vector<std::string> intq::cpu::availableIsas() {
  std::vector<std::string> names;
  for (Isa isa : supportedIsas())
    names.push_back(isaName(isa).str());
  return names;
}

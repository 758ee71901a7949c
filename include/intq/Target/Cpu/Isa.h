// The instruction sets that CPU code is compiled for, and which of them this machine can run.
#pragma once
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"
#include <string>
#include <vector>

namespace intq::cpu {

/// In ascending order of preference; each can do what the ones before it do, by the same or wider
/// instructions (AVX-VNNI is a form of encoding that some processors with AVX-512 VNNI lack).
enum class Isa { Generic, Avx2, AvxVnni, Avx512Vnni, Amx };

/// "generic", "avx2", "avx-vnni", "avx512-vnni", "amx".
llvm::StringRef isaName(Isa isa);
/// The inverse of isaName; failure on another name.
llvm::FailureOr<Isa> parseIsa(llvm::StringRef name);
/// What LLVM compiles for. `generic` is x86-64-v2 (Spec N2).
llvm::StringRef targetCpu(Isa isa);
std::vector<std::string> targetFeatures(Isa isa);
/// Whether the instruction set has fused multiply-add; elsewhere it is expanded exactly.
inline bool hasFma(Isa isa) { return isa != Isa::Generic; }

/// The sets that this machine (processor and kernel) can run, best first. Asks the kernel for
/// the AMX tile state once a process.
llvm::ArrayRef<Isa> supportedIsas();
/// Their names.
std::vector<std::string> availableIsas();

} // namespace intq::cpu

// Names of compiled functions for the profiler `perf`.
#pragma once
#include "llvm/ExecutionEngine/Orc/LLJIT.h"

namespace intq::cpu {

/// Whether the environment has INTQ_PERF_MAP: then what is linked is listed in /tmp/perf-<pid>.map, where
/// perf looks for the names of code that is in no file.
bool wantsPerfMap();
/// Keeps the names of the functions of `module`, which linking drops otherwise.
void keepNames(llvm::Module &module);
void addPerfMap(llvm::orc::LLJIT &jit);

} // namespace intq::cpu

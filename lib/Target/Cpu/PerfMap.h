// Names of compiled functions for the profiler `perf`.
#pragma once
#include "llvm/ExecutionEngine/Orc/LLJIT.h"

namespace intq::cpu {

/// If the environment has INTQ_PERF_MAP, what `jit` links is listed in /tmp/perf-<pid>.map, where perf
/// looks for the names of code that is in no file.
void addPerfMap(llvm::orc::LLJIT &jit);

} // namespace intq::cpu

// Compiled code as an engine of intq-run.
#pragma once
#include "Engine.h"
#include "intq/Target/Cpu/Executable.h"

namespace intq::run {

/// Compiles once and runs with each of `threadCounts`, whose results must agree.
std::unique_ptr<Engine> createCpuEngine(const cpu::Options &options, llvm::ArrayRef<unsigned> threadCounts);

} // namespace intq::run

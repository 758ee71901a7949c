// Compiled code as an engine of intq-run.
#pragma once
#include "Engine.h"
#include "intq/Target/Cpu/Executable.h"

namespace intq::run {

std::unique_ptr<Engine> createCpuEngine(const cpu::Options &options);

} // namespace intq::run

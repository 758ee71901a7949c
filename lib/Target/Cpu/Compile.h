// From a module of nn and intq ops to its code.
#pragma once
#include "Code.h"
#include "intq/Target/Cpu/Executable.h"
#include <chrono>

namespace intq::cpu {

/// Adds its own life to the report.
class PhaseTimer {
public:
  PhaseTimer(CompileReport &report, std::string phase) : report(report), phase(std::move(phase)) {}
  PhaseTimer(const PhaseTimer &) = delete;
  ~PhaseTimer() {
    std::chrono::duration<double> life = std::chrono::steady_clock::now() - start;
    report.seconds.emplace_back(phase, life.count());
  }

private:
  CompileReport &report;
  std::string phase;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

/// Compiles all functions of `source`, on all processors; errors are diagnostics.
llvm::FailureOr<Code> compileCode(mlir::ModuleOp source, const Options &options, CompileReport &report);

} // namespace intq::cpu

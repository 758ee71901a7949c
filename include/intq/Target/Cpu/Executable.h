// Modules of nn and intq ops as machine code in memory.
#pragma once
#include "intq/Target/Cpu/Isa.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
#include <memory>

namespace mlir {
class OpPassManager;
}

namespace intq::cpu {

class Executable;

struct Options {
  Isa isa = Isa::Generic;
  /// 0: as many as the machine has.
  unsigned threads = 0;
  /// Where the stages of the compilation are written (MLIR, LLVM IR, assembly); empty: nowhere.
  std::string dumpDir;
  /// Where compiled code is kept for the next process; empty: nowhere. Not used with dumpDir.
  std::string cacheDir;
  /// Count the time of each kernel (Executable::profile).
  bool profile = false;
  /// One whose arena may be used too, if it is large enough: the two never run at the same time.
  const Executable *sibling = nullptr;
};

/// How a compilation went.
struct CompileReport {
  std::vector<std::pair<std::string, double>> seconds; ///< wall time by phase, in order
  std::string cache = "off";                           ///< "hit" or "miss"
  std::vector<std::string> notes;                      ///< what a user should know, a sentence each
};

class Executable {
public:
  /// Compiles all functions of `module`, which is left alone. Errors are diagnostics.
  static llvm::FailureOr<std::unique_ptr<Executable>> compile(mlir::ModuleOp module, const Options &options);
  ~Executable();

  /// Runs `function` on dense host buffers in the order of its arguments and results. The new
  /// value of a state entry is left in the buffer of its argument, and copied to the result's buffer
  /// if that is another one. The sites of non-finite blocks (Spec N9) are appended to `nonfinite`.
  llvm::LogicalResult run(llvm::StringRef function, llvm::ArrayRef<void *> arguments,
                          llvm::ArrayRef<void *> results, llvm::SmallVectorImpl<std::string> &nonfinite);

  uint64_t planBytes() const;
  /// The plan of each function as JSON (docs/Program.md, plan).
  const llvm::json::Object &plans() const;
  const CompileReport &report() const;
  /// With Options::profile: kernels and the cycles of the processor's counter that their calls took so far.
  std::vector<std::pair<std::string, uint64_t>> profile() const;
  Isa isa() const;
  unsigned threads() const;
  /// Results do not depend on it (Spec N8). 0: as many as the machine has.
  void setThreads(unsigned threads);

private:
  struct State;
  explicit Executable(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

/// nn and intq to kernels on buffers.
void buildCpuPipeline(mlir::OpPassManager &pm, Isa isa, bool profile = false);
/// Kernels on buffers to the LLVM dialect.
void buildLLVMPipeline(mlir::OpPassManager &pm, Isa isa);

} // namespace intq::cpu

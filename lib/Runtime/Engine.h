// What runs a module: the reference interpreter or compiled code, behind one interface.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
#include <memory>

namespace intq::runtime {

struct Options;

class Engine {
public:
  virtual ~Engine() = default;
  /// Runs `function` on dense host buffers in the order of its arguments and results. A result may be the
  /// buffer of an argument. The sites of non-finite blocks (Spec N9) are appended to `nonfinite`.
  virtual llvm::LogicalResult run(llvm::StringRef function, llvm::ArrayRef<void *> arguments,
                                  llvm::ArrayRef<void *> results,
                                  llvm::SmallVectorImpl<std::string> &nonfinite) = 0;
  /// Bytes of the planned arena.
  virtual uint64_t planBytes() const { return 0; }
  /// The plan of each function (docs/Program.md, plan).
  virtual llvm::json::Object plans() const { return {}; }
  /// The instruction set in use.
  virtual std::string isa() const { return "none"; }
  virtual unsigned threads() const { return 1; }
  /// How the compilation went (docs/Program.md, compile).
  virtual llvm::json::Object compilation() const { return {}; }
  /// With Options::profile: kernels and the cycles that their calls took so far.
  virtual std::vector<std::pair<std::string, uint64_t>> profile() const { return {}; }
  /// What a user should know, a sentence each.
  virtual llvm::ArrayRef<std::string> notes() const { return {}; }
};

llvm::FailureOr<std::unique_ptr<Engine>> createReferenceEngine(mlir::ModuleOp module);
/// `sibling`: another engine of this kind that never runs at the same time, or null; memory is shared with it.
llvm::FailureOr<std::unique_ptr<Engine>> createCpuEngine(mlir::ModuleOp module, const Options &options,
                                                         const Engine *sibling);

} // namespace intq::runtime

// A compiled program: its functions, its state, and the engine that runs it.
#pragma once
#include "Engine.h"
#include "Options.h"
#include "intq/Runtime/intq.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/JSON.h"

namespace intq {
class ParameterStore;
}

namespace intq::runtime {

/// Zeroed pages: resident from their first write on, so that moments cost nothing before the first update.
struct PageDeleter {
  uint64_t bytes = 0;
  void operator()(char *data) const;
};
using HostBuffer = std::unique_ptr<char, PageDeleter>;
HostBuffer allocate(mlir::RankedTensorType type);

/// One tensor of the state: a parameter, a moment, the powers of the betas.
struct StateEntry {
  std::string name, role, file, init;
  mlir::RankedTensorType type;
  mlir::RankedTensorType encoded; ///< of the weight that this is a part of, in NF4; else null
  bool transposed = false, initialized = false;
  std::vector<std::string> uses; ///< kinds of the forward ops that read it (intq_inspect)
  llvm::ArrayRef<int64_t> rows;
  std::vector<std::string> users; ///< operand:result of the nodes that read it, where its initializer is shared or missing
  HostBuffer data;

  uint64_t bytes() const;
};

/// One input or output at the C interface.
struct Port {
  std::string name, dtype;
  llvm::SmallVector<int64_t> shape;
  mlir::RankedTensorType type;
  std::optional<std::pair<int64_t, int64_t>> range;
  std::optional<int64_t> ignore;
  bool isLoss = false;
  HostBuffer data;
};

/// A compiled function: where each argument and result comes from and goes to.
struct Function {
  std::string name; ///< in its engine
  Engine *engine = nullptr; ///< null: its compilation failed
  enum class Source { Input, State, Rng, Lr, Output };
  struct Slot {
    Source source;
    size_t index;
  };
  llvm::SmallVector<Slot> arguments, results;
  std::vector<Port> inputs, outputs;
};

class Program {
public:
  /// Failure after errors to the context's diagnostics.
  static llvm::FailureOr<std::unique_ptr<Program>> compile(mlir::MLIRContext &context,
                                                           llvm::StringRef path, const Options &options);

  /// The info of a file that is only read: its functions and state, no engine.
  static llvm::FailureOr<std::string> inspect(mlir::MLIRContext &context, llvm::StringRef path,
                                              const Options &options);

  /// Writes parameters and moments as a checkpoint of ONNX Runtime.
  llvm::LogicalResult saveCheckpoint(mlir::Location loc, llvm::StringRef path, int64_t step, double learningRate);
  /// Compiles a file once more, to functions named `<function>@<variant>` that work on the same state; what is
  /// new in it is added. The first program's arena is used where it is large enough.
  llvm::LogicalResult addVariant(mlir::MLIRContext &context, llvm::StringRef variant, llvm::StringRef path,
                                 const Options &options);

  llvm::StringRef info() const { return infoText; }
  /// Of every compilation with Options::profile: the cycles that each kernel took so far, by kernel.
  llvm::json::Object profile() const;
  StateEntry *state(llvm::StringRef name);
  Function *function(llvm::StringRef name);
  /// 0, 2 or 3 as intq_run; the message in `error`.
  int run(llvm::StringRef name, llvm::ArrayRef<intq_array> inputs, llvm::ArrayRef<intq_array> outputs,
          const intq_run_options &options, std::string &error);

private:
  /// One compilation: an engine, and what the interpreter reads.
  struct Compiled {
    mlir::OwningOpRef<mlir::ModuleOp> module;
    std::unique_ptr<Engine> engine;
  };
  llvm::LogicalResult add(mlir::MLIRContext &context, llvm::StringRef suffix, llvm::StringRef path,
                          const Options &options);
  llvm::LogicalResult describe(mlir::func::FuncOp func, llvm::StringRef suffix);
  llvm::FailureOr<size_t> addState(mlir::func::FuncOp func, unsigned index);
  llvm::LogicalResult loadMoments(const ParameterStore &store, int64_t step, const OptimizerOptions &optimizer);
  // Of the state entries from `first` on:
  void initializeAdapters(uint64_t seed, size_t first);
  llvm::LogicalResult encodeWeights(const ParameterStore &store, size_t first);
  llvm::LogicalResult describe(mlir::ModuleOp module, const ParameterStore &store, llvm::StringRef suffix = "");
  llvm::LogicalResult initialize(const ParameterStore &store, size_t first);
  /// `info` may hold more keys already.
  void writeInfo(const Options &options, llvm::json::Object info);
  void writeEngine(llvm::json::Object &info) const;
  llvm::json::Object planJson(llvm::json::Object functions) const;

  llvm::MapVector<llvm::StringRef, std::unique_ptr<Function>> functions;
  std::vector<std::unique_ptr<StateEntry>> states;
  llvm::StringMap<size_t> stateIndex;
  std::vector<std::string> functionNames;
  std::vector<Compiled> compiled;
  Options options; ///< of the first compilation
  std::string form, infoText;
  std::vector<std::string> notes;
  llvm::json::Object seconds; ///< of the phases of the first compilation
  llvm::json::Object details; ///< more keys of its info
};

/// Checks an input array against its port and stores its values there: names, shapes, types, ranges.
bool readInput(const intq_array &array, Port &port, std::string &error);

/// Reads the value of a float entry where the store has it; finite values only.
llvm::LogicalResult loadEntry(const ParameterStore &store, StateEntry &entry);
/// The transpose of a matrix [rows, columns] of 32-bit elements, neither of which need be aligned.
void transpose(const char *from, int64_t rows, int64_t columns, char *to);
/// Fills an entry from the bytes of a file, which may hold its transpose.
void loadRows(const char *source, StateEntry &entry, bool transposed);
/// Index of the first NaN or Inf, or -1.
int64_t firstNonfinite(const float *data, int64_t count);

/// "float32", "int32", "float64" for a tensor of f32, i32, f64.
llvm::StringRef dtypeName(mlir::RankedTensorType type);

} // namespace intq::runtime

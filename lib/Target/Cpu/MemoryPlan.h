// The memory plan of a straight-line function: which buffer holds which value, and where it lies.
#pragma once
#include "intq/Target/Cpu/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

namespace intq::cpu {

/// A place for one value's codes, scales or elements.
struct Buffer {
  enum Kind { Arena, Argument, Result } kind = Arena;
  unsigned index = 0; // of the argument or result
  int64_t offset = 0; // in the arena
  int64_t bytes = 0;
  int64_t first = 0, last = 0; // positions of the ops that need it
};

/// What the arena holds when it is fullest.
struct PlanSummary {
  llvm::StringRef fullest; // name of the op that runs then
  /// Bytes by purpose (docs/Program.md, plan); they add up to the size of the arena.
  llvm::MapVector<llvm::StringRef, int64_t> purposes;
};

/// Ops between a definition and a use from which on a value counts as saved: kept from the forward to the backward.
inline constexpr int64_t kFar = 64;

/// A copy of `from` to `to` when all ops have run.
struct FinalCopy {
  unsigned from, to;
};

class MemoryPlan {
public:
  /// Plans `function`; scratch(op) are the sizes of the scratch buffers of its kernel.
  static llvm::FailureOr<MemoryPlan>
  compute(mlir::func::FuncOp function, llvm::function_ref<llvm::SmallVector<int64_t>(mlir::Operation *)> scratch);

  llvm::SmallVector<unsigned, 2> buffersOf(mlir::Value value) const { return values.lookup(value); }
  llvm::ArrayRef<unsigned> scratchOf(mlir::Operation *op) const;
  const Buffer &operator[](unsigned id) const { return buffers[id]; }

  PlanSummary summarize() const;

  int64_t arenaBytes = 0;
  /// For each result the argument in whose buffer it is, or -1.
  llvm::SmallVector<int64_t> resultArguments;
  llvm::SmallVector<FinalCopy> finalCopies;

private:
  unsigned addBuffer(Buffer::Kind kind, unsigned index, int64_t bytes, int64_t position);
  llvm::LogicalResult assignBuffers(mlir::func::FuncOp function);
  void computeLifetimes();
  void placeResults(mlir::func::FuncOp function);
  bool placeIn(unsigned buffer, unsigned target);
  void reuseOperands();
  void assignOffsets();
  llvm::StringRef purposeOf(unsigned id) const;

  std::vector<Buffer> buffers;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<unsigned, 2>> values;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<unsigned, 2>> scratchBuffers;
  llvm::DenseMap<mlir::Operation *, int64_t> positions;
  llvm::SmallVector<mlir::Operation *> ops;
};

/// Ops that only give another type to the same buffers.
bool isAlias(mlir::Operation *op);
/// The last op of the block that reads the buffers of `value`, other than `except` and the terminator; or null.
mlir::Operation *lastReader(mlir::Value value, mlir::Operation *except);

} // namespace intq::cpu

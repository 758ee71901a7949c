// What happens to one block of accumulators: sums over chunks and scale blocks, scales, bias,
// store.
#pragma once
#include "Gemm.h"

namespace intq::cpu {

/// Where the packed panels of one problem lie (flat buffers and offsets of the problem in them).
struct PackedOperands {
  PanelRef a, b; // panels of 32-bit groups; B's second plane follows after planeB groups
  int64_t planeB = 0;
  PanelRef rowSums; // i32 [panelsM][chunks][lanes]: −128 · Σ of the codes of A; offsetB only
  PanelRef scalesA; // f32 [panelsM][blocks][mr]; null buffer: read where they lie, if there are any
  PanelRef scalesB; // f32 [panelsN][blocks][nr]; null buffer: no scales
};

/// Computes blocks of C. `allocate` makes the buffers of one thread.
class TileComputer {
public:
  TileComputer(KernelBuilder &k, const Gemm &gemm, const GemmPlan &plan)
      : k(k), g(gemm), plan(plan) {}

  void allocate();
  /// The block of the panels `panelM` and `panelN` of problem `batch`.
  void compute(const PackedOperands &packed, mlir::Value batch, mlir::Value panelM,
               mlir::Value panelN);

private:
  using Values = KernelBuilder::Values;
  bool severalBlocks() const { return plan.blocks > 1; }
  /// The sums go on from registers: nothing is missing in a block, and they are final.
  bool inRegisters() const {
    bool whole = severalBlocks() ||
                 (g.problem.m % plan.kernel.mr == 0 && g.problem.n % plan.kernel.nr() == 0);
    return whole && !plan.wide() && plan.kernel.dot != GemmDot::AmxBytes;
  }
  Values firstSums(mlir::Value chunk);
  void runKernel(mlir::Value groupOffset, mlir::Value groups, mlir::Value chunk, int64_t plane);
  mlir::Value chunkSum(mlir::Value row, int64_t v);
  void addToWide(int64_t plane);
  mlir::Value blockSum(mlir::Value row, int64_t v);
  mlir::Value scaleOfRow(mlir::Value row, mlir::Value block);
  void loadFactors(mlir::Value block);
  mlir::Value factor(mlir::Value row, int64_t v, mlir::Value block);
  void sumBlock(mlir::Value block);
  void addBlock(mlir::Value block);
  mlir::Value finished(mlir::Value row, int64_t v);
  void store();
  void storeRow(mlir::Value row);
  void forRows(llvm::function_ref<void(mlir::Value)> body);
  void forSums(llvm::function_ref<void(mlir::Value)> body);
  mlir::Value at(mlir::Value row, int64_t v);

  KernelBuilder &k;
  const Gemm &g;
  const GemmPlan &plan;
  mlir::Value sums, wideSums, out, lastRow; // buffers of a thread
  // Of the block at hand.
  const PackedOperands *packed = nullptr;
  mlir::Value batch, panelM, panelN, row0, column0, rows;
  Values registers;        // of the micro-kernel, row by row
  Values factors;          // of the columns' vectors, with that of the rows where they share it
  int64_t registerRow = 0; // of forSums
};

/// The index of the scale of [batch, row] in block 0.
mlir::Value scaleIndex(KernelBuilder &k, const GemmScales &scales, mlir::Value batch,
                       mlir::Value row);
/// The groups of scale block `block` from `offset` on, but at most `most`.
mlir::Value groupsFrom(KernelBuilder &k, const GemmPlan &plan, mlir::Value block,
                       mlir::Value offset, int64_t most);
/// The rows of panel `panel` of A from group `groupOffset` on, packed or in place.
RowsRef rowsOfA(KernelBuilder &k, const Gemm &gemm, const GemmPlan &plan, PanelRef packed,
                mlir::Value batch, mlir::Value panel, mlir::Value groupOffset);

} // namespace intq::cpu

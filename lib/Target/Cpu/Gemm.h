// Emission of matrix products: operands, and the parts a kernel is put together from.
#pragma once
#include "GemmPlan.h"
#include "intq/Target/Cpu/Kernel.h"

namespace intq::cpu {

/// Scales of one operand in memory: the index of a scale is the sum of index/block · stride over
/// the leading dimensions, plus row/rowBlock · rowStride + block · blockStride.
struct GemmScales {
  struct Leading {
    int64_t size, block, stride;
  };
  mlir::Value values; // flat f32; null: `unit`, or a float operand
  llvm::SmallVector<Leading> leading;
  int64_t rowBlock = 1, rowStride = 0, blockStride = 0;

  /// Whether `count` rows from a multiple of `count` on have one scale a block.
  bool sharedBy(int64_t count) const { return rowStride == 0 || rowBlock % count == 0; }
};

/// One operand: [batch, rows, k] where k is contiguous, else [batch, k, rows]. A has m rows, B has
/// n.
struct GemmOperand {
  mlir::Value codes; // flat
  GemmScales scales;
};

struct Gemm {
  GemmProblem problem;
  GemmOperand a, b;
  mlir::Value bias;   // flat f32 [n], or null
  mlir::Value result; // flat f32 [batch, m, n]
};

/// Emits the whole product (parallel packing, parallel tiles) into the kernel.
void emitGemm(KernelBuilder &k, const Gemm &gemm);

/// An offset into a flat buffer.
struct PanelRef {
  mlir::Value buffer, offset;
};
/// A panel of A: a packed one (of i32), or rows of the operand itself. Distances in elements.
struct RowsRef {
  mlir::Value buffer, offset;
  int64_t row;  // from one row to the next
  int64_t step; // from one step of groups to the next (MicroKernel::groupStep)
};
/// The micro-kernels: add up `groups` groups of the panels a and b. On vectors: the accumulators
/// (i32 or f32), row by row, which begin with `init`. AMX: writes mr × nr sums to `tile`.
KernelBuilder::Values emitVectorKernel(KernelBuilder &k, const MicroKernel &kernel, RowsRef a,
                                       PanelRef b, mlir::Value groups, KernelBuilder::Values init);
void emitAmxKernel(KernelBuilder &k, const MicroKernel &kernel, RowsRef a, PanelRef b,
                   mlir::Value groups, mlir::Value tile);
/// VNNI: what 128 in every code of B adds, times −1: −128 · Σ of the codes of each row of
/// `a`, in its lane.
mlir::Value emitOffsetCorrection(KernelBuilder &k, const MicroKernel &kernel, RowsRef a,
                                 mlir::Value groups);

/// vector.load and vector.store at an index of a flat buffer.
mlir::Value loadVector(KernelBuilder &k, int64_t lanes, mlir::Value buffer, mlir::Value at);
void storeVector(KernelBuilder &k, mlir::Value vector, mlir::Value buffer, mlir::Value at);
/// A vector of `lanes` copies of a scalar.
mlir::Value broadcast(KernelBuilder &k, int64_t lanes, mlir::Value scalar);
/// vector.bitcast to `lanes` × `element`.
mlir::Value bitcast(KernelBuilder &k, mlir::Value vector, int64_t lanes, mlir::Type element);

} // namespace intq::cpu

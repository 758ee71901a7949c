// Packing of one operand into panels of 32-bit groups, padded with zeros.
#pragma once
#include "Gemm.h"

namespace intq::cpu {

/// Packs panels of one operand. Panel `p` holds the rows p·width … of the operand: group g of
/// row r at g·width + r, or (tiled) at [g/16][r][g%16]. Rows beyond the operand hold anything
/// (their results are dropped), groups beyond it hold zeros.
class PanelPacker {
public:
  PanelPacker(KernelBuilder &k, const GemmProblem &problem, const GemmPlan &plan,
              const GemmOperand &operand, bool isB);

  /// Packs the panel whose first row is `firstRow` of batch `batch` to buffer[at …]. `plane`: which
  /// half of 16-bit codes, 0 low, 1 high; only used where the plan has planes.
  void pack(mlir::Value batch, mlir::Value firstRow, mlir::Value buffer, mlir::Value at,
            int64_t plane);

private:
  using Values = KernelBuilder::Values;
  bool tiled() const { return !isB && plan.kernel.tiledA(); }
  int64_t rowsBeyond() const;
  int64_t fastGroups() const;
  void packRows(mlir::Value firstRow, mlir::Value lane0);
  void packColumns(mlir::Value firstRow, mlir::Value lane0);
  void packScalars(mlir::Value firstRow);
  mlir::Value groupIndex(mlir::Value g, mlir::Value row);
  mlir::Value scalarGroup(mlir::Value g, mlir::Value row);
  mlir::Value element(mlir::Value k, mlir::Value row);
  mlir::Value toPanelElements(mlir::Value vector, int64_t count);
  Values transpose(Values rows);

  KernelBuilder &k;
  const GemmProblem &problem;
  const GemmPlan &plan;
  const GemmOperand &operand;
  bool isB, contiguousK;
  int64_t rows, width, lanes, group;
  mlir::Type i32;
  // Of the panel at hand.
  mlir::Value base, buffer, at;
  int64_t plane = 0;
};

} // namespace intq::cpu

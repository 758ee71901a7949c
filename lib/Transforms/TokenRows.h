// Which rows of token tensors [B, S, …] the loss provably does not depend on.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace intq {

/// The attention mask of a function, if rows that it drops have zero gradients: every softmax over keys applies it,
/// and the loss reads token rows only at one position of a sequence (the anchor), through a slice.
class TokenRows {
public:
  TokenRows(mlir::func::FuncOp func, const llvm::DenseSet<mlir::Value> &cotangents);

  /// [B, S] with B·S = rows, or null where nothing is proved.
  mlir::Value mask(int64_t rows) const;
  /// The position that the loss reads whatever the mask says; −1 without a mask.
  int64_t anchor(int64_t rows) const { return mask(rows) ? position : -1; }

  /// Whether the gradient g [B, S, …] is +0 outside the anchor rows: nothing has mixed tokens since the loss.
  bool isAtAnchor(mlir::Value g, const llvm::DenseSet<mlir::Value> &cotangents) const;
  /// The numbers of the anchor rows.
  llvm::SmallVector<int32_t> anchorRows() const;

private:
  bool isTokens(llvm::ArrayRef<int64_t> shape) const;
  bool readsTokens(mlir::Value v, llvm::DenseSet<mlir::Value> &seen);

  mlir::Value keep;
  int64_t position = -1, batch = 0, length = 0;
};

} // namespace intq

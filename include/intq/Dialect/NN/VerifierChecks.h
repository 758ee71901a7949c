// Checks that verifiers of several dialects share, with one wording of their errors.
#pragma once
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace intq {

/// `[2, 3]`; `[]` for a scalar.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// "expected <what> of shape [..], but got [..]" unless the shapes are equal.
llvm::LogicalResult expectShape(mlir::Operation *op, llvm::StringRef what,
                                llvm::ArrayRef<int64_t> actual, llvm::ArrayRef<int64_t> expected);

/// "expected <what> of rank 2, but got [..]" unless the rank is `rank`.
llvm::LogicalResult expectRank(mlir::Operation *op, llvm::StringRef what,
                               llvm::ArrayRef<int64_t> shape, size_t rank);

/// "expected <what> of rank 1 or more, but got a scalar" unless the rank is at least `rank`.
llvm::LogicalResult expectRankAtLeast(mlir::Operation *op, llvm::StringRef what,
                                      llvm::ArrayRef<int64_t> shape, size_t rank);

/// "expected <what> of type .., but got .." unless the types are equal.
llvm::LogicalResult expectType(mlir::Operation *op, llvm::StringRef what, mlir::Type actual,
                               mlir::Type expected);

/// `shape` with its last dimension replaced by `last`.
llvm::SmallVector<int64_t> withLast(llvm::ArrayRef<int64_t> shape, int64_t last);

/// `ids` with one more dimension: rows of a table, gathered.
llvm::SmallVector<int64_t> gatheredShape(llvm::ArrayRef<int64_t> ids, int64_t width);

/// The shape rules of nn.matmul (C1 to C4), which intq.matmul shares.
llvm::LogicalResult verifyMatmulShapes(mlir::Operation *op, llvm::ArrayRef<int64_t> a,
                                       llvm::ArrayRef<int64_t> b, bool transposeA, bool transposeB,
                                       llvm::ArrayRef<int64_t> result);

/// −1 (none) or a row of a table of `rows` rows.
llvm::LogicalResult verifyPaddingIndex(mlir::Operation *op, int64_t index, int64_t rows);

/// epsilon > 0.
llvm::LogicalResult verifyEpsilon(mlir::Operation *op, const llvm::APFloat &epsilon);

/// 0 ≤ beta < 1.
llvm::LogicalResult expectBeta(mlir::Operation *op, llvm::StringRef name, const llvm::APFloat &beta);

/// attribute ≥ 0.
llvm::LogicalResult expectNotNegative(mlir::Operation *op, llvm::StringRef name, const llvm::APFloat &attribute);

/// 0 ≤ ratio < 1.
llvm::LogicalResult verifyDropoutRatio(mlir::Operation *op, const llvm::APFloat &ratio);

} // namespace intq

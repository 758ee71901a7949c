// NumPy broadcasting of static shapes, for every part that needs the rule.
#pragma once
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace intq {

/// The shape that `a` and `b` broadcast to (aligned at the last dimension, 1 stretches), or
/// failure where two sizes differ and neither is 1.
llvm::FailureOr<llvm::SmallVector<int64_t>> broadcastShapes(llvm::ArrayRef<int64_t> a,
                                                            llvm::ArrayRef<int64_t> b);

/// Whether `from` broadcasts to exactly `to`.
bool broadcastsTo(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);

/// Row-major strides with which a tensor of shape `from` is read at indices of `to`; 0 along
/// stretched and added dimensions. `from` must broadcast to `to`.
llvm::SmallVector<int64_t> broadcastStrides(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);

} // namespace intq

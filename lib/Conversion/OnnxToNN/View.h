// A value as strided factors over another: how chains of Reshape and Transpose are
// compared by what they do, not by how they are spelled.
#pragma once
#include "Tensor.h"

namespace intq::conversion {

/// `size` steps of `stride` elements of the base.
struct Factor {
  int64_t size, stride;
  bool operator==(const Factor &o) const { return size == o.size && stride == o.stride; }
};

/// Every dimension as its factors, outermost first; a dimension of size 1 has none. A view
/// reads every element of its base once.
struct View {
  llvm::SmallVector<llvm::SmallVector<Factor, 2>, 4> dims;

  static View identity(llvm::ArrayRef<int64_t> shape);
  Shape shape() const;
  View transposed(llvm::ArrayRef<int64_t> perm) const;
  /// Nothing where a dimension of `shape` would need a part of two factors.
  std::optional<View> reshaped(llvm::ArrayRef<int64_t> shape) const;
  /// All factors in order, merged where two read consecutive elements.
  llvm::SmallVector<Factor> flat() const;
  /// Whether it reads the base in order.
  bool isContiguous() const;
  bool operator==(const View &o) const { return dims == o.dims; }
};

} // namespace intq::conversion

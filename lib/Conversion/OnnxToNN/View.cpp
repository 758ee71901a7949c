// Strided views: composition of reshapes and transposes.
#include "View.h"

using namespace intq;
using namespace intq::conversion;

View View::identity(llvm::ArrayRef<int64_t> shape) {
  View view;
  int64_t stride = 1;
  for (int64_t dim : llvm::reverse(shape)) {
    view.dims.emplace_back();
    if (dim != 1)
      view.dims.back().push_back({dim, stride});
    stride *= dim;
  }
  std::reverse(view.dims.begin(), view.dims.end());
  return view;
}

Shape View::shape() const {
  Shape out;
  for (const auto &dim : dims) {
    out.push_back(1);
    for (Factor factor : dim)
      out.back() *= factor.size;
  }
  return out;
}

View View::transposed(llvm::ArrayRef<int64_t> perm) const {
  View view;
  for (int64_t from : perm)
    view.dims.push_back(dims[from]);
  return view;
}

static void append(llvm::SmallVectorImpl<Factor> &list, Factor factor) {
  if (!list.empty() && list.back().stride == factor.stride * factor.size)
    list.back() = {list.back().size * factor.size, factor.stride};
  else
    list.push_back(factor);
}

llvm::SmallVector<Factor> View::flat() const {
  llvm::SmallVector<Factor> out;
  for (const auto &dim : dims)
    for (Factor factor : dim)
      append(out, factor);
  return out;
}

bool View::isContiguous() const {
  auto factors = flat();
  return factors.empty() || (factors.size() == 1 && factors[0].stride == 1);
}

std::optional<View> View::reshaped(llvm::ArrayRef<int64_t> shape) const {
  auto factors = flat();
  std::reverse(factors.begin(), factors.end()); // taken from the back
  View view;
  for (int64_t dim : shape) {
    auto &out = view.dims.emplace_back();
    int64_t left = dim;
    while (left > 1) {
      if (factors.empty())
        return std::nullopt;
      Factor &next = factors.back();
      if (left % next.size == 0) {
        left /= next.size;
        out.push_back(next);
        factors.pop_back();
      } else if (next.size % left == 0) {
        int64_t inner = next.size / left;
        out.push_back({left, next.stride * inner});
        next.size = inner;
        left = 1;
      } else {
        return std::nullopt;
      }
    }
  }
  return factors.empty() ? std::optional<View>(view) : std::nullopt;
}

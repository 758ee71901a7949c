// NumPy broadcasting of static shapes.
#include "intq/Dialect/NN/Broadcast.h"
#include <algorithm>

using namespace llvm;

FailureOr<SmallVector<int64_t>> intq::broadcastShapes(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  SmallVector<int64_t> result(a);
  size_t added = a.size() - b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    int64_t &size = result[added + i];
    if (size != b[i] && size != 1 && b[i] != 1)
      return failure();
    size = std::max(size, b[i]);
  }
  return result;
}

bool intq::broadcastsTo(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  if (from.size() > to.size())
    return false;
  ArrayRef<int64_t> aligned = to.take_back(from.size());
  return std::equal(from.begin(), from.end(), aligned.begin(),
                    [](int64_t f, int64_t t) { return f == t || f == 1; });
}

SmallVector<int64_t> intq::broadcastStrides(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  SmallVector<int64_t> strides(to.size(), 0);
  int64_t stride = 1;
  for (size_t i = from.size(); i-- > 0;) {
    if (from[i] != 1)
      strides[to.size() - from.size() + i] = stride;
    stride *= from[i];
  }
  return strides;
}

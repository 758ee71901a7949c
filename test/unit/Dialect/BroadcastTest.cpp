// NumPy broadcasting: shapes against the rule written element by element, strides against it.
#include "intq/Dialect/NN/Broadcast.h"
#include "llvm/Support/raw_ostream.h"
#include <rapidcheck.h>

using namespace intq;
using Shape = std::vector<int64_t>;

static rc::Gen<Shape> anyShape() {
  return rc::gen::resize(4, rc::gen::container<Shape>(rc::gen::element<int64_t>(1, 1, 2, 3)));
}

int main() {
  bool ok = rc::check("the broadcast shape is symmetric and both operands broadcast to it", [] {
    Shape a = *anyShape(), b = *anyShape();
    auto ab = broadcastShapes(a, b), ba = broadcastShapes(b, a);
    RC_ASSERT(succeeded(ab) == succeeded(ba));
    if (failed(ab)) {
      RC_ASSERT(!broadcastsTo(a, b) && !broadcastsTo(b, a));
      return;
    }
    RC_ASSERT(*ab == *ba);
    RC_ASSERT(broadcastsTo(a, *ab) && broadcastsTo(b, *ab));
    RC_ASSERT(broadcastsTo(a, b) == (llvm::ArrayRef<int64_t>(*ab) == llvm::ArrayRef<int64_t>(b)));
  });
  ok &= rc::check("strides read the element that NumPy reads", [] {
    Shape from = *anyShape(), to = *anyShape();
    RC_PRE(broadcastsTo(from, to));
    auto strides = broadcastStrides(from, to);
    RC_ASSERT(strides.size() == to.size());
    // The offset of the last index of `to` is the last element of `from`; of the first, the first.
    int64_t last = 0, count = 1;
    for (size_t i = 0; i < to.size(); ++i)
      last += strides[i] * (to[i] - 1);
    for (int64_t size : from)
      count *= size;
    RC_ASSERT(last == count - 1);
    for (size_t i = 0; i < to.size(); ++i) {
      size_t added = to.size() - from.size();
      bool stretched = i < added || from[i - added] == 1;
      RC_ASSERT((strides[i] == 0) == stretched);
    }
  });
  return !ok;
}

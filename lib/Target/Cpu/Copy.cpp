// Strided copies: dimensions are merged where both sides allow it, then rows are copied.
#include "Copy.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace intq::cpu;

SmallVector<int64_t> intq::cpu::denseStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t d = int64_t(shape.size()) - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * shape[d + 1];
  return strides;
}

/// Drops dimensions of size 1 and merges neighbours that are one dimension on both sides.
static StridedCopy simplify(const StridedCopy &copy) {
  StridedCopy out;
  out.fromBase = copy.fromBase;
  out.toBase = copy.toBase;
  for (auto [size, from, to] : llvm::zip_equal(copy.sizes, copy.fromStrides, copy.toStrides)) {
    if (size == 1)
      continue;
    if (!out.sizes.empty() && out.fromStrides.back() == from * size && out.toStrides.back() == to * size) {
      out.sizes.back() *= size;
      out.fromStrides.back() = from;
      out.toStrides.back() = to;
      continue;
    }
    out.sizes.push_back(size);
    out.fromStrides.push_back(from);
    out.toStrides.push_back(to);
  }
  if (out.sizes.empty()) {
    out.sizes = {1};
    out.fromStrides = {1};
    out.toStrides = {1};
  }
  return out;
}

/// Where iteration `i` over `sizes` begins on each side.
static std::pair<Value, Value> offsets(KernelBuilder &k, const StridedCopy &copy, Value i) {
  Value from = k.index(copy.fromBase), to = k.index(copy.toBase);
  for (int64_t d = int64_t(copy.sizes.size()) - 1; d >= 0; --d) {
    Value at = d ? k.remIndex(i, copy.sizes[d]) : i;
    from = k.addIndex(from, k.mulIndex(at, copy.fromStrides[d]));
    to = k.addIndex(to, k.mulIndex(at, copy.toStrides[d]));
    if (d)
      i = k.divIndex(i, copy.sizes[d]);
  }
  return {from, to};
}

static StridedCopy without(const StridedCopy &copy, ArrayRef<unsigned> dims) {
  StridedCopy out;
  out.fromBase = copy.fromBase;
  out.toBase = copy.toBase;
  for (unsigned d = 0; d < copy.sizes.size(); ++d)
    if (!llvm::is_contained(dims, d)) {
      out.sizes.push_back(copy.sizes[d]);
      out.fromStrides.push_back(copy.fromStrides[d]);
      out.toStrides.push_back(copy.toStrides[d]);
    }
  return out;
}

/// Rows that are contiguous in the result, and contiguous or one value in the source.
static void copyRows(KernelBuilder &k, const StridedCopy &copy, Value from, Value to) {
  StridedCopy outer = without(copy, {unsigned(copy.sizes.size() - 1)});
  int64_t row = copy.sizes.back(), rows = llvm::product_of(outer.sizes);
  bool constant = copy.fromStrides.back() == 0;
  auto move = [&](Value source, Value target, Lanes lanes) {
    Value v = constant ? k.splat(k.loadScalar(from, source)) : k.load(from, source, lanes);
    k.store(v, to, target, lanes);
  };
  if (rows == 1)
    return k.parallelLanes(row, [&](Lanes lanes) { move(k.index(copy.fromBase), k.index(copy.toBase), lanes); });
  k.parallelFor(rows, row, [&](Value i) {
    auto [source, target] = offsets(k, outer, i);
    k.forLanes(row, [&, source = source, target = target](Lanes lanes) { move(source, target, lanes); });
  });
}

/// Dimension `p` is contiguous in the source, the last one in the result: sixteen elements along p
/// are loaded at once and scattered.
static void copyTransposed(KernelBuilder &k, const StridedCopy &copy, unsigned p, Value from, Value to) {
  unsigned q = copy.sizes.size() - 1;
  StridedCopy outer = without(copy, {p, q});
  int64_t count = llvm::product_of(outer.sizes), groups = copy.sizes[p] / kLanes, tail = copy.sizes[p] % kLanes;
  auto scatter = [&](Value source, Value target, Value j, Value at, int64_t lanes) {
    Value s = k.addIndex(k.addIndex(source, k.mulIndex(j, copy.fromStrides[q])), at);
    Value t = k.addIndex(k.addIndex(target, k.mulIndex(j, copy.toStrides[q])), k.mulIndex(at, copy.toStrides[p]));
    Value vector = lanes == kLanes ? k.load(from, {}, {s, {}}) : Value();
    for (int64_t l = 0; l < lanes; ++l) {
      Value element = vector ? vector::ExtractOp::create(k.b, k.loc, vector, ArrayRef<int64_t>{l}).getResult()
                             : k.loadScalar(from, k.addIndex(s, k.index(l)));
      k.storeScalar(element, to, k.addIndex(t, k.index(l * copy.toStrides[p])));
    }
  };
  auto column = [&](Value source, Value target, Value at, int64_t lanes) {
    k.loop(copy.sizes[q], [&](Value j) { scatter(source, target, j, at, lanes); });
  };
  k.parallelFor(count * groups, copy.sizes[q] * kLanes, [&](Value i) {
    auto [source, target] = offsets(k, outer, k.divIndex(i, groups));
    column(source, target, k.mulIndex(k.remIndex(i, groups), kLanes), kLanes);
  });
  if (tail)
    k.parallelFor(count, copy.sizes[q] * tail, [&](Value i) {
      auto [source, target] = offsets(k, outer, i);
      column(source, target, k.index(copy.sizes[p] - tail), tail);
    });
}

/// Any strides, an element at a time.
static void copyElements(KernelBuilder &k, const StridedCopy &copy, Value from, Value to) {
  StridedCopy outer = without(copy, {unsigned(copy.sizes.size() - 1)});
  k.parallelFor(llvm::product_of(outer.sizes), copy.sizes.back(), [&](Value i) {
    auto [source, target] = offsets(k, outer, i);
    k.loop(copy.sizes.back(), [&, source = source, target = target](Value j) {
      Value v = k.loadScalar(from, k.addIndex(source, k.mulIndex(j, copy.fromStrides.back())));
      k.storeScalar(v, to, k.addIndex(target, k.mulIndex(j, copy.toStrides.back())));
    });
  });
}

void intq::cpu::emitCopy(KernelBuilder &k, StridedCopy copy, Value from, Value to) {
  copy = simplify(copy);
  bool rows = copy.toStrides.back() == 1 && copy.fromStrides.back() <= 1;
  if (rows)
    return copyRows(k, copy, from, to);
  auto *contiguous = llvm::find(copy.fromStrides, 1);
  if (copy.toStrides.back() == 1 && contiguous != copy.fromStrides.end())
    return copyTransposed(k, copy, contiguous - copy.fromStrides.begin(), from, to);
  copyElements(k, copy, from, to);
}

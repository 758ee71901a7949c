// Scale blocks of any shape, an element at a time: the formats that no recipe of speed uses.
#include "Blocks.h"
#include "Copy.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Format/Philox.h"
#include "intq/Format/Quantize.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

using Values = KernelBuilder::Values;

namespace {
/// The elements of one scale block: nested loops over its extent in each dimension.
class BlockWalk {
public:
  BlockWalk(KernelBuilder &k, QType type, Value block) : k(k), strides(denseStrides(type.getShape())) {
    SmallVector<int64_t> counts = type.getScaleShape();
    begins.resize(counts.size());
    ends.resize(counts.size());
    for (int64_t d = counts.size() - 1; d >= 0; --d) {
      int64_t size = type.getBlockSize(d);
      begins[d] = k.mulIndex(k.remIndex(block, counts[d]), size);
      ends[d] = k.minIndex(k.addIndex(begins[d], k.index(size)), k.index(type.getShape()[d]));
      block = k.divIndex(block, counts[d]);
    }
  }

  /// body(index of each dimension, row-major index, carried) → carried.
  Values walk(Values init, llvm::function_ref<Values(ArrayRef<Value>, Value, ValueRange)> body) {
    return nest(0, k.index(0), init, body);
  }

private:
  using Body = llvm::function_ref<Values(ArrayRef<Value>, Value, ValueRange)>;
  Values nest(size_t d, Value element, Values init, Body body) {
    if (d == strides.size())
      return body(indices, element, init);
    return k.loop(begins[d], ends[d], 1, init, [&](Value i, ValueRange carried) {
      indices.resize(d);
      indices.push_back(i);
      return nest(d + 1, k.addIndex(element, k.mulIndex(i, strides[d])), Values(carried), body);
    });
  }

  KernelBuilder &k;
  SmallVector<int64_t> strides;
  Values begins, ends, indices;
};
} // namespace

/// x, or mul(x, fold).
static Value foldedValue(KernelBuilder &k, QuantizeOp op, ArrayRef<Value> indices, Value element) {
  Value x = k.loadScalar(k.operand(0), element);
  if (!op.getFold())
    return x;
  ArrayRef<int64_t> shape = cast<ShapedType>(op.getFold().getType()).getShape();
  SmallVector<int64_t> strides = denseStrides(shape);
  Value at = k.index(0);
  for (size_t i = 0, d = indices.size() - shape.size(); i < shape.size(); ++i, ++d)
    if (shape[i] != 1)
      at = k.addIndex(at, k.mulIndex(indices[d], strides[i]));
  return k.scalar().mul(x, k.loadScalar(k.operand(1), at));
}

/// The element whose draw serves: that of the row before it was gathered.
static Value drawnElement(KernelBuilder &k, QuantizeOp op, ArrayRef<Value> indices, Value element) {
  if (!op.getRows())
    return element;
  Value row = k.loadIndex(k.operand(op.getFold() ? 3 : 2), indices[0]);
  return k.addIndex(k.mulIndex(row, op.getType().getShape()[1]), indices[1]);
}

/// The random bits of one element (Spec N5, F4).
static Value drawOf(KernelBuilder &k, Value rng, Value element, int bits) {
  VectorMachine s = k.scalar();
  int64_t perGroup = bits > 16 ? 4 : 8;
  auto word = [&](int i) { return k.loadScalar(rng, k.index(i)); };
  RandomKey<VectorMachine> key{word(0), word(1), word(2), word(3), k.stream()};
  auto narrow = [&](Value v) { return arith::TruncIOp::create(k.b, k.loc, k.b.getI32Type(), v).getResult(); };
  auto i64 = [&](Value v) { return arith::IndexCastOp::create(k.b, k.loc, k.b.getI64Type(), v).getResult(); };
  Value group = i64(k.divIndex(element, perGroup));
  Value high = narrow(arith::ShRUIOp::create(k.b, k.loc, group, k.i64(32)));
  Words4<VectorMachine> words = randomGroup(s, key, narrow(group), high);
  Value position = narrow(i64(k.remIndex(element, perGroup)));
  Value drawn;
  for (int p = 0; p < perGroup; ++p) {
    Value candidate = intq::draw(s, words, p, bits);
    drawn = p ? s.selectI(s.eqI(position, s.constantI(p)), candidate, drawn) : candidate;
  }
  return drawn;
}

LogicalResult intq::cpu::emitQuantizeBlocks(KernelBuilder &k) {
  auto op = cast<QuantizeOp>(k.op);
  QType type = op.getType();
  int width = type.getWidth();
  VectorMachine s = k.scalar();
  int64_t blocks = type.getScalesType().getNumElements(), elements = type.getFloatType().getNumElements();
  k.parallelFor(blocks, llvm::divideCeil(elements, blocks), [&](Value block) {
    BlockWalk walk(k, type, block);
    Value amax = walk.walk({k.i32(0)}, [&](ArrayRef<Value> at, Value element, ValueRange acc) {
      return Values{s.maxI(acc[0], magnitudeBits(s, foldedValue(k, op, at, element)))};
    })[0];
    Value scale = type.getScale() == ScaleKind::Pow2 ? scalePow2(s, amax, width) : scaleF32(s, amax, width);
    Value finite = isFiniteBits(s, amax), r = reciprocal(s, scale);
    k.storeScalar(scale, k.resultScales(), block);
    Value wrong = s.ltI(s.constantI(kNonfiniteBits - 1), amax);
    k.when(wrong, [&] { k.storeScalar(k.i32(1), k.status(), k.index(0)); });
    walk.walk({}, [&](ArrayRef<Value> at, Value element, ValueRange) {
      Value x = foldedValue(k, op, at, element), code;
      if (op.getRounding() == Rounding::Stochastic)
        code = encodeStochastic(s, x, r, finite,
                                drawOf(k, k.operand(op.getFold() ? 2 : 1), drawnElement(k, op, at, element),
                                       stochasticBits(width)),
                                width);
      else
        code = encodeNearest(s, x, r, finite, width);
      k.storeScalar(arith::TruncIOp::create(k.b, k.loc, type.getStorageType(), code), k.result(), element);
      return Values{};
    });
  });
  return success();
}

LogicalResult intq::cpu::emitDequantizeBlocks(KernelBuilder &k) {
  QType type = cast<DequantizeOp>(k.op).getQ().getType();
  VectorMachine s = k.scalar();
  int64_t blocks = type.getScalesType().getNumElements(), elements = type.getFloatType().getNumElements();
  k.parallelFor(blocks, llvm::divideCeil(elements, blocks), [&](Value block) {
    Value scale = k.loadScalar(k.operandScales(0), block);
    BlockWalk(k, type, block).walk({}, [&](ArrayRef<Value>, Value element, ValueRange) {
      Value code = arith::ExtSIOp::create(k.b, k.loc, k.b.getI32Type(), k.loadScalar(k.operand(0), element));
      k.storeScalar(decode(s, code, scale), k.result(), element);
      return Values{};
    });
  });
  return success();
}

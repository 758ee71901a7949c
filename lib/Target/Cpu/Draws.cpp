// Random draws of consecutive elements.
#include "Draws.h"
#include "intq/Format/Philox.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

Draws::Draws(KernelBuilder &k, Value rng, int bits) : k(k), bits(bits) {
  for (int i = 0; i < 4; ++i)
    key.push_back(k.splat(k.loadScalar(rng, k.index(i))));
  key.push_back(k.splat(k.stream()));
}

void Draws::allocate(int64_t count) {
  // A span may start inside a group, and the last vector of groups is written whole.
  int64_t step = kLanes * perGroup();
  int64_t size = llvm::divideCeil(count + perGroup() - 1, step) * step + kLanes;
  Type element = bits > 16 ? k.b.getI32Type() : k.b.getIntegerType(16);
  buffer = k.stackBuffer(size, element);
}

void Draws::fill(Value first, int64_t count, int64_t divisor) {
  OpBuilder &b = k.b;
  Location loc = k.loc;
  VectorMachine v = k.vector();
  int64_t step = kLanes * perGroup();
  // A span that starts with a group needs no more vectors than its elements.
  bool aligned = divisor % perGroup() == 0;
  offset = aligned ? k.index(0) : k.remIndex(first, perGroup());
  Value firstGroup = k.divIndex(first, perGroup());
  SmallVector<int64_t> lanes = llvm::to_vector(llvm::seq<int64_t>(0, kLanes));
  auto wide = VectorType::get({kLanes}, b.getI64Type());
  Value iota = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(wide, ArrayRef<int64_t>(lanes)));
  int64_t vectors = llvm::divideCeil(count + (aligned ? 0 : perGroup() - 1), step);
  k.loop(vectors, [&](Value i) {
    Value group = k.addIndex(firstGroup, k.mulIndex(i, kLanes));
    Value group64 = arith::IndexCastOp::create(b, loc, b.getI64Type(), group);
    Value groups = arith::AddIOp::create(b, loc, k.splat(group64), iota);
    Value low = arith::TruncIOp::create(b, loc, v.type(b.getI32Type()), groups);
    Value shift = k.splat(k.i64(32));
    Value high = arith::TruncIOp::create(b, loc, v.type(b.getI32Type()),
                                         arith::ShRUIOp::create(b, loc, groups, shift));
    RandomKey<VectorMachine> random{key[0], key[1], key[2], key[3], key[4]};
    Words4<VectorMachine> words = randomGroup(v, random, low, high);
    if (bits > 16)
      for (Value &word : words)
        word = v.shrU(word, 32 - bits);
    // Memory order is group after group: words 0, 1, 2, 3 of the first, of the second, …
    auto interleave = [&](Value x, Value y) -> Value { return vector::InterleaveOp::create(b, loc, x, y); };
    Value all = interleave(interleave(words[0], words[2]), interleave(words[1], words[3]));
    if (bits <= 16)
      all = vector::BitCastOp::create(b, loc, VectorType::get({step}, b.getIntegerType(16)), all);
    vector::StoreOp::create(b, loc, all, buffer, ValueRange{k.mulIndex(i, step)});
  });
}

Value Draws::get(Value position, Lanes lanes) {
  Value at = k.addIndex(k.addIndex(offset, position), lanes.index);
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  Value draw = vector::LoadOp::create(k.b, k.loc, VectorType::get({kLanes}, element), buffer, ValueRange{at});
  if (bits > 16)
    return draw;
  VectorMachine v = k.vector();
  draw = arith::ExtUIOp::create(k.b, k.loc, v.type(k.b.getI32Type()), draw);
  return bits < 16 ? v.shrU(draw, 16 - bits) : draw;
}

void intq::cpu::forEachDraw(KernelBuilder &k, Value rng, int64_t total,
                            function_ref<void(Value, Lanes, Value)> body) {
  constexpr int64_t kTaskElements = 1024;
  Draws draws(k, rng, 16);
  auto span = [&](Value first, int64_t count) {
    draws.fill(first, count, kTaskElements);
    k.forLanes(count, [&](Lanes lanes) { body(first, lanes, draws.get(k.index(0), lanes)); });
  };
  k.parallelFor(total / kTaskElements, kTaskElements,
                [&](Value task) { span(k.mulIndex(task, kTaskElements), kTaskElements); },
                [&] { draws.allocate(kTaskElements); });
  if (int64_t rest = total % kTaskElements) {
    draws.allocate(rest);
    span(k.index(total - rest), rest);
  }
}

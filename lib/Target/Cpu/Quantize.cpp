// Kernels of intq.quantize: one scale a row, a tensor, or a block of rows by columns (Spec F1–F4, N9).
#include "Blocks.h"
#include "Draws.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Format/Quantize.h"
#include "intq/Target/Cpu/Kernel.h"
#include <numeric>

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

namespace {
/// Elements that one task touches at least, so that loops are worth their start.
constexpr int64_t kTaskElements = 1024;

class QuantizeKernel {
public:
  explicit QuantizeKernel(KernelBuilder &k);
  LogicalResult emit();

private:
  void perRow();
  void perTensor();
  void perBlock();
  void columnScales(Value amax, Value factors, Value scaleBase, int64_t slab);
  void blockScales(Value amax, Value factors, Value scaleBase, int64_t slab);

  /// Where a row of x lies: its index, that of its batch, its first element.
  struct Row {
    Value batch, row, base;
    Value factor; // splat, where the fold has one value a row
  };
  Row rowAt(Value batch, Value row);
  /// x, or mul(x, fold), at column + lanes of the row.
  Value value(const Row &at, Value column, Lanes lanes);
  Value magnitude(const Row &at, Value column, Lanes lanes);
  Value scaleOf(VectorMachine m, Value amax);
  Value encode(Value x, Value r, Value finite, Value position, Lanes lanes);
  void raiseStatus(Value finite);
  bool stochastic() { return op.getRounding() == Rounding::Stochastic; }
  /// Draws for `count` elements of a row from `column` on, by the number of the row before it was gathered.
  void fillGathered(const Row &at, Value column, int64_t count);
  /// Where the draws of a row begin, in those of a task whose first element is `first`.
  Value positionOf(const Row &at, Value first) {
    return op.getRows() ? k.index(0) : arith::SubIOp::create(k.b, k.loc, at.base, first).getResult();
  }

  KernelBuilder &k;
  QuantizeOp op;
  QType type;
  VectorMachine v, s;
  int64_t batches = 1, rows = 1, columns;
  int64_t blockColumns; // of a scale
  Value fold;
  int64_t foldBatch = 0, foldRow = 0, foldColumn = 0; // strides
  std::optional<Draws> draws;
};
} // namespace

QuantizeKernel::QuantizeKernel(KernelBuilder &k)
    : k(k), op(cast<QuantizeOp>(k.op)), type(op.getType()), v(k.vector()), s(k.scalar()) {
  ArrayRef<int64_t> shape = type.getShape();
  columns = shape.back();
  if (shape.size() > 1)
    rows = shape[shape.size() - 2];
  batches = type.getFloatType().getNumElements() / (rows * columns);
  blockColumns = std::min(type.getBlockSize(shape.size() - 1), columns);
}

LogicalResult QuantizeKernel::emit() {
  int64_t rank = type.getRank();
  if (op.getFold()) {
    fold = k.operand(1);
    SmallVector<int64_t> shape(cast<RankedTensorType>(op.getFold().getType()).getShape());
    shape.insert(shape.begin(), rank - shape.size(), 1);
    int64_t r = rank > 1 ? shape[rank - 2] : 1, c = shape[rank - 1];
    int64_t leading = 1;
    for (int64_t d = 0; d + 2 < rank; ++d)
      leading *= shape[d];
    if (leading != 1 && leading != batches)
      return emitQuantizeBlocks(k);
    foldColumn = c > 1, foldRow = r > 1 ? c : 0, foldBatch = leading > 1 ? r * c : 0;
  }
  SmallVector<int64_t> scales = type.getScaleShape();
  bool leadingOne = true;
  for (int64_t d = 0; d + 2 < rank; ++d)
    leadingOne &= scales[d] == type.getShape()[d];
  int64_t scaleRows = rank > 1 ? scales[rank - 2] : 1, scaleColumns = scales[rank - 1];
  bool oneForAll = llvm::all_of(scales, [](int64_t d) { return d == 1; });
  bool oneARow = leadingOne && scaleRows == rows && scaleColumns == 1;
  bool wholeVectors = blockColumns == 1 || blockColumns % kLanes == 0 || scaleColumns == 1;
  if (!oneForAll && !oneARow && !(leadingOne && wholeVectors))
    return emitQuantizeBlocks(k);
  if (stochastic())
    draws.emplace(k, k.operand(op.getFold() ? 2 : 1), stochasticBits(type.getWidth()));
  if (oneForAll)
    perTensor();
  else if (oneARow)
    perRow();
  else
    perBlock();
  return success();
}

QuantizeKernel::Row QuantizeKernel::rowAt(Value batch, Value row) {
  Row at{batch, row, k.mulIndex(k.addIndex(k.mulIndex(batch, rows), row), columns), nullptr};
  if (fold && !foldColumn) {
    Value index = k.addIndex(k.mulIndex(batch, foldBatch), k.mulIndex(row, foldRow));
    at.factor = k.splat(k.loadScalar(fold, index));
  }
  return at;
}

Value QuantizeKernel::value(const Row &at, Value column, Lanes lanes) {
  Value x = k.load(k.operand(0), k.addIndex(at.base, column), lanes);
  if (!fold)
    return x;
  if (at.factor)
    return v.mul(x, at.factor);
  Value base = k.addIndex(k.addIndex(k.mulIndex(at.batch, foldBatch), k.mulIndex(at.row, foldRow)), column);
  return v.mul(x, k.load(fold, base, lanes));
}

Value QuantizeKernel::magnitude(const Row &at, Value column, Lanes lanes) {
  return k.maskedValue(magnitudeBits(v, value(at, column, lanes)), lanes);
}

Value QuantizeKernel::scaleOf(VectorMachine m, Value amax) {
  return type.getScale() == ScaleKind::Pow2 ? scalePow2(m, amax, type.getWidth())
                                            : scaleF32(m, amax, type.getWidth());
}

Value QuantizeKernel::encode(Value x, Value r, Value finite, Value position, Lanes lanes) {
  if (!stochastic())
    return encodeNearest(v, x, r, finite, type.getWidth());
  return encodeStochastic(v, x, r, finite, draws->get(position, lanes), type.getWidth());
}

void QuantizeKernel::fillGathered(const Row &at, Value column, int64_t count) {
  Value row = k.loadIndex(k.operand(op.getFold() ? 3 : 2), at.row);
  draws->fill(k.addIndex(k.mulIndex(row, columns), column), count, std::gcd(columns, count));
}

void QuantizeKernel::raiseStatus(Value finite) {
  Value wrong = s.eqI(arith::ExtUIOp::create(k.b, k.loc, k.b.getI32Type(), finite), s.constantI(0));
  k.when(wrong, [&] { k.storeScalar(k.i32(1), k.status(), k.index(0)); });
}

void QuantizeKernel::perRow() {
  int64_t total = batches * rows, each = std::max<int64_t>(1, kTaskElements / columns);
  auto setup = [&] {
    if (draws)
      draws->allocate(each * columns);
  };
  k.parallelFor(llvm::divideCeil(total, each), each * columns, [&](Value task) {
    Value begin = k.mulIndex(task, each);
    Value end = k.minIndex(k.addIndex(begin, k.index(each)), k.index(total));
    Value first = k.mulIndex(begin, columns);
    if (draws && !op.getRows())
      draws->fill(first, each * columns, each * columns);
    k.loop(begin, end, 1, [&](Value i) {
      Row at = rowAt(k.divIndex(i, rows), k.remIndex(i, rows));
      if (op.getRows())
        fillGathered(at, k.index(0), columns);
      Value amax = k.maxInteger(k.reduceLanes(columns, {v.constantI(0)}, [&](Lanes lanes, ValueRange acc) {
        return KernelBuilder::Values{v.maxI(acc[0], magnitude(at, k.index(0), lanes))};
      })[0]);
      Value scale = scaleOf(s, amax), finite = isFiniteBits(s, amax);
      k.storeScalar(scale, k.resultScales(), i);
      raiseStatus(finite);
      Value r = k.splat(reciprocal(s, scale)), good = k.splat(finite);
      Value position = positionOf(at, first);
      k.forLanes(columns, [&](Lanes lanes) {
        k.storeCodes(encode(value(at, k.index(0), lanes), r, good, position, lanes), k.result(), at.base, lanes);
      });
    });
  }, setup);
}

void QuantizeKernel::perTensor() {
  int64_t total = batches * rows, each = std::max<int64_t>(1, kTaskElements / columns);
  int64_t tasks = llvm::divideCeil(total, each);
  Value partial = k.scratch(tasks, k.b.getI32Type());
  auto forRows = [&](Value task, llvm::function_ref<void(Row)> body) {
    Value begin = k.mulIndex(task, each);
    Value end = k.minIndex(k.addIndex(begin, k.index(each)), k.index(total));
    k.loop(begin, end, 1, [&](Value i) { body(rowAt(k.divIndex(i, rows), k.remIndex(i, rows))); });
  };
  k.parallelFor(tasks, each * columns, [&](Value task) {
    k.storeScalar(k.i32(0), partial, task);
    forRows(task, [&](Row at) {
      Value amax = k.maxInteger(k.reduceLanes(columns, {v.constantI(0)}, [&](Lanes lanes, ValueRange acc) {
        return KernelBuilder::Values{v.maxI(acc[0], magnitude(at, k.index(0), lanes))};
      })[0]);
      k.storeScalar(s.maxI(amax, k.loadScalar(partial, task)), partial, task);
    });
  });
  Value amax = k.loop(k.index(0), k.index(tasks), 1, {k.i32(0)}, [&](Value i, ValueRange acc) {
    return KernelBuilder::Values{s.maxI(acc[0], k.loadScalar(partial, i))};
  })[0];
  Value scale = scaleOf(s, amax), finite = isFiniteBits(s, amax);
  k.storeScalar(scale, k.resultScales(), k.index(0));
  raiseStatus(finite);
  Value r = k.splat(reciprocal(s, scale)), good = k.splat(finite);
  auto setup = [&] {
    if (draws)
      draws->allocate(each * columns);
  };
  k.parallelFor(tasks, each * columns, [&](Value task) {
    Value first = k.mulIndex(task, each * columns);
    if (draws && !op.getRows())
      draws->fill(first, each * columns, each * columns);
    forRows(task, [&](Row at) {
      if (op.getRows())
        fillGathered(at, k.index(0), columns);
      Value position = positionOf(at, first);
      k.forLanes(columns, [&](Lanes lanes) {
        k.storeCodes(encode(value(at, k.index(0), lanes), r, good, position, lanes), k.result(), at.base, lanes);
      });
    });
  }, setup);
}

/// One scale a column of the slab.
void QuantizeKernel::columnScales(Value amax, Value factors, Value scaleBase, int64_t slab) {
  k.forLanes(slab, [&](Lanes lanes) {
    Value bits = k.load(amax, nullptr, lanes), scale = scaleOf(v, bits);
    k.store(scale, k.resultScales(), scaleBase, lanes);
    k.store(reciprocal(v, scale), factors, nullptr, lanes);
    raiseStatus(isFiniteBits(s, k.maxInteger(bits)));
  });
}

/// One scale a block of columns; its largest magnitude goes to all of them.
void QuantizeKernel::blockScales(Value amax, Value factors, Value scaleBase, int64_t slab) {
  k.loop(llvm::divideCeil(slab, blockColumns), [&](Value block) {
    Value first = k.mulIndex(block, blockColumns);
    Value largest = k.maxInteger(k.reduceLanes(blockColumns, {v.constantI(0)}, [&](Lanes lanes, ValueRange acc) {
      return KernelBuilder::Values{v.maxI(acc[0], k.load(amax, first, lanes))};
    })[0]);
    Value scale = scaleOf(s, largest);
    k.storeScalar(scale, k.resultScales(), k.addIndex(scaleBase, block));
    raiseStatus(isFiniteBits(s, largest));
    Value r = k.splat(reciprocal(s, scale)), bits = k.splat(largest);
    k.forLanes(blockColumns, [&](Lanes lanes) {
      k.store(bits, amax, first, lanes);
      k.store(r, factors, first, lanes);
    });
  });
}

void QuantizeKernel::perBlock() {
  int64_t rank = type.getRank(), block = rank > 1 ? type.getBlockSize(rank - 2) : 1;
  int64_t chunks = llvm::divideCeil(rows, block), blocksPerRow = llvm::divideCeil(columns, blockColumns);
  constexpr int64_t kSlab = 256;
  int64_t slab = columns % kSlab == 0 && kSlab % blockColumns == 0 ? kSlab : columns, slabs = columns / slab;
  int64_t padded = llvm::alignTo(llvm::alignTo(slab, blockColumns), kLanes);
  Value amax, factors;
  auto setup = [&] {
    amax = k.stackBuffer(padded, k.b.getI32Type());
    factors = k.stackBuffer(padded, k.b.getF32Type());
    if (draws)
      draws->allocate(slab);
  };
  k.parallelFor(batches * chunks * slabs, std::min(block, rows) * slab, [&](Value task) {
    Value column = k.mulIndex(k.remIndex(task, slabs), slab), rest = k.divIndex(task, slabs);
    Value begin = k.mulIndex(k.remIndex(rest, chunks), block), batch = k.divIndex(rest, chunks);
    Value end = k.minIndex(k.addIndex(begin, k.index(block)), k.index(rows));
    k.forLanes(padded, [&](Lanes lanes) { k.store(v.constantI(0), amax, nullptr, lanes); });
    k.loop(begin, end, 1, [&](Value row) {
      Row at = rowAt(batch, row);
      k.forLanes(slab, [&](Lanes lanes) {
        k.store(v.maxI(k.load(amax, nullptr, lanes), magnitude(at, column, lanes)), amax, nullptr, lanes);
      });
    });
    Value scaleBase = k.addIndex(k.mulIndex(rest, blocksPerRow), k.divIndex(column, blockColumns));
    blockColumns == 1 ? columnScales(amax, factors, scaleBase, slab) : blockScales(amax, factors, scaleBase, slab);
    k.loop(begin, end, 1, [&](Value row) {
      Row at = rowAt(batch, row);
      Value base = k.addIndex(at.base, column);
      if (op.getRows())
        fillGathered(at, column, slab);
      else if (draws)
        draws->fill(base, slab, std::gcd(columns, slab));
      k.forLanes(slab, [&](Lanes lanes) {
        Value finite = isFiniteBits(v, k.load(amax, nullptr, lanes));
        Value code = encode(value(at, column, lanes), k.load(factors, nullptr, lanes), finite, k.index(0), lanes);
        k.storeCodes(code, k.result(), base, lanes);
      });
    });
  }, setup);
}

static LogicalResult emitQuantize(KernelBuilder &k) { return QuantizeKernel(k).emit(); }

void intq::cpu::addQuantizeKernels(KernelRegistry &registry) {
  registry["intq.quantize"] = {emitQuantize};
}

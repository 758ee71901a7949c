// Kernels of float sums: nn.reduce_sum and nn.bias_grad.
#include "Reduce.h"
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

static constexpr int64_t kChunkRows = 128; // Spec N3
/// Columns of one task: enough for whole cache lines of every row.
static constexpr int64_t kTaskColumns = 256;
/// Columns that are summed at once.
static constexpr int64_t kWideColumns = 64;

void intq::cpu::emitColumnSums(KernelBuilder &k, int64_t rows, int64_t columns, Value result,
                               llvm::function_ref<Value(Value, Lanes)> get) {
  VectorMachine m = k.vector();
  int64_t chunks = llvm::divideCeil(rows, kChunkRows);
  Value sums = chunks == 1 ? result : k.scratch(chunks * columns, k.b.getF32Type());
  auto sumChunk = [&](Value chunk, Value column, int64_t count) {
    Value first = k.mulIndex(chunk, kChunkRows), end = k.addIndex(first, k.index(kChunkRows));
    if (rows % kChunkRows)
      end = k.minIndex(end, k.index(rows));
    // Several vectors of a row at once: a row is a line of memory, the next one is far away.
    auto sumColumns = [&](Value from, llvm::ArrayRef<Lanes> groups) {
      SmallVector<Lanes> at;
      for (Lanes lanes : groups)
        at.push_back({k.addIndex(k.addIndex(column, from), lanes.index), lanes.mask});
      KernelBuilder::Values zeros(at.size(), m.constant(0.0f));
      KernelBuilder::Values total = k.loop(first, end, 1, zeros, [&](Value row, ValueRange acc) {
        KernelBuilder::Values next;
        for (auto [sum, lanes] : llvm::zip_equal(acc, at))
          next.push_back(m.add(sum, get(row, lanes)));
        return next;
      });
      for (auto [sum, lanes] : llvm::zip_equal(total, at))
        k.store(sum, sums, k.mulIndex(chunk, columns), lanes);
    };
    int64_t whole = count - count % kWideColumns;
    SmallVector<Lanes> wide;
    for (int64_t i = 0; i < kWideColumns; i += kLanes)
      wide.push_back({k.index(i), {}});
    if (whole)
      k.loop(k.index(0), k.index(whole), kWideColumns, [&](Value from) { sumColumns(from, wide); });
    k.forLanes(count - whole, [&](Lanes lanes) { sumColumns(k.index(whole), lanes); });
  };
  int64_t whole = columns / kTaskColumns, rest = columns % kTaskColumns;
  if (whole)
    k.parallelFor(chunks * whole, kChunkRows * kTaskColumns, [&](Value task) {
      sumChunk(k.divIndex(task, whole), k.mulIndex(k.remIndex(task, whole), kTaskColumns), kTaskColumns);
    });
  if (rest)
    k.parallelFor(chunks, kChunkRows * rest, [&](Value chunk) { sumChunk(chunk, k.index(columns - rest), rest); });
  if (chunks > 1)
    k.parallelLanes(columns, [&](Lanes lanes) {
      Value sum = k.loop(k.index(0), k.index(chunks), 1, {m.constant(0.0f)}, [&](Value chunk, ValueRange acc) {
        return KernelBuilder::Values{m.add(acc[0], k.load(sums, k.mulIndex(chunk, columns), lanes))};
      })[0];
      k.store(sum, result, {}, lanes);
    }, chunks);
}

static LogicalResult emitReduceSum(KernelBuilder &k) {
  auto op = cast<nn::ReduceSumOp>(k.op);
  int64_t total = cast<ShapedType>(op.getX().getType()).getNumElements();
  int64_t kept = cast<ShapedType>(op.getType()).getNumElements(), summed = total / kept;
  if (op.getTrailing())
    k.parallelFor(kept, summed, [&](Value row) {
      Value base = k.mulIndex(row, summed);
      Value sum = k.sumRow(summed, [&](Lanes lanes) { return k.load(k.operand(0), base, lanes); });
      k.storeScalar(sum, k.result(), row);
    });
  else
    emitColumnSums(k, summed, kept, k.result(), [&](Value row, Lanes lanes) {
      return k.load(k.operand(0), k.mulIndex(row, kept), lanes);
    });
  return success();
}

static LogicalResult emitBiasGrad(KernelBuilder &k) {
  auto op = cast<nn::BiasGradOp>(k.op);
  int64_t columns = cast<ShapedType>(op.getType()).getNumElements();
  int64_t rows = cast<ShapedType>(op.getDy().getType()).getNumElements() / columns;
  emitColumnSums(k, rows, columns, k.result(), [&](Value row, Lanes lanes) {
    return k.load(k.operand(0), k.mulIndex(row, columns), lanes);
  });
  return success();
}

void intq::cpu::addReduceKernels(KernelRegistry &r) {
  r["nn.reduce_sum"] = {emitReduceSum};
  r["nn.bias_grad"] = {emitBiasGrad};
}

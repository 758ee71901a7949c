// A whole matrix product: panels are packed in parallel, then tiles of C are computed in parallel.
//
// No thread works on a part of a contraction, and sums are exact or in the order of Spec N11,
// so that neither tiles nor threads change a bit (N8).
#include "Gemm.h"
#include "GemmPack.h"
#include "GemmTile.h"

using namespace mlir;
using namespace intq::cpu;

namespace {
class GemmEmitter {
public:
  GemmEmitter(KernelBuilder &k, const Gemm &g)
      : k(k), g(g), plan(planGemm(g.problem, k.isa)), packA(k, g.problem, plan, g.a, false),
        packB(k, g.problem, plan, g.b, true), tile(k, g, plan) {}

  void emit() {
    allocate();
    plan.slots ? emitBatched() : emitPhases();
  }

private:
  void allocate();
  void emitPhases();
  void emitBatched();
  PackedOperands copy(Value index);
  void preparePanelA(const PackedOperands &to, Value batch, Value panel);
  void packPanelB(const PackedOperands &to, Value batch, Value panel);
  void packOffsetCorrections(const PackedOperands &to, Value batch, Value panel);
  void packScales(const GemmScales &scales, PanelRef to, int64_t rows, int64_t width, Value batch, Value panel);
  void computeTile(const PackedOperands &from, Value batch, Value tileM, Value tileN);

  bool preparesA() const { return !plan.directA || plan.kernel.offsetB() || packsRowScales(); }
  /// Those of several blocks lie side by side then, and exist for all rows of a panel.
  bool packsRowScales() const { return g.a.scales.values && plan.blocks > 1; }
  int64_t chunks() const { return plan.blocks * plan.chunksPerBlock(); }

  KernelBuilder &k;
  const Gemm &g;
  GemmPlan plan;
  PanelPacker packA, packB;
  TileComputer tile;
  Value panelsA, panelsB, rowSums, scalesA, scalesB; // scratch: one copy a batch, or a slot
};
} // namespace

void GemmEmitter::allocate() {
  int64_t copies = plan.slots ? plan.slots : g.problem.batch;
  Type i32 = k.b.getI32Type();
  if (!plan.directA)
    panelsA = k.scratch(copies * plan.panelsM * plan.strideA, i32);
  panelsB = k.scratch(copies * plan.planes * plan.panelsN * plan.strideB, i32);
  if (plan.kernel.offsetB())
    rowSums = k.scratch(copies * plan.panelsM * chunks() * plan.kernel.lanes, i32);
  if (packsRowScales())
    scalesA = k.scratch(copies * plan.panelsM * plan.blocks * plan.kernel.mr, k.b.getF32Type());
  if (g.b.scales.values)
    scalesB = k.scratch(copies * plan.panelsN * plan.blocks * plan.kernel.nr(), k.b.getF32Type());
}

/// The scratch of one problem.
PackedOperands GemmEmitter::copy(Value index) {
  PackedOperands p;
  p.a = {panelsA, k.mulIndex(index, plan.panelsM * plan.strideA)};
  p.planeB = plan.panelsN * plan.strideB;
  p.b = {panelsB, k.mulIndex(index, plan.planes * p.planeB)};
  p.rowSums = {rowSums, k.mulIndex(index, plan.panelsM * chunks() * plan.kernel.lanes)};
  p.scalesA = {scalesA, k.mulIndex(index, plan.panelsM * plan.blocks * plan.kernel.mr)};
  p.scalesB = {scalesB, k.mulIndex(index, plan.panelsN * plan.blocks * plan.kernel.nr())};
  return p;
}

void GemmEmitter::emitPhases() {
  const MicroKernel &kernel = plan.kernel;
  int64_t batch = g.problem.batch, tilesM = plan.tilesM(), tiles = tilesM * plan.tilesN();
  if (preparesA())
    k.parallelFor(batch * plan.panelsM, kernel.mr * g.problem.k, [&](Value i) {
      Value problem = k.divIndex(i, plan.panelsM);
      preparePanelA(copy(problem), problem, k.remIndex(i, plan.panelsM));
    });
  k.parallelFor(batch * plan.panelsN, kernel.nr() * g.problem.k, [&](Value i) {
    Value problem = k.divIndex(i, plan.panelsN);
    packPanelB(copy(problem), problem, k.remIndex(i, plan.panelsN));
  });
  // Consecutive tasks share columns.
  constexpr int64_t kProductsPerElement = 64; // done in the time of one element elsewhere
  int64_t work =
      plan.tileM * kernel.mr * plan.tileN * kernel.nr() * g.problem.k / kProductsPerElement;
  k.parallelFor(
      batch * tiles, work,
      [&](Value i) {
        Value problem = k.divIndex(i, tiles), t = k.remIndex(i, tiles);
        computeTile(copy(problem), problem, k.remIndex(t, tilesM), k.divIndex(t, tilesM));
      },
      [&] { tile.allocate(); });
}

void GemmEmitter::emitBatched() {
  int64_t batch = g.problem.batch, work = g.problem.k * (g.problem.m + g.problem.n);
  k.parallelFor(
      plan.slots, work * llvm::divideCeil(batch, plan.slots),
      [&](Value slot) {
        PackedOperands mine = copy(slot);
        Value first = k.divIndex(k.mulIndex(slot, batch), plan.slots);
        Value end = k.divIndex(k.mulIndex(k.addIndex(slot, k.index(1)), batch), plan.slots);
        k.loop(first, end, 1, [&](Value problem) {
          if (preparesA())
            k.loop(plan.panelsM, [&](Value panel) { preparePanelA(mine, problem, panel); });
          k.loop(plan.panelsN, [&](Value panel) {
            packPanelB(mine, problem, panel);
            k.loop(plan.panelsM, [&](Value m) { tile.compute(mine, problem, m, panel); });
          });
        });
      },
      [&] { tile.allocate(); });
}

void GemmEmitter::computeTile(const PackedOperands &from, Value batch, Value tileM, Value tileN) {
  auto range = [&](Value t, int64_t size, int64_t panels, function_ref<void(Value)> body) {
    Value first = k.mulIndex(t, size), end = k.addIndex(first, k.index(size));
    k.loop(first, panels % size ? k.minIndex(end, k.index(panels)) : end, 1, body);
  };
  range(tileN, plan.tileN, plan.panelsN, [&](Value n) {
    range(tileM, plan.tileM, plan.panelsM, [&](Value m) { tile.compute(from, batch, m, n); });
  });
}

void GemmEmitter::preparePanelA(const PackedOperands &to, Value batch, Value panel) {
  Value at = k.addIndex(to.a.offset, k.mulIndex(panel, plan.strideA));
  if (!plan.directA)
    packA.pack(batch, k.mulIndex(panel, plan.kernel.mr), to.a.buffer, at, 0);
  if (plan.kernel.offsetB())
    packOffsetCorrections(to, batch, panel);
  if (packsRowScales())
    packScales(g.a.scales, to.scalesA, g.problem.m, plan.kernel.mr, batch, panel);
}

void GemmEmitter::packOffsetCorrections(const PackedOperands &to, Value batch, Value panel) {
  const MicroKernel &kernel = plan.kernel;
  k.loop(plan.blocks, [&](Value block) {
    Value first = k.mulIndex(block, plan.groupsPerBlock);
    Value end = groupsFrom(k, plan, block, k.index(0), plan.groupsPerBlock);
    k.loop(k.index(0), end, plan.chunkGroups, [&](Value offset) {
      Value groups = groupsFrom(k, plan, block, offset, plan.chunkGroups);
      RowsRef rows = rowsOfA(k, g, plan, to.a, batch, panel, k.addIndex(first, offset));
      Value chunk = k.addIndex(k.mulIndex(block, plan.chunksPerBlock()),
                               k.divIndex(offset, plan.chunkGroups));
      Value line = k.addIndex(k.mulIndex(panel, chunks()), chunk);
      storeVector(k, emitOffsetCorrection(k, kernel, rows, groups), to.rowSums.buffer,
                  k.addIndex(to.rowSums.offset, k.mulIndex(line, kernel.lanes)));
    });
  });
}

void GemmEmitter::packPanelB(const PackedOperands &to, Value batch, Value panel) {
  Value at = k.addIndex(to.b.offset, k.mulIndex(panel, plan.strideB));
  for (int64_t plane = 0; plane < plan.planes; ++plane)
    packB.pack(batch, k.mulIndex(panel, plan.kernel.nr()), to.b.buffer,
               k.addIndex(at, k.index(plane * to.planeB)), plane);
  if (to.scalesB.buffer)
    packScales(g.b.scales, to.scalesB, g.problem.n, plan.kernel.nr(), batch, panel);
}

/// The scales of a panel of `width` rows, block by block; rows beyond the operand get those of its last row.
void GemmEmitter::packScales(const GemmScales &scales, PanelRef to, int64_t rows, int64_t width, Value batch,
                             Value panel) {
  Value at = k.addIndex(to.offset, k.mulIndex(panel, plan.blocks * width));
  k.loop(width, [&](Value r) {
    Value row = k.minIndex(k.addIndex(k.mulIndex(panel, width), r), k.index(rows - 1));
    Value from = scaleIndex(k, scales, batch, row);
    k.loop(plan.blocks, [&](Value block) {
      Value value =
          k.loadScalar(scales.values, k.addIndex(from, k.mulIndex(block, scales.blockStride)));
      k.storeScalar(value, to.buffer, k.addIndex(at, k.addIndex(k.mulIndex(block, width), r)));
    });
  });
}

void intq::cpu::emitGemm(KernelBuilder &k, const Gemm &gemm) { GemmEmitter(k, gemm).emit(); }

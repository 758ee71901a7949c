// One block of C: exact sums (Spec N1), then scales, bias and the store.
#include "GemmTile.h"

using namespace mlir;
using namespace intq::cpu;

Value intq::cpu::scaleIndex(KernelBuilder &k, const GemmScales &scales, Value batch, Value row) {
  Value index = k.index(0);
  int64_t inner = 1;
  for (const GemmScales::Leading &d : llvm::reverse(scales.leading)) {
    if (d.size > 1 && d.block < d.size) {
      Value i = k.divIndex(k.remIndex(k.divIndex(batch, inner), d.size), d.block);
      index = k.addIndex(index, k.mulIndex(i, d.stride));
    }
    inner *= d.size;
  }
  return scales.rowStride ? k.addIndex(index, k.mulIndex(row, scales.rowStride)) : index;
}

Value intq::cpu::groupsFrom(KernelBuilder &k, const GemmPlan &plan, Value block, Value offset,
                            int64_t most) {
  if (plan.groups % most == 0 && plan.groupsPerBlock % most == 0)
    return k.index(most);
  Value first = k.mulIndex(block, plan.groupsPerBlock);
  Value end = k.minIndex(k.addIndex(first, k.index(plan.groupsPerBlock)), k.index(plan.groups));
  Value left = arith::SubIOp::create(k.b, k.loc, end, k.addIndex(first, offset));
  return k.minIndex(left, k.index(most));
}

void TileComputer::allocate() {
  const MicroKernel &kernel = plan.kernel;
  int64_t count = kernel.mr * kernel.nr();
  if (!inRegisters())
    sums = k.stackBuffer(count, g.problem.isFloat() ? Type(k.b.getF32Type()) : k.b.getI32Type());
  if (plan.wide())
    wideSums = k.stackBuffer(count, k.b.getI64Type());
  if (severalBlocks())
    out = k.stackBuffer(count, k.b.getF32Type());
  if (g.problem.n % kernel.nr())
    lastRow = k.stackBuffer(kernel.nr(), k.b.getF32Type());
}

void TileComputer::compute(const PackedOperands &operands, Value ofBatch, Value m, Value n) {
  const MicroKernel &kernel = plan.kernel;
  packed = &operands, batch = ofBatch, panelM = m, panelN = n;
  row0 = k.mulIndex(m, kernel.mr), column0 = k.mulIndex(n, kernel.nr());
  rows = k.index(kernel.mr);
  if (g.problem.m % kernel.mr) {
    Value left = arith::SubIOp::create(k.b, k.loc, k.index(g.problem.m), row0);
    rows = k.minIndex(rows, left);
  }
  if (!severalBlocks()) {
    sumBlock(k.index(0));
    return store();
  }
  VectorMachine m32(k.b, k.loc, kernel.lanes);
  forRows([&](Value row) {
    for (int64_t v = 0; v < kernel.vectors; ++v)
      storeVector(k, m32.constant(0.0f), out, at(row, v));
  });
  k.loop(plan.blocks, [&](Value block) {
    sumBlock(block);
    addBlock(block);
  });
  store();
}

void TileComputer::forRows(function_ref<void(Value)> body) { k.loop(k.index(0), rows, 1, body); }

/// The rows of the sums at hand; one after the other in code where they are in registers.
void TileComputer::forSums(function_ref<void(Value)> body) {
  if (!inRegisters())
    return forRows(body);
  for (registerRow = 0; registerRow < plan.kernel.mr; ++registerRow)
    body(k.index(registerRow));
}

/// Of vector v of a row in the buffers of the block.
Value TileComputer::at(Value row, int64_t v) {
  return k.addIndex(k.mulIndex(row, plan.kernel.nr()), k.index(v * plan.kernel.lanes));
}

RowsRef intq::cpu::rowsOfA(KernelBuilder &k, const Gemm &g, const GemmPlan &plan, PanelRef packed,
                           Value batch, Value panel, Value groupOffset) {
  const MicroKernel &kernel = plan.kernel;
  if (!plan.directA) {
    Value at = k.addIndex(packed.offset, k.mulIndex(panel, plan.strideA));
    at = k.addIndex(at, k.mulIndex(groupOffset, kernel.mr));
    int64_t row = kernel.tiledA() ? kernel.groupStep() : 1;
    return {packed.buffer, at, row, kernel.groupStep() * kernel.mr};
  }
  int64_t depth = g.problem.k;
  Value at =
      k.addIndex(k.mulIndex(batch, g.problem.m * depth), k.mulIndex(panel, kernel.mr * depth));
  at = k.addIndex(at, k.mulIndex(groupOffset, kernel.group()));
  return {g.a.codes, at, depth, kernel.groupStep() * kernel.group()};
}

void TileComputer::runKernel(Value groupOffset, Value groups, int64_t plane) {
  const MicroKernel &kernel = plan.kernel;
  Value at = k.addIndex(packed->b.offset, k.addIndex(k.mulIndex(panelN, plan.strideB),
                                                     k.index(plane * packed->planeB)));
  PanelRef b{packed->b.buffer, k.addIndex(at, k.mulIndex(groupOffset, kernel.nr()))};
  RowsRef a = rowsOfA(k, g, plan, packed->a, batch, panelM, groupOffset);
  if (kernel.dot == GemmDot::AmxBytes)
    return emitAmxKernel(k, kernel, a, b, groups, sums);
  registers = emitVectorKernel(k, kernel, a, b, groups);
  if (!inRegisters())
    for (auto [i, sum] : llvm::enumerate(registers))
      storeVector(k, sum, sums, k.index(i * kernel.lanes));
}

/// The exact sums of scale block `block`: in `sums`, in registers, or in `wideSums` where the plan
/// is wide.
void TileComputer::sumBlock(Value block) {
  Value first = k.mulIndex(block, plan.groupsPerBlock);
  Value end = groupsFrom(k, plan, block, k.index(0), plan.groupsPerBlock);
  if (!plan.wide())
    return runKernel(first, end, 0);
  VectorMachine m(k.b, k.loc, plan.kernel.lanes);
  Value zero = arith::ConstantOp::create(k.b, k.loc, k.b.getZeroAttr(m.type(k.b.getI64Type())));
  forRows([&](Value row) {
    for (int64_t v = 0; v < plan.kernel.vectors; ++v)
      storeVector(k, zero, wideSums, at(row, v));
  });
  k.loop(k.index(0), end, plan.chunkGroups, [&](Value offset) {
    Value chunk =
        k.addIndex(k.mulIndex(block, plan.chunksPerBlock()), k.divIndex(offset, plan.chunkGroups));
    for (int64_t plane = 0; plane < plan.planes; ++plane) {
      runKernel(k.addIndex(first, offset), groupsFrom(k, plan, block, offset, plan.chunkGroups),
                plane);
      addToWide(chunk, plane);
    }
  });
}

/// What the micro-kernel left.
Value TileComputer::accumulator(Value row, int64_t v) {
  return inRegisters() ? registers[registerRow * plan.kernel.vectors + v]
                       : loadVector(k, plan.kernel.lanes, sums, at(row, v));
}

/// The same with the offset of B taken out (wrapping: exact).
Value TileComputer::chunkSum(Value row, int64_t v, Value chunk) {
  Value sum = accumulator(row, v);
  if (!plan.kernel.offsetB())
    return sum;
  int64_t chunks = plan.blocks * plan.chunksPerBlock();
  Value line = k.addIndex(k.mulIndex(panelM, chunks), chunk);
  Value index =
      k.addIndex(packed->rowSums.offset, k.addIndex(k.mulIndex(line, plan.kernel.lanes), row));
  Value correction = broadcast(k, plan.kernel.lanes, k.loadScalar(packed->rowSums.buffer, index));
  return arith::AddIOp::create(k.b, k.loc, sum, correction);
}

void TileComputer::addToWide(Value chunk, int64_t plane) {
  auto type = VectorType::get({plan.kernel.lanes}, k.b.getI64Type());
  forRows([&](Value row) {
    for (int64_t v = 0; v < plan.kernel.vectors; ++v) {
      Value sum = arith::ExtSIOp::create(k.b, k.loc, type, chunkSum(row, v, chunk));
      if (plane) {
        auto shift = DenseElementsAttr::get(type, k.b.getI64IntegerAttr(8 * plane));
        sum = arith::ShLIOp::create(k.b, k.loc, sum, arith::ConstantOp::create(k.b, k.loc, shift));
      }
      Value before = loadVector(k, plan.kernel.lanes, wideSums, at(row, v));
      storeVector(k, arith::AddIOp::create(k.b, k.loc, before, sum), wideSums, at(row, v));
    }
  });
}

/// f32(S) of a block: one conversion of the exact integer. For f32: the sum of a chunk.
Value TileComputer::blockSum(Value row, int64_t v, Value block) {
  VectorMachine m(k.b, k.loc, plan.kernel.lanes);
  if (g.problem.isFloat())
    return accumulator(row, v);
  if (plan.wide())
    return m.toFloat(loadVector(k, plan.kernel.lanes, wideSums, at(row, v)));
  return m.toFloat(chunkSum(row, v, block));
}

/// mul(s_a, s_b), or the one scale there is; null if there is none.
Value TileComputer::factor(Value row, int64_t v, Value block) {
  VectorMachine m(k.b, k.loc, plan.kernel.lanes);
  Value a, b;
  if (g.a.scales.values) {
    Value index = scaleIndex(k, g.a.scales, batch, k.addIndex(row0, row));
    index = k.addIndex(index, k.mulIndex(block, g.a.scales.blockStride));
    a = broadcast(k, plan.kernel.lanes, k.loadScalar(g.a.scales.values, index));
  }
  if (packed->scalesB.buffer) {
    Value line = k.mulIndex(block, plan.panelsN * plan.kernel.nr());
    Value index = k.addIndex(line, k.addIndex(column0, k.index(v * plan.kernel.lanes)));
    b = loadVector(k, plan.kernel.lanes, packed->scalesB.buffer,
                   k.addIndex(packed->scalesB.offset, index));
  }
  return a && b ? m.mul(a, b) : a ? a : b;
}

/// out = fma(f32(S), factor, out); for f32 out = add(out, sum) (Spec N11).
void TileComputer::addBlock(Value block) {
  VectorMachine m(k.b, k.loc, plan.kernel.lanes);
  forSums([&](Value row) {
    for (int64_t v = 0; v < plan.kernel.vectors; ++v) {
      Value before = loadVector(k, plan.kernel.lanes, out, at(row, v));
      Value sum = blockSum(row, v, block);
      Value after =
          g.problem.isFloat() ? m.add(before, sum) : m.fma(sum, factor(row, v, block), before);
      storeVector(k, after, out, at(row, v));
    }
  });
}

/// The value of vector v of a row before the bias.
Value TileComputer::finished(Value row, int64_t v) {
  VectorMachine m(k.b, k.loc, plan.kernel.lanes);
  if (severalBlocks())
    return loadVector(k, plan.kernel.lanes, out, at(row, v));
  Value zero = k.index(0);
  Value sum = blockSum(row, v, zero);
  if (g.problem.isFloat())
    return m.add(m.constant(0.0f), sum);
  Value scale = factor(row, v, zero);
  return scale ? m.mul(sum, scale) : sum;
}

void TileComputer::store() {
  int64_t n = g.problem.n, nr = plan.kernel.nr(), whole = n / nr;
  if (n % nr == 0)
    return severalBlocks() ? forRows([&](Value row) { storeRow(row); })
                           : forSums([&](Value row) { storeRow(row); });
  Value inside =
      arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::ult, panelN, k.index(whole));
  if (whole)
    k.when(inside, [&] { forRows([&](Value row) { storeRow(row); }); });
  Value last = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, panelN, k.index(whole));
  k.when(last, [&] {
    forRows([&](Value row) {
      for (int64_t v = 0; v < plan.kernel.vectors; ++v)
        storeVector(k, finished(row, v), lastRow, k.index(v * plan.kernel.lanes));
      Value to =
          k.addIndex(k.mulIndex(k.addIndex(row0, row), n), k.mulIndex(batch, g.problem.m * n));
      k.loop(k.index(0), k.index(n % nr), 1, [&](Value i) {
        Value column = k.addIndex(column0, i);
        Value value = k.loadScalar(lastRow, i);
        if (g.bias)
          value = k.scalar().add(value, k.loadScalar(g.bias, column));
        k.storeScalar(value, g.result, k.addIndex(to, column));
      });
    });
  });
}

/// One row of a block that lies wholly inside C.
void TileComputer::storeRow(Value row) {
  VectorMachine m(k.b, k.loc, plan.kernel.lanes);
  int64_t n = g.problem.n;
  Value to = k.addIndex(k.mulIndex(k.addIndex(row0, row), n), k.mulIndex(batch, g.problem.m * n));
  for (int64_t v = 0; v < plan.kernel.vectors; ++v) {
    Value column = k.addIndex(column0, k.index(v * plan.kernel.lanes));
    Value value = finished(row, v);
    if (g.bias)
      value = m.add(value, loadVector(k, plan.kernel.lanes, g.bias, column));
    storeVector(k, value, g.result, k.addIndex(to, column));
  }
}

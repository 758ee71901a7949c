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
  if (!scales.rowStride)
    return index;
  return k.addIndex(index, k.mulIndex(k.divIndex(row, scales.rowBlock), scales.rowStride));
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

/// What the accumulators begin with: 0, or what takes the offset of B out (wrapping: exact).
KernelBuilder::Values TileComputer::firstSums(Value chunk) {
  const MicroKernel &kernel = plan.kernel;
  Type element = g.problem.isFloat() ? Type(k.b.getF32Type()) : k.b.getI32Type();
  Value zero = arith::ConstantOp::create(k.b, k.loc, k.b.getZeroAttr(VectorType::get({kernel.lanes}, element)));
  Values first(kernel.mr * kernel.vectors, zero);
  if (!kernel.offsetB())
    return first;
  Value line = k.addIndex(k.mulIndex(panelM, plan.blocks * plan.chunksPerBlock()), chunk);
  Value index = k.addIndex(packed->rowSums.offset, k.mulIndex(line, kernel.lanes));
  for (int64_t row = 0; row < kernel.mr; ++row) {
    Value correction = k.loadScalar(packed->rowSums.buffer, k.addIndex(index, k.index(row)));
    std::fill_n(first.begin() + row * kernel.vectors, kernel.vectors, broadcast(k, kernel.lanes, correction));
  }
  return first;
}

void TileComputer::runKernel(Value groupOffset, Value groups, Value chunk, int64_t plane) {
  const MicroKernel &kernel = plan.kernel;
  Value at = k.addIndex(packed->b.offset, k.addIndex(k.mulIndex(panelN, plan.strideB),
                                                     k.index(plane * packed->planeB)));
  PanelRef b{packed->b.buffer, k.addIndex(at, k.mulIndex(groupOffset, kernel.nr()))};
  RowsRef a = rowsOfA(k, g, plan, packed->a, batch, panelM, groupOffset);
  if (kernel.dot == GemmDot::AmxBytes)
    return emitAmxKernel(k, kernel, a, b, groups, sums);
  registers = emitVectorKernel(k, kernel, a, b, groups, firstSums(chunk));
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
    return runKernel(first, end, block, 0);
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
                chunk, plane);
      addToWide(plane);
    }
  });
}

/// What the micro-kernel left.
Value TileComputer::chunkSum(Value row, int64_t v) {
  return inRegisters() ? registers[registerRow * plan.kernel.vectors + v]
                       : loadVector(k, plan.kernel.lanes, sums, at(row, v));
}

void TileComputer::addToWide(int64_t plane) {
  auto type = VectorType::get({plan.kernel.lanes}, k.b.getI64Type());
  forRows([&](Value row) {
    for (int64_t v = 0; v < plan.kernel.vectors; ++v) {
      Value sum = arith::ExtSIOp::create(k.b, k.loc, type, chunkSum(row, v));
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
Value TileComputer::blockSum(Value row, int64_t v) {
  VectorMachine m(k.b, k.loc, plan.kernel.lanes);
  if (g.problem.isFloat())
    return chunkSum(row, v);
  if (plan.wide())
    return m.toFloat(loadVector(k, plan.kernel.lanes, wideSums, at(row, v)));
  return m.toFloat(chunkSum(row, v));
}

/// s_a of a row, in all lanes; null if there is none.
Value TileComputer::scaleOfRow(Value row, Value block) {
  if (!g.a.scales.values)
    return nullptr;
  Value buffer = packed->scalesA.buffer, index;
  if (buffer) {
    Value line = k.addIndex(k.mulIndex(panelM, plan.blocks), block);
    index = k.addIndex(packed->scalesA.offset, k.addIndex(k.mulIndex(line, plan.kernel.mr), row));
  } else {
    buffer = g.a.scales.values;
    index = k.addIndex(scaleIndex(k, g.a.scales, batch, k.addIndex(row0, row)),
                       k.mulIndex(block, g.a.scales.blockStride));
  }
  return broadcast(k, plan.kernel.lanes, k.loadScalar(buffer, index));
}

static Value product(VectorMachine m, Value a, Value b) { return a && b ? m.mul(a, b) : a ? a : b; }

/// What all rows have in common of the factors of a block: one multiplication a vector of columns, or one in all.
void TileComputer::loadFactors(Value block) {
  const MicroKernel &kernel = plan.kernel;
  VectorMachine m(k.b, k.loc, kernel.lanes);
  Value a = g.a.scales.sharedBy(kernel.mr) ? scaleOfRow(k.index(0), block) : Value();
  Value line = k.addIndex(k.mulIndex(panelN, plan.blocks), block);
  Value scalesB = k.addIndex(packed->scalesB.offset, k.mulIndex(line, kernel.nr()));
  factors.clear();
  for (int64_t v = 0, distinct = g.b.scales.sharedBy(kernel.nr()) ? 1 : kernel.vectors; v < distinct; ++v) {
    Value b;
    if (packed->scalesB.buffer)
      b = loadVector(k, kernel.lanes, packed->scalesB.buffer, k.addIndex(scalesB, k.index(v * kernel.lanes)));
    factors.push_back(product(m, a, b));
  }
  factors.resize(kernel.vectors, factors[0]);
}

/// mul(s_a, s_b), or the one scale there is; null if there is none.
Value TileComputer::factor(Value row, int64_t v, Value block) {
  if (g.a.scales.sharedBy(plan.kernel.mr))
    return factors[v];
  VectorMachine m(k.b, k.loc, plan.kernel.lanes);
  return product(m, scaleOfRow(row, block), factors[v]);
}

/// out = fma(f32(S), factor, out); for f32 out = add(out, sum) (Spec N11).
void TileComputer::addBlock(Value block) {
  VectorMachine m(k.b, k.loc, plan.kernel.lanes);
  loadFactors(block);
  forSums([&](Value row) {
    for (int64_t v = 0; v < plan.kernel.vectors; ++v) {
      Value before = loadVector(k, plan.kernel.lanes, out, at(row, v));
      Value sum = blockSum(row, v);
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
  Value sum = blockSum(row, v);
  if (g.problem.isFloat())
    return m.add(m.constant(0.0f), sum);
  Value scale = factor(row, v, k.index(0));
  return scale ? m.mul(sum, scale) : sum;
}

void TileComputer::store() {
  int64_t n = g.problem.n, nr = plan.kernel.nr(), whole = n / nr;
  if (!severalBlocks())
    loadFactors(k.index(0));
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

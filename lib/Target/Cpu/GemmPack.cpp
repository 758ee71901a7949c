// Packing: vector paths for the inside of an operand, scalars for what is left along k.
#include "GemmPack.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace intq::cpu;

PanelPacker::PanelPacker(KernelBuilder &k, const GemmProblem &problem, const GemmPlan &plan,
                         const GemmOperand &operand, bool isB)
    : k(k), problem(problem), plan(plan), operand(operand), isB(isB),
      contiguousK(isB ? problem.contiguousB : problem.contiguousA),
      rows(isB ? problem.n : problem.m), width(isB ? plan.kernel.nr() : plan.kernel.mr),
      lanes(tiled() ? plan.kernel.groupStep() : plan.kernel.lanes), group(plan.kernel.group()), i32(k.b.getI32Type()) {}

/// Rows beyond the operand that the vector path reads for the last panel.
int64_t PanelPacker::rowsBeyond() const {
  int64_t end = (llvm::divideCeil(rows, width) - 1) * width + llvm::alignTo(width, lanes);
  return std::max<int64_t>(0, end - rows);
}

/// Groups that the vector path packs: those whose loads stay inside the operand.
int64_t PanelPacker::fastGroups() const {
  if (!plan.regular)
    return 0;
  if (contiguousK)
    return problem.k / (group * lanes) * lanes;
  // Beyond the rows lies the next k in memory, if there is one.
  int64_t over = llvm::divideCeil(rowsBeyond(), rows);
  int64_t groups = std::max<int64_t>(0, problem.k - over) / group;
  return tiled() ? groups / lanes * lanes : groups;
}

void PanelPacker::pack(Value batch, Value firstRow, Value to, Value toOffset, int64_t toPlane) {
  base = k.mulIndex(batch, rows * problem.k);
  buffer = to, at = toOffset, plane = toPlane;
  if (fastGroups())
    k.loop(llvm::divideCeil(width, lanes), [&](Value block) {
      Value lane0 = k.mulIndex(block, lanes);
      contiguousK ? packRows(firstRow, lane0) : packColumns(firstRow, lane0);
    });
  if (fastGroups() < plan.groups)
    packScalars(firstRow);
}

/// Where group g of `row` lies in the panel.
Value PanelPacker::groupIndex(Value g, Value row) {
  if (!tiled())
    return k.addIndex(at, k.addIndex(k.mulIndex(g, width), row));
  Value tile = k.mulIndex(k.divIndex(g, lanes), width * lanes);
  return k.addIndex(at, k.addIndex(tile, k.addIndex(k.mulIndex(row, lanes), k.remIndex(g, lanes))));
}

/// k is contiguous: `lanes` rows of `lanes` groups at a time.
void PanelPacker::packRows(Value firstRow, Value lane0) {
  Value row0 = k.addIndex(firstRow, lane0);
  Values starts;
  for (int64_t r = 0; r < lanes; ++r) {
    Value row = k.addIndex(row0, k.index(r));
    if (rowsBeyond())
      row = k.minIndex(row, k.index(rows - 1));
    starts.push_back(k.addIndex(base, k.mulIndex(row, problem.k)));
  }
  k.loop(k.index(0), k.index(fastGroups()), lanes, [&](Value g) {
    Values groups;
    for (Value start : starts) {
      Value elements =
          loadVector(k, lanes * group, operand.codes, k.addIndex(start, k.mulIndex(g, group)));
      groups.push_back(bitcast(k, toPanelElements(elements, lanes * group), lanes, i32));
    }
    if (!tiled())
      groups = transpose(groups);
    for (auto [i, vector] : llvm::enumerate(groups)) {
      Value i0 = k.index(i);
      Value to =
          tiled() ? groupIndex(g, k.addIndex(lane0, i0)) : groupIndex(k.addIndex(g, i0), lane0);
      storeVector(k, vector, buffer, to);
    }
  });
}

/// The rows are contiguous: `lanes` rows of one group at a time, its k interleaved.
void PanelPacker::packColumns(Value firstRow, Value lane0) {
  Value column = k.addIndex(base, k.addIndex(firstRow, lane0));
  auto load = [&](Value g) {
    Values parts;
    for (int64_t i = 0; i < group; ++i) {
      Value kIndex = k.addIndex(k.mulIndex(g, group), k.index(i));
      Value elements =
          loadVector(k, lanes, operand.codes, k.addIndex(column, k.mulIndex(kIndex, rows)));
      parts.push_back(toPanelElements(elements, lanes));
    }
    // Of four: 0 with 2 and 1 with 3, then both.
    for (int64_t half = group / 2; half; half /= 2)
      for (int64_t i = 0; i < half; ++i)
        parts[i] = vector::InterleaveOp::create(k.b, k.loc, parts[i], parts[i + half]);
    return bitcast(k, parts[0], lanes, i32);
  };
  k.loop(k.index(0), k.index(fastGroups()), tiled() ? lanes : 1, [&](Value g) {
    if (!tiled())
      return storeVector(k, load(g), buffer, groupIndex(g, lane0));
    Values groups;
    for (int64_t i = 0; i < lanes; ++i)
      groups.push_back(load(k.addIndex(g, k.index(i))));
    for (auto [r, vector] : llvm::enumerate(transpose(groups)))
      storeVector(k, vector, buffer, groupIndex(g, k.addIndex(lane0, k.index(r))));
  });
}

/// The groups from fastGroups() on, one by one.
void PanelPacker::packScalars(Value firstRow) {
  k.loop(k.index(fastGroups()), k.index(plan.groups), 1, [&](Value g) {
    k.loop(width, [&](Value r) {
      Value row = k.minIndex(k.addIndex(firstRow, r), k.index(rows - 1));
      k.storeScalar(scalarGroup(g, row), buffer, groupIndex(g, r));
    });
  });
}

Value PanelPacker::scalarGroup(Value g, Value row) {
  VectorMachine m = k.scalar();
  // The block of g, and k within it.
  Value block = k.divIndex(g, plan.groupsPerBlock);
  Value within = k.mulIndex(plan.blocks == 1 ? g : k.remIndex(g, plan.groupsPerBlock), group);
  Value blockStart = plan.blocks == 1 ? k.index(0) : k.mulIndex(block, problem.block);
  Value bits;
  for (int64_t i = 0; i < group; ++i) {
    Value inBlock = k.addIndex(within, k.index(i));
    Value kIndex = k.addIndex(blockStart, inBlock);
    auto below = [&](Value x, int64_t limit) {
      return arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::ult, x, k.index(limit));
    };
    Value exists =
        m.both(below(inBlock, std::min(problem.block, problem.k)), below(kIndex, problem.k));
    Value value = element(k.minIndex(kIndex, k.index(problem.k - 1)), row);
    value = m.selectI(exists, value, k.i32(0));
    bits = bits ? m.orI(bits, m.shl(value, i * 32 / group)) : value;
  }
  return bits;
}

/// The element [row, k] as the low bits of an i32, the others zero.
Value PanelPacker::element(Value kIndex, Value row) {
  VectorMachine m = k.scalar();
  Value offset = contiguousK ? k.addIndex(k.mulIndex(row, problem.k), kIndex)
                             : k.addIndex(k.mulIndex(kIndex, rows), row);
  Value value = k.loadScalar(operand.codes, k.addIndex(base, offset));
  if (value.getType().isF32())
    return m.bitsOf(value);
  value = arith::ExtSIOp::create(k.b, k.loc, i32, value);
  if (isB && plan.planes > 1) {
    Value low = m.shrS(m.shl(value, 24), 24);
    value = plane ? m.shrS(m.subI(value, low), 8) : low;
  }
  if (isB && plan.kernel.offsetB())
    value = m.xorI(value, k.i32(0x80));
  return m.andI(value, k.i32(group == 4 ? 0xff : 0xffff));
}

/// Elements in memory as the panel holds them: widened, split into planes, offset.
Value PanelPacker::toPanelElements(Value vector, int64_t count) {
  GemmElement panel = plan.kernel.element();
  if (panel == GemmElement::F32)
    return vector;
  auto type =
      VectorType::get({count}, panel == GemmElement::I8 ? k.b.getI8Type() : k.b.getI16Type());
  auto splat = [&](int64_t v) {
    auto attr = DenseElementsAttr::get(type, k.b.getIntegerAttr(type.getElementType(), v));
    return arith::ConstantOp::create(k.b, k.loc, attr);
  };
  if (vector.getType() != type)
    vector = arith::ExtSIOp::create(k.b, k.loc, type, vector);
  if (isB && plan.planes > 1) {
    Value eight = splat(8);
    Value low =
        arith::ShRSIOp::create(k.b, k.loc, arith::ShLIOp::create(k.b, k.loc, vector, eight), eight);
    // vector = 256·high + low: a negative low byte carries into the high one.
    Value carry = arith::ShRUIOp::create(k.b, k.loc, low, splat(15));
    Value high =
        arith::AddIOp::create(k.b, k.loc, arith::ShRSIOp::create(k.b, k.loc, vector, eight), carry);
    vector = plane ? high : low;
  }
  if (isB && plan.kernel.offsetB())
    vector = arith::XOrIOp::create(k.b, k.loc, vector, splat(-128));
  return vector;
}

/// lanes × lanes, by exchanging halves of vectors that are 1, 2, 4 … apart.
PanelPacker::Values PanelPacker::transpose(Values v) {
  for (int64_t d = 1; d < lanes; d *= 2) {
    SmallVector<int64_t> low(lanes), high(lanes);
    for (int64_t l = 0; l < lanes; ++l) {
      low[l] = l & d ? lanes + l - d : l;
      high[l] = l & d ? lanes + l : l + d;
    }
    for (int64_t i = 0; i < lanes; ++i)
      if (!(i & d)) {
        Value a = v[i], b = v[i + d];
        v[i] = vector::ShuffleOp::create(k.b, k.loc, a, b, low);
        v[i + d] = vector::ShuffleOp::create(k.b, k.loc, a, b, high);
      }
  }
  return v;
}

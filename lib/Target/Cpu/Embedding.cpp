// Kernels of embedding tables, of floats and of codes: rows gathered, and gradients added by row; and of positions.
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Format/Quantize.h"
#include "intq/Target/Cpu/Kernel.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

using Values = KernelBuilder::Values;

static RankedTensorType tensor(Value v) { return cast<RankedTensorType>(v.getType()); }

static LogicalResult emitEmbedding(KernelBuilder &k) {
  auto op = cast<nn::EmbeddingOp>(k.op);
  int64_t columns = tensor(op.getTable()).getDimSize(1), count = tensor(op.getIds()).getNumElements();
  k.parallelFor(count, columns, [&](Value i) {
    Value from = k.mulIndex(k.loadIndex(k.operand(1), i), columns), to = k.mulIndex(i, columns);
    k.forLanes(columns, [&](Lanes lanes) { k.store(k.load(k.operand(0), from, lanes), k.result(), to, lanes); });
  });
  return success();
}

static LogicalResult emitCodeEmbedding(KernelBuilder &k) {
  auto op = cast<EmbeddingOp>(k.op);
  auto table = cast<QType>(op.getTable().getType());
  int64_t columns = table.getShape()[1], count = tensor(op.getIds()).getNumElements();
  bool perRow = table.getScaleShape()[0] != 1;
  VectorMachine v = k.vector();
  k.parallelFor(count, columns, [&](Value i) {
    Value row = k.loadIndex(k.operand(1), i);
    Value from = k.mulIndex(row, columns), to = k.mulIndex(i, columns);
    Value scale = k.splat(k.loadScalar(k.operandScales(0), perRow ? row : k.index(0)));
    k.forLanes(columns, [&](Lanes lanes) {
      k.store(decode(v, k.loadCodes(k.operand(0), from, lanes), scale), k.result(), to, lanes);
    });
  });
  return success();
}

static LogicalResult emitPositionIds(KernelBuilder &k) {
  auto op = cast<nn::PositionIdsOp>(k.op);
  int64_t rows = op.getType().getDimSize(0), columns = op.getType().getDimSize(1);
  VectorMachine s = k.scalar();
  Value padding = s.constantI(static_cast<int32_t>(op.getPaddingIdx()));
  k.parallelFor(rows, columns, [&](Value row) {
    Value base = k.mulIndex(row, columns);
    k.loop(k.index(0), k.index(columns), 1, {padding}, [&](Value i, ValueRange last) {
      Value at = k.addIndex(base, i), isPadding = s.eqI(k.loadScalar(k.operand(0), at), padding);
      Value next = s.selectI(isPadding, last[0], s.addI(last[0], s.constantI(1)));
      k.storeScalar(s.selectI(isPadding, padding, next), k.result(), at);
      return Values{next};
    });
  });
  return success();
}

namespace {
/// Positions by index: first[v] is the first position whose index is v, next[p] the one after p; −1: none.
struct Chains {
  Value first, next;
};
} // namespace

static Chains buildChains(KernelBuilder &k, Value ids, int64_t count, int64_t tableRows) {
  Chains chains{k.scratch(tableRows, k.b.getI32Type()), k.scratch(count, k.b.getI32Type())};
  VectorMachine v = k.vector();
  k.parallelLanes(tableRows, [&](Lanes lanes) { k.store(v.constantI(-1), chains.first, nullptr, lanes); });
  // From the end, so that chains ascend.
  k.loop(count, [&](Value i) {
    Value p = arith::SubIOp::create(k.b, k.loc, k.index(count - 1), i);
    Value id = k.loadIndex(ids, p);
    k.storeScalar(k.loadScalar(chains.first, id), chains.next, p);
    k.storeScalar(arith::IndexCastOp::create(k.b, k.loc, k.b.getI32Type(), p), chains.first, id);
  });
  return chains;
}

/// Walks the chain from `head` on: acc = add(acc, position).
static Value walkChain(KernelBuilder &k, const Chains &chains, Value head, Value init,
                       llvm::function_ref<Value(Value acc, Value position)> add) {
  Type i32 = k.b.getI32Type();
  auto loop = scf::WhileOp::create(
      k.b, k.loc, TypeRange{i32, init.getType()}, ValueRange{head, init},
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value more = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, args[0],
                                           arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0)));
        scf::ConditionOp::create(b, loc, more, args);
      },
      [&](OpBuilder &b, Location loc, ValueRange args) {
        OpBuilder::InsertionGuard guard(k.b);
        k.b.setInsertionPoint(b.getInsertionBlock(), b.getInsertionPoint());
        Value position = arith::IndexCastOp::create(k.b, loc, k.b.getIndexType(), args[0]);
        Value sum = add(args[1], position);
        scf::YieldOp::create(k.b, loc, ValueRange{k.loadScalar(chains.next, position), sum});
      });
  return loop.getResult(1);
}

static Value skipPadding(KernelBuilder &k, Value head, Value row, int64_t padding) {
  if (padding < 0)
    return head;
  Value is = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, row, k.index(padding));
  return k.scalar().selectI(is, k.i32(-1), head);
}

static LogicalResult emitEmbeddingGrad(KernelBuilder &k) {
  auto op = cast<nn::EmbeddingGradOp>(k.op);
  int64_t rows = tensor(op.getDtable()).getDimSize(0), columns = tensor(op.getDtable()).getDimSize(1);
  VectorMachine v = k.vector();
  Chains chains = buildChains(k, k.operand(1), tensor(op.getIds()).getNumElements(), rows);
  k.parallelFor(rows, columns, [&](Value row) {
    Value head = skipPadding(k, k.loadScalar(chains.first, row), row, op.getPaddingIdx());
    Value to = k.mulIndex(row, columns);
    k.forLanes(columns, [&](Lanes lanes) {
      Value sum = walkChain(k, chains, head, v.constant(0.0f), [&](Value acc, Value position) {
        return v.add(acc, k.load(k.operand(0), k.mulIndex(position, columns), lanes));
      });
      k.store(sum, k.result(), to, lanes);
    });
  });
  return success();
}

static LogicalResult emitCodeEmbeddingGrad(KernelBuilder &k) {
  auto op = cast<EmbeddingGradOp>(k.op);
  auto type = cast<QType>(op.getDy().getType());
  int64_t rows = tensor(op.getDtable()).getDimSize(0), columns = tensor(op.getDtable()).getDimSize(1);
  int64_t count = tensor(op.getIds()).getNumElements();
  // One index may receive every position (token type 0): i32 holds the sum only of so many codes.
  bool narrow = count * type.getMaxCode() < int64_t(1) << 31;
  VectorMachine v = k.vector();
  Value scale = k.splat(k.loadScalar(k.operandScales(0), k.index(0)));
  Chains chains = buildChains(k, k.operand(1), count, rows);
  k.parallelFor(rows, columns, [&](Value row) {
    Value head = skipPadding(k, k.loadScalar(chains.first, row), row, op.getPaddingIdx());
    Value to = k.mulIndex(row, columns);
    k.forLanes(columns, [&](Lanes lanes) {
      Value zero = narrow ? v.constantI(0) : k.splat(k.i64(0));
      Value sum = walkChain(k, chains, head, zero, [&](Value acc, Value position) {
        Value codes = k.loadCodes(k.operand(0), k.mulIndex(position, columns), lanes);
        return v.addI(acc, narrow ? codes : k.toI64(codes));
      });
      k.store(v.mul(narrow ? v.toFloat(sum) : k.i64ToF32(sum), scale), k.result(), to, lanes);
    });
  });
  return success();
}

void intq::cpu::addEmbeddingKernels(KernelRegistry &registry) {
  registry["nn.embedding"] = {emitEmbedding};
  registry["nn.position_ids"] = {emitPositionIds};
  registry["nn.embedding_grad"] = {emitEmbeddingGrad};
  registry["intq.embedding"] = {emitCodeEmbedding};
  registry["intq.embedding_grad"] = {emitCodeEmbeddingGrad};
}

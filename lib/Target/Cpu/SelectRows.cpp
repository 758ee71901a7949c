// Kernel of nn.select_rows: a radix sort, prefix sums and binary searches, on one thread.
#include "intq/Dialect/NN/NN.h"
#include "intq/Format/Philox.h"
#include "intq/Format/RowSelection.h"
#include "intq/Target/Cpu/Kernel.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

using Values = KernelBuilder::Values;
using Compare = arith::CmpIPredicate;

namespace {
class SelectRowsKernel {
public:
  explicit SelectRowsKernel(KernelBuilder &k);
  LogicalResult emit();

private:
  Value weight(Value row) { return k.loadScalar(weights, row); }
  Value weight64(Value row) { return to64(weight(row)); }
  Value isKept(Value row);
  void computeWeights();
  Value countUsed();
  void takeAll(Value used);
  void select(Value used);
  void addUniformShare(Value used);
  Value sumOfWeights();
  void sort();
  void sortPass(int pass, Value from, Value to);
  /// The number of certain rows, i64.
  Value certainByScore(Value sum);
  Value certainByProbability(Value sum);
  /// Marks the first `certain` rows of the order; the sum of the other weights.
  Value markCertain(Value certain, Value sum);
  void scaleOthers(Value rest, Value draws);
  Value uniform(Value t, Value n);
  void drawWithReplacement(Value rest, Value draws);
  void drawByComb(Value rest, Value draws);
  Value find(Value u);
  void addTimes(Value row, Value times) {
    k.storeScalar(s.addI(k.loadScalar(times32, row), times), times32, row);
  }
  void write();

  // i64 arithmetic.
  Value to64(Value i32) { return arith::ExtSIOp::create(k.b, k.loc, k.b.getI64Type(), i32); }
  Value unsigned64(Value i32) { return arith::ExtUIOp::create(k.b, k.loc, k.b.getI64Type(), i32); }
  Value to32(Value i64) { return arith::TruncIOp::create(k.b, k.loc, k.b.getI32Type(), i64); }
  Value toIndex(Value i) { return arith::IndexCastOp::create(k.b, k.loc, k.b.getIndexType(), i); }
  Value fromIndex(Value i, Type type) { return arith::IndexCastOp::create(k.b, k.loc, type, i); }
  Value add(Value x, Value y) { return arith::AddIOp::create(k.b, k.loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(k.b, k.loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulIOp::create(k.b, k.loc, x, y); }
  Value high32(Value x) { return arith::ShRUIOp::create(k.b, k.loc, x, k.i64(32)); }
  Value compare(Compare p, Value x, Value y) { return arith::CmpIOp::create(k.b, k.loc, p, x, y); }
  Value select(Value c, Value x, Value y) { return arith::SelectOp::create(k.b, k.loc, c, x, y); }
  Value toF64(Value i64) { return arith::SIToFPOp::create(k.b, k.loc, k.b.getF64Type(), i64); }
  Value toF32(Value i64) { return arith::SIToFPOp::create(k.b, k.loc, k.b.getF32Type(), i64); }
  /// for (row = 0; row < rows; ++row), one value carried.
  Value foldRows(Value init, llvm::function_ref<Value(Value row, Value acc)> body) {
    return k.loop(k.index(0), k.index(rows), 1, {init}, [&](Value row, ValueRange acc) {
      return Values{body(row, acc[0])};
    })[0];
  }

  KernelBuilder &k;
  nn::SelectRowsOp op;
  VectorMachine s;
  int64_t rows, taken, bits;
  Value weights, times32, factors, order, other, histogram, cumulative;
};
} // namespace

SelectRowsKernel::SelectRowsKernel(KernelBuilder &k)
    : k(k), op(cast<nn::SelectRowsOp>(k.op)), s(k.scalar()),
      rows(op.getWeights().getType().getNumElements()), taken(op.getRows().getType().getNumElements()),
      bits(weightBits(rows)) {
  Type i32 = k.b.getI32Type();
  weights = k.scratch(rows, i32);
  times32 = k.scratch(rows, i32);
  factors = k.scratch(rows, k.b.getF32Type());
  order = k.scratch(rows, i32);
  other = k.scratch(rows, i32);
  histogram = k.scratch(256, i32);
  cumulative = k.scratch(rows, k.b.getI64Type());
}

Value SelectRowsKernel::isKept(Value row) {
  if (!op.getKeep())
    return arith::ConstantIntOp::create(k.b, k.loc, k.b.getI1Type(), 1);
  Value kept = compare(Compare::ne, k.loadScalar(k.operand(2), row), k.i32(0));
  if (op.getAnchor() < 0)
    return kept;
  int64_t positions = cast<ShapedType>(op.getKeep().getType()).getShape()[1];
  return s.either(kept, compare(Compare::eq, k.remIndex(row, positions), k.index(op.getAnchor())));
}

void SelectRowsKernel::computeWeights() {
  Value largest = foldRows(k.i32(0), [&](Value row, Value acc) {
    Value magnitude = magnitudeBits(s, k.loadScalar(k.operand(0), row));
    return s.maxI(acc, s.selectI(isKept(row), magnitude, k.i32(0)));
  });
  Value top = s.floatOf(largest);
  k.loop(rows, [&](Value row) {
    Value w = integerWeight(s, k.loadScalar(k.operand(0), row), top, bits);
    k.storeScalar(s.selectI(isKept(row), w, k.i32(0)), weights, row);
    k.storeScalar(k.i32(0), times32, row);
    k.storeScalar(k.f32(1.0f), factors, row);
  });
}

Value SelectRowsKernel::countUsed() {
  return foldRows(k.i64(0), [&](Value row, Value acc) {
    return add(acc, unsigned64(compare(Compare::ne, weight(row), k.i32(0))));
  });
}

void SelectRowsKernel::takeAll(Value used) {
  foldRows(sub(k.i64(taken), used), [&](Value row, Value fill) {
    Value isUsed = compare(Compare::ne, weight(row), k.i32(0));
    Value fills = s.both(compare(Compare::eq, weight(row), k.i32(0)), compare(Compare::sgt, fill, k.i64(0)));
    k.storeScalar(s.selectI(s.either(isUsed, fills), k.i32(1), k.i32(0)), times32, row);
    return sub(fill, unsigned64(fills));
  });
}

Value SelectRowsKernel::sumOfWeights() {
  return foldRows(k.i64(0), [&](Value row, Value acc) { return add(acc, weight64(row)); });
}

void SelectRowsKernel::addUniformShare(Value used) {
  double share = op.getDefensive().convertToDouble();
  if (share == 0.0)
    return;
  Value portion = s.mulD(toF64(sumOfWeights()), s.constantD(share / (1.0 - share)));
  Value each = math::RoundEvenOp::create(k.b, k.loc, s.divD(portion, toF64(used)));
  Value addend = arith::FPToSIOp::create(k.b, k.loc, k.b.getI32Type(), each);
  k.loop(rows, [&](Value row) {
    Value w = weight(row);
    k.storeScalar(s.selectI(compare(Compare::ne, w, k.i32(0)), s.addI(w, addend), w), weights, row);
  });
}

/// One stable pass by eight bits of the weight, the largest digit first.
void SelectRowsKernel::sortPass(int pass, Value from, Value to) {
  auto bucket = [&](Value row) {
    Value digit = s.andI(s.shrU(weight(row), 8 * pass), k.i32(255));
    return toIndex(s.subI(k.i32(255), digit));
  };
  k.loop(256, [&](Value i) { k.storeScalar(k.i32(0), histogram, i); });
  k.loop(rows, [&](Value row) {
    Value at = bucket(row);
    k.storeScalar(s.addI(k.loadScalar(histogram, at), k.i32(1)), histogram, at);
  });
  k.loop(k.index(0), k.index(256), 1, {k.i32(0)}, [&](Value i, ValueRange acc) {
    Value here = k.loadScalar(histogram, i);
    k.storeScalar(acc[0], histogram, i);
    return Values{s.addI(acc[0], here)};
  });
  k.loop(rows, [&](Value i) {
    Value row = from ? k.loadIndex(from, i) : i, at = bucket(row), place = k.loadScalar(histogram, at);
    k.storeScalar(fromIndex(row, k.b.getI32Type()), to, toIndex(place));
    k.storeScalar(s.addI(place, k.i32(1)), histogram, at);
  });
}

/// Rows by descending weight, equal ones by number: three passes hold 24 bits, and weights have at most 24.
void SelectRowsKernel::sort() {
  sortPass(0, nullptr, order);
  sortPass(1, order, other);
  sortPass(2, other, order);
}

Value SelectRowsKernel::certainByScore(Value sum) {
  bool squared = op.getCriterion() == nn::Criterion::Squared;
  Value infinity = s.constantD(std::numeric_limits<double>::infinity());
  return k.loop(k.index(0), k.index(taken), 1, {sum, infinity, k.i64(0)}, [&](Value c, ValueRange acc) {
    Value left = acc[0], c64 = fromIndex(c, k.b.getI64Type()), draws = sub(k.i64(taken), c64);
    Value score = selectionScore(s, toF64(left), toF64(draws), squared);
    Value better = s.ltD(score, acc[1]);
    if (squared)
      better = s.both(better, compare(Compare::sle, mul(left, k.i64(taken)), mul(sum, draws)));
    return Values{sub(left, weight64(k.loadIndex(order, c))), select(better, score, acc[1]),
                  select(better, c64, acc[2])};
  })[2];
}

Value SelectRowsKernel::certainByProbability(Value sum) {
  // Once a row is not certain, none after it is.
  Value yes = arith::ConstantIntOp::create(k.b, k.loc, k.b.getI1Type(), 1);
  return k.loop(k.index(0), k.index(taken), 1, {sum, k.i64(0), yes}, [&](Value c, ValueRange acc) {
    Value w = weight64(k.loadIndex(order, c)), draws = sub(k.i64(taken), fromIndex(c, k.b.getI64Type()));
    Value certain = s.both(acc[2], compare(Compare::sgt, mul(draws, w), acc[0]));
    return Values{sub(acc[0], w), add(acc[1], unsigned64(certain)), certain};
  })[1];
}

Value SelectRowsKernel::markCertain(Value certain, Value sum) {
  return k.loop(k.index(0), toIndex(certain), 1, {sum}, [&](Value c, ValueRange acc) {
    Value row = k.loadIndex(order, c), w = weight64(row);
    k.storeScalar(k.i32(1), times32, row);
    k.storeScalar(k.i32(0), weights, row);
    return Values{sub(acc[0], w)};
  })[0];
}

/// Factors of the rows that are drawn, and their cumulative weights.
void SelectRowsKernel::scaleOthers(Value rest, Value draws) {
  Value numerator = toF32(rest);
  foldRows(k.i64(0), [&](Value row, Value acc) {
    Value w = weight64(row), sum = add(acc, w);
    k.storeScalar(sum, cumulative, row);
    Value factor = s.div(numerator, toF32(mul(draws, w)));
    Value drawn = compare(Compare::ne, w, k.i64(0));
    k.storeScalar(s.select(drawn, factor, k.f32(1.0f)), factors, row);
    return sum;
  });
}

/// floor(v·n/2^64), v the 64 bits of the words 2t and 2t + 1.
Value SelectRowsKernel::uniform(Value t, Value n) {
  auto key = [&](int i) { return k.loadScalar(k.operand(1), k.index(i)); };
  RandomKey<VectorMachine> random{key(0), key(1), key(2), key(3), k.stream()};
  Value group = fromIndex(k.divIndex(t, 2), k.b.getI32Type());
  Words4<VectorMachine> words = randomGroup(s, random, group, k.i32(0));
  Value second = compare(Compare::eq, k.remIndex(t, 2), k.index(1));
  Value high = unsigned64(s.selectI(second, words[2], words[0]));
  Value low = unsigned64(s.selectI(second, words[3], words[1]));
  return high32(add(mul(high, n), high32(mul(low, n))));
}

/// The first row whose cumulative weight exceeds u.
Value SelectRowsKernel::find(Value u) {
  int64_t step = 1;
  while (step < rows)
    step *= 2;
  Value below = k.index(0); // so many rows reach at most u
  for (; step; step /= 2) {
    Value candidate = k.addIndex(below, k.index(step));
    Value inside = compare(Compare::ule, candidate, k.index(rows));
    Value last = k.minIndex(candidate, k.index(rows));
    Value reach = k.loadScalar(cumulative, sub(last, k.index(1)));
    below = select(s.both(inside, compare(Compare::sle, reach, u)), candidate, below);
  }
  return below;
}

void SelectRowsKernel::drawWithReplacement(Value rest, Value draws) {
  k.loop(k.index(0), toIndex(draws), 1, [&](Value t) { addTimes(find(uniform(t, rest)), k.i32(1)); });
}

void SelectRowsKernel::drawByComb(Value rest, Value draws) {
  Value u = uniform(k.index(0), rest);
  foldRows(k.i64(0), [&](Value row, Value before) {
    Value beyond = sub(mul(k.loadScalar(cumulative, row), draws), u);
    Value some = compare(Compare::sgt, beyond, k.i64(0));
    Value up = sub(add(select(some, beyond, k.i64(0)), rest), k.i64(1));
    Value teeth = arith::DivUIOp::create(k.b, k.loc, up, rest);
    addTimes(row, to32(sub(teeth, before)));
    return teeth;
  });
}

void SelectRowsKernel::select(Value used) {
  sort(); // before the uniform share, which keeps the order
  addUniformShare(used);
  Value sum = sumOfWeights();
  Value certain = op.getSampler() == nn::Sampler::Pps ? certainByProbability(sum) : certainByScore(sum);
  Value rest = markCertain(certain, sum), draws = sub(k.i64(taken), certain);
  scaleOthers(rest, draws);
  if (op.getSampler() == nn::Sampler::Pps)
    drawByComb(rest, draws);
  else
    drawWithReplacement(rest, draws);
}

void SelectRowsKernel::write() {
  foldRows(k.index(0), [&](Value row, Value at) {
    Value end = k.addIndex(at, k.loadIndex(times32, row)), number = fromIndex(row, k.b.getI32Type());
    Value factor = k.loadScalar(factors, row);
    k.loop(at, end, 1, [&](Value i) {
      k.storeScalar(number, k.result(0), i);
      k.storeScalar(factor, k.result(1), i);
    });
    return end;
  });
}

LogicalResult SelectRowsKernel::emit() {
  computeWeights();
  Value used = countUsed();
  k.when(compare(Compare::sle, used, k.i64(taken)), [&] { takeAll(used); });
  k.when(compare(Compare::sgt, used, k.i64(taken)), [&] { select(used); });
  write();
  return success();
}

static LogicalResult emitSelectRows(KernelBuilder &k) { return SelectRowsKernel(k).emit(); }

void intq::cpu::addSelectRowsKernels(KernelRegistry &registry) {
  registry["nn.select_rows"] = {emitSelectRows};
}

// Kernels of AdamW and of gradient clipping (Spec, section AdamW, N10).
#include "intq/Dialect/NN/NN.h"
#include "intq/Format/AdamW.h"
#include "intq/Target/Cpu/Kernel.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

using Values = KernelBuilder::Values;

static LogicalResult emitSchedule(KernelBuilder &k) {
  auto op = cast<nn::AdamWScheduleOp>(k.op);
  VectorMachine s = k.scalar();
  auto at = [&](Value buffer, int64_t i) { return k.loadScalar(buffer, k.index(i)); };
  auto step = adamWSchedule(s, at(k.operand(0), 0), at(k.operand(1), 0), at(k.operand(1), 1),
                            op.getBeta1().convertToDouble(), op.getBeta2().convertToDouble(),
                            op.getWeightDecay().convertToDouble(), op.getMode() == nn::AdamMode::Ort);
  k.storeScalar(step.schedule.size, k.result(0), k.index(0));
  k.storeScalar(step.schedule.root, k.result(0), k.index(1));
  k.storeScalar(step.schedule.decay, k.result(0), k.index(2));
  k.storeScalar(step.power1, k.result(1), k.index(0));
  k.storeScalar(step.power2, k.result(1), k.index(1));
  return success();
}

static LogicalResult emitAdamW(KernelBuilder &k) {
  auto op = cast<nn::AdamWOp>(k.op);
  VectorMachine v = k.vector();
  auto constant = [&](int64_t i) { return k.splat(k.loadScalar(k.operand(4), k.index(i))); };
  AdamWSchedule<VectorMachine> schedule{constant(0), constant(1), constant(2)};
  AdamWConstants constants(op.getBeta1().convertToDouble(), op.getBeta2().convertToDouble(),
                           op.getEpsilon().convertToDouble());
  Value coefficient = op.getCoefficient() ? k.splat(k.loadScalar(k.operand(5), k.index(0))) : Value();
  k.parallelLanes(cast<ShapedType>(op.getParameter().getType()).getNumElements(), [&](Lanes lanes) {
    auto x = [&](unsigned i) { return k.load(k.operand(i), nullptr, lanes); };
    Value gradient = coefficient ? v.mul(x(3), coefficient) : x(3);
    auto next = adamW<VectorMachine>(v, {x(0), x(1), x(2)}, gradient, schedule, constants, op.getDecay(),
                                     op.getMode() == nn::AdamMode::Ort);
    k.store(next.parameter, k.result(0), nullptr, lanes);
    k.store(next.moment1, k.result(1), nullptr, lanes);
    k.store(next.moment2, k.result(2), nullptr, lanes);
  });
  return success();
}

namespace {
/// Squares summed as N10 says, over all gradients in one parallel loop: a table of addresses keeps the code small.
class NormKernel {
public:
  explicit NormKernel(KernelBuilder &k) : k(k) {
    for (Value gradient : cast<nn::ClipCoefficientOp>(k.op).getGradients()) {
      sizes.push_back(cast<ShapedType>(gradient.getType()).getNumElements());
      firstChunk.push_back(chunks);
      chunks += llvm::divideCeil(sizes.back(), kChunk);
    }
  }
  void emit();

private:
  static constexpr int64_t kChunk = 4096;

  Value table(llvm::function_ref<Value(int64_t)> entry);
  Value findTensor(Value starts, Value chunk);
  Value sumOfChunk(Value address, Value count);
  Value reduce(Value sums, int64_t first, int64_t count);

  KernelBuilder &k;
  SmallVector<int64_t> sizes, firstChunk;
  int64_t chunks = 0;
};
} // namespace

/// One i64 a gradient.
Value NormKernel::table(function_ref<Value(int64_t)> entry) {
  Value buffer = k.stackBuffer(sizes.size(), k.b.getI64Type());
  for (int64_t i = 0, n = sizes.size(); i < n; ++i)
    k.storeScalar(entry(i), buffer, k.index(i));
  return buffer;
}

/// The last gradient whose first chunk is at or before `chunk`, by bisection.
Value NormKernel::findTensor(Value starts, Value chunk) {
  VectorMachine s = k.scalar();
  int64_t n = sizes.size();
  Value chunk64 = arith::IndexCastOp::create(k.b, k.loc, k.b.getI64Type(), chunk);
  Value low = k.index(0);
  for (int64_t step = llvm::PowerOf2Ceil(n) / 2; step; step /= 2) {
    Value probe = k.minIndex(k.addIndex(low, k.index(step)), k.index(n - 1));
    Value after = s.ltI(chunk64, k.loadScalar(starts, probe));
    low = s.selectI(after, low, probe);
  }
  return low;
}

/// Σ x² in binary64 by sixteen lanes of `count` floats at `address`.
Value NormKernel::sumOfChunk(Value address, Value count) {
  OpBuilder &b = k.b;
  Location loc = k.loc;
  VectorMachine v = k.vector();
  auto type = cast<VectorType>(v.type(b.getF32Type()));
  auto pointerAt = [&](Value i) -> Value {
    Value offset = arith::IndexCastOp::create(b, loc, b.getI64Type(), i);
    Value at = arith::AddIOp::create(b, loc, address, arith::MulIOp::create(b, loc, offset, k.i64(4)));
    return LLVM::IntToPtrOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()), at);
  };
  auto addSquares = [&](Value sum, Value x) {
    Value wide = v.extend(x);
    return v.addD(sum, v.mulD(wide, wide));
  };
  Value whole = k.mulIndex(k.divIndex(count, kLanes), kLanes);
  Value sum = k.loop(k.index(0), whole, kLanes, {v.constantD(0.0)}, [&](Value i, ValueRange acc) {
    return Values{addSquares(acc[0], LLVM::LoadOp::create(b, loc, type, pointerAt(i), /*alignment=*/4))};
  })[0];
  // The lanes that are left; none of them reads where none is.
  Value rest = arith::IndexCastOp::create(b, loc, b.getI32Type(), arith::SubIOp::create(b, loc, count, whole));
  SmallVector<int32_t> numbers = llvm::to_vector(llvm::seq<int32_t>(0, kLanes));
  Value iota = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(cast<ShapedType>(v.type(b.getI32Type())), ArrayRef<int32_t>(numbers)));
  Value mask = v.ltI(iota, k.splat(rest));
  Value tail = LLVM::MaskedLoadOp::create(b, loc, type, pointerAt(whole), mask, v.constant(0.0f), /*alignment=*/4);
  return k.sumTree(addSquares(sum, tail));
}

/// The sums first … first + count − 1 of a gradient to one, level by level.
Value NormKernel::reduce(Value sums, int64_t first, int64_t count) {
  VectorMachine v = k.vector();
  while (count > 1) {
    int64_t groups = llvm::divideCeil(count, kChunk);
    for (int64_t g = 0; g < groups; ++g) { // in place: group g is read before its sum is written
      int64_t size = std::min(kChunk, count - g * kChunk);
      Value base = k.index(first + g * kChunk);
      Value lanes = k.reduceLanes(size, {v.constantD(0.0)}, [&](Lanes at, ValueRange acc) {
        return Values{v.addD(acc[0], k.load(sums, base, at))};
      })[0];
      k.storeScalar(k.sumTree(lanes), sums, k.index(first + g));
    }
    count = groups;
  }
  return k.loadScalar(sums, k.index(first));
}

void NormKernel::emit() {
  OpBuilder &b = k.b;
  VectorMachine s = k.scalar();
  Value sums = k.scratch(chunks, b.getF64Type());
  Value addresses = table([&](int64_t i) -> Value {
    Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, k.loc, k.operand(i));
    return arith::IndexCastOp::create(b, k.loc, b.getI64Type(), address);
  });
  Value counts = table([&](int64_t i) { return k.i64(sizes[i]); });
  Value starts = table([&](int64_t i) { return k.i64(firstChunk[i]); });
  k.parallelFor(chunks, kChunk, [&](Value chunk) {
    Value t = findTensor(starts, chunk);
    auto entry = [&](Value from) -> Value {
      return arith::IndexCastOp::create(b, k.loc, b.getIndexType(), k.loadScalar(from, t));
    };
    Value offset = k.mulIndex(arith::SubIOp::create(b, k.loc, chunk, entry(starts)), kChunk);
    Value count = k.minIndex(k.index(kChunk), arith::SubIOp::create(b, k.loc, entry(counts), offset));
    Value bytes = arith::IndexCastOp::create(b, k.loc, b.getI64Type(), k.mulIndex(offset, 4));
    Value address = arith::AddIOp::create(b, k.loc, k.loadScalar(addresses, t), bytes);
    k.storeScalar(sumOfChunk(address, count), sums, chunk);
  });
  Value total = s.constantD(0.0);
  for (size_t i = 0; i < sizes.size(); ++i)
    total = s.addD(total, reduce(sums, firstChunk[i], llvm::divideCeil(sizes[i], kChunk)));
  Value norm = s.sqrtD(total);
  double maxNorm = cast<nn::ClipCoefficientOp>(k.op).getMaxNorm().convertToDouble();
  k.storeScalar(s.truncate(norm), k.result(0), k.index(0));
  k.storeScalar(clipCoefficient(s, norm, maxNorm), k.result(1), k.index(0));
}

static LogicalResult emitClipCoefficient(KernelBuilder &k) {
  NormKernel(k).emit();
  return success();
}

void intq::cpu::addOptimizerKernels(KernelRegistry &registry) {
  registry["nn.adamw_schedule"] = {emitSchedule, /*inPlace=*/true};
  registry["nn.adamw"] = {emitAdamW, /*inPlace=*/true};
  registry["nn.clip_coefficient"] = {emitClipCoefficient};
}

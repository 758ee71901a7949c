// Kernel of the coefficient of gradient clipping (Spec, nn.clip_coefficient, N10).
#include "intq/Dialect/NN/NN.h"
#include "intq/Format/AdamW.h"
#include "intq/Target/Cpu/Kernel.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

using Values = KernelBuilder::Values;

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

void intq::cpu::addClipKernels(KernelRegistry &registry) {
  registry["nn.clip_coefficient"] = {emitClipCoefficient};
}

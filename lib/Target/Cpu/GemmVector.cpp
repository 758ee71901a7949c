// Micro-kernels on vectors: f32 fma, i16 pairs in plain arithmetic, VNNI of 512 and of 256 bits.
#include "Gemm.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace intq::cpu;

Value intq::cpu::loadVector(KernelBuilder &k, int64_t lanes, Value buffer, Value at) {
  auto type = VectorType::get({lanes}, cast<MemRefType>(buffer.getType()).getElementType());
  return vector::LoadOp::create(k.b, k.loc, type, buffer, at);
}
void intq::cpu::storeVector(KernelBuilder &k, Value vector, Value buffer, Value at) {
  vector::StoreOp::create(k.b, k.loc, vector, buffer, at);
}
Value intq::cpu::broadcast(KernelBuilder &k, int64_t lanes, Value scalar) {
  return vector::BroadcastOp::create(k.b, k.loc, VectorType::get({lanes}, scalar.getType()),
                                     scalar);
}
Value intq::cpu::bitcast(KernelBuilder &k, Value vector, int64_t lanes, Type element) {
  return vector::BitCastOp::create(k.b, k.loc, VectorType::get({lanes}, element), vector);
}

/// acc + the dot products of i16 pairs: the form that LLVM recognizes as pmaddwd.
static Value dotPairs(KernelBuilder &k, int64_t lanes, Value acc, Value a, Value b) {
  auto wide = VectorType::get({2 * lanes}, k.b.getI32Type());
  Value x = arith::ExtSIOp::create(k.b, k.loc, wide, bitcast(k, a, 2 * lanes, k.b.getI16Type()));
  Value y = arith::ExtSIOp::create(k.b, k.loc, wide, bitcast(k, b, 2 * lanes, k.b.getI16Type()));
  Value products = arith::MulIOp::create(k.b, k.loc, x, y);
  SmallVector<int64_t> even, odd;
  for (int64_t i = 0; i < lanes; ++i)
    even.push_back(2 * i), odd.push_back(2 * i + 1);
  Value low = vector::ShuffleOp::create(k.b, k.loc, products, products, even);
  Value high = vector::ShuffleOp::create(k.b, k.loc, products, products, odd);
  return arith::AddIOp::create(k.b, k.loc, acc, arith::AddIOp::create(k.b, k.loc, low, high));
}

/// The AVX-512 name serves both encodings: LLVM takes the one that the target has.
static Value callDot(KernelBuilder &k, StringRef intrinsic, int64_t lanes, Value acc, Value x, Value y) {
  auto name = k.b.getStringAttr("llvm.x86.avx512." + intrinsic + "." + Twine(32 * lanes));
  return LLVM::CallIntrinsicOp::create(k.b, k.loc, acc.getType(), name, ValueRange{acc, x, y})
      .getResult(0);
}

/// acc + a·b over the groups of one lane each; a and b are vectors of 32-bit groups.
static Value dot(KernelBuilder &k, const MicroKernel &kernel, Value acc, Value a, Value b) {
  int64_t lanes = kernel.lanes;
  switch (kernel.dot) {
  case GemmDot::Float: {
    Type f32 = k.b.getF32Type();
    return math::FmaOp::create(k.b, k.loc, bitcast(k, a, lanes, f32), bitcast(k, b, lanes, f32),
                               acc);
  }
  case GemmDot::Pairs:
    return dotPairs(k, lanes, acc, a, b);
  case GemmDot::VnniBytes: { // unsigned × signed, wrapping (Spec N1)
    Type i8 = k.b.getI8Type();
    return callDot(k, "vpdpbusd", lanes, acc, bitcast(k, b, 4 * lanes, i8), bitcast(k, a, 4 * lanes, i8));
  }
  case GemmDot::VnniPairs: {
    Type i16 = k.b.getI16Type();
    return callDot(k, "vpdpwssd", lanes, acc, bitcast(k, b, 2 * lanes, i16), bitcast(k, a, 2 * lanes, i16));
  }
  case GemmDot::AmxBytes:
    break;
  }
  return acc;
}

/// The 32-bit group of A at `at`, in every lane.
static Value broadcastGroup(KernelBuilder &k, const MicroKernel &kernel, Value buffer, Value at) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (element.getIntOrFloatBitWidth() == 32)
    return broadcast(k, kernel.lanes, k.loadScalar(buffer, at));
  Value group = bitcast(k, loadVector(k, kernel.group(), buffer, at), 1, k.b.getI32Type());
  Value scalar = vector::ExtractOp::create(k.b, k.loc, group, 0);
  return broadcast(k, kernel.lanes, scalar);
}

KernelBuilder::Values intq::cpu::emitVectorKernel(KernelBuilder &k, const MicroKernel &kernel,
                                                  RowsRef a, PanelRef b, Value groups,
                                                  KernelBuilder::Values init) {
  int64_t lanes = kernel.lanes;
  return k.loop(k.index(0), groups, 1, init, [&](Value g, ValueRange acc) {
    Value stepA = k.addIndex(a.offset, k.mulIndex(g, a.step));
    Value stepB = k.addIndex(b.offset, k.mulIndex(g, kernel.nr()));
    KernelBuilder::Values columns, next;
    for (int64_t v = 0; v < kernel.vectors; ++v)
      columns.push_back(loadVector(k, lanes, b.buffer, k.addIndex(stepB, k.index(v * lanes))));
    for (int64_t r = 0; r < kernel.mr; ++r) {
      Value x = broadcastGroup(k, kernel, a.buffer, k.addIndex(stepA, k.index(r * a.row)));
      for (int64_t v = 0; v < kernel.vectors; ++v)
        next.push_back(dot(k, kernel, acc[r * kernel.vectors + v], x, columns[v]));
    }
    return next;
  });
}

Value intq::cpu::emitOffsetCorrection(KernelBuilder &k, const MicroKernel &kernel, RowsRef a,
                                      Value groups) {
  auto type = VectorType::get({kernel.lanes}, k.b.getI32Type());
  auto splat = [&](int32_t v) {
    return arith::ConstantOp::create(k.b, k.loc,
                                     DenseElementsAttr::get(type, k.b.getI32IntegerAttr(v)));
  };
  Value ones = splat(0x01010101), zero = splat(0);
  Value sums;
  if (a.row == 1) { // a packed panel: the groups of all rows side by side
    sums = k.loop(k.index(0), groups, 1, {zero}, [&](Value g, ValueRange sum) {
      Value at = k.addIndex(a.offset, k.mulIndex(g, a.step));
      return KernelBuilder::Values{
          dot(k, kernel, sum[0], loadVector(k, kernel.lanes, a.buffer, at), ones)};
    })[0];
  } else { // rows in place: whole vectors of groups (readsInPlace), then the sum over the lanes
    KernelBuilder::Values init(kernel.mr, zero);
    auto rows = k.loop(k.index(0), groups, kernel.lanes, init, [&](Value g, ValueRange sum) {
      KernelBuilder::Values next;
      Value at = k.addIndex(a.offset, k.mulIndex(g, a.step));
      for (int64_t r = 0; r < kernel.mr; ++r) {
        Value codes = loadVector(k, kernel.lanes * kernel.group(), a.buffer,
                                 k.addIndex(at, k.index(r * a.row)));
        next.push_back(dot(k, kernel, sum[r], codes, ones));
      }
      return next;
    });
    sums = zero;
    for (auto [r, row] : llvm::enumerate(rows))
      sums = vector::InsertOp::create(k.b, k.loc, k.sumInteger(row), sums, r);
  }
  return arith::MulIOp::create(k.b, k.loc, sums, splat(-128));
}

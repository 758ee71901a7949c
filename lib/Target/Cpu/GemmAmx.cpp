// The AMX micro-kernel: four tiles of 16 × 16 sums of tdpbssd.
//
// On values of type !llvm.x86_amx, since the tiles of the amx dialect cannot be carried by a loop.
// LLVM allocates the tile registers and configures them once a function.
#include "Gemm.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace intq::cpu;

namespace {
/// Calls of the tile intrinsics. Tiles of sums have 16 rows of 64 bytes, those of A 16 rows of `groups` groups, those of B
/// `groups` rows of 64 bytes.
class Tiles {
public:
  Tiles(KernelBuilder &k, int64_t groups) : k(k), tile(LLVM::LLVMX86AMXType::get(k.b.getContext())) {
    auto i16 = [&](int64_t v) { return arith::ConstantIntOp::create(k.b, k.loc, k.b.getI16Type(), v); };
    rows = i16(16), bytes = i16(64), rowsB = i16(groups), bytesA = i16(4 * groups);
  }
  Value zero() { return call("tilezero", tile, {rows, bytes}); }
  Value loadA(Value pointer, Value stride) {
    return call("tileloadd64", tile, {rows, bytesA, pointer, stride});
  }
  Value loadB(Value pointer, Value stride) {
    return call("tileloadd64", tile, {rowsB, bytes, pointer, stride});
  }
  Value dot(Value acc, Value a, Value b) {
    return call("tdpbssd", tile, {rows, bytes, bytesA, acc, a, b});
  }
  void store(Value pointer, Value stride, Value value) {
    call("tilestored64", {}, {rows, bytes, pointer, stride, value});
  }
  /// The address of element `offset` of a flat buffer.
  Value address(Value buffer, Value offset) {
    Type i64 = k.b.getI64Type();
    int64_t size = cast<MemRefType>(buffer.getType()).getElementTypeBitWidth() / 8;
    Value base = memref::ExtractAlignedPointerAsIndexOp::create(k.b, k.loc, buffer);
    Value sum = k.addIndex(base, k.mulIndex(offset, size));
    Value bits = arith::IndexCastOp::create(k.b, k.loc, i64, sum);
    return LLVM::IntToPtrOp::create(k.b, k.loc, LLVM::LLVMPointerType::get(k.b.getContext()), bits);
  }

private:
  Value call(StringRef name, Type result, ValueRange arguments) {
    auto intrinsic = k.b.getStringAttr("llvm.x86." + name + ".internal");
    auto call = result ? LLVM::CallIntrinsicOp::create(k.b, k.loc, result, intrinsic, arguments)
                       : LLVM::CallIntrinsicOp::create(k.b, k.loc, intrinsic, arguments);
    return result ? call.getResult(0) : Value();
  }

  KernelBuilder &k;
  Type tile;
  Value rows, bytes, rowsB, bytesA;
};
} // namespace

void intq::cpu::emitAmxKernel(KernelBuilder &k, const MicroKernel &kernel, RowsRef a, PanelRef b,
                              Value groups, Value tile) {
  Tiles t(k, kernel.groupStep());
  constexpr int64_t kSide = 16; // rows and columns of a tile of sums
  int64_t bytesA = cast<MemRefType>(a.buffer.getType()).getElementTypeBitWidth() / 8;
  Value strideA = k.i64(a.row * bytesA), strideB = k.i64(4 * kernel.nr());
  KernelBuilder::Values init = {t.zero(), t.zero(), t.zero(), t.zero()};
  auto sums = k.loop(k.index(0), groups, kernel.groupStep(), init, [&](Value g, ValueRange acc) {
    Value tileA = k.addIndex(a.offset, k.mulIndex(k.divIndex(g, kernel.groupStep()), a.step));
    Value tileB = k.addIndex(b.offset, k.mulIndex(g, kernel.nr()));
    auto loadA = [&](int64_t row) {
      return t.loadA(t.address(a.buffer, k.addIndex(tileA, k.index(row * a.row))), strideA);
    };
    auto loadB = [&](int64_t column) {
      return t.loadB(t.address(b.buffer, k.addIndex(tileB, k.index(column))), strideB);
    };
    Value a0 = loadA(0), b0 = loadB(0), a1 = loadA(kSide), b1 = loadB(kSide);
    return KernelBuilder::Values{t.dot(acc[0], a0, b0), t.dot(acc[1], a0, b1),
                                 t.dot(acc[2], a1, b0), t.dot(acc[3], a1, b1)};
  });
  for (auto [i, sum] : llvm::enumerate(sums)) {
    int64_t offset = (i / 2) * kSide * kernel.nr() + (i % 2) * kSide;
    t.store(t.address(tile, k.index(offset)), strideB, sum);
  }
}

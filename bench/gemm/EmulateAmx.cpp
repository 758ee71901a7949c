// A tile of up to 16 rows of 64 bytes is a vector<16x16xi32>; what lies beyond it is not read by dot products.
#include "EmulateAmx.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

static constexpr int64_t kSide = 16;

namespace {
class Emulator {
public:
  Emulator(MLIRContext *context)
      : b(context), loc(UnknownLoc::get(context)), row(VectorType::get({kSide}, b.getI32Type())),
        tile(VectorType::get({kSide, kSide}, b.getI32Type())) {}

  void replace(LLVM::CallIntrinsicOp call) {
    b.setInsertionPoint(call);
    OperandRange args = call.getArgs();
    Value value;
    if (call.getIntrin() == "llvm.x86.tilezero.internal")
      value = arith::ConstantOp::create(b, loc, b.getZeroAttr(tile));
    else if (call.getIntrin() == "llvm.x86.tileloadd64.internal")
      value = load(constant(args[0]), args[2], args[3]);
    else if (call.getIntrin() == "llvm.x86.tdpbssd.internal")
      value = dot(constant(args[2]) / 4, args[3], args[4], args[5]);
    else if (call.getIntrin() == "llvm.x86.tilestored64.internal")
      store(args[2], args[3], args[4]);
    else
      return;
    if (value)
      call.getResult(0).replaceAllUsesWith(value);
    call.erase();
  }

private:
  static int64_t constant(Value v) { return *getConstantIntValue(v); }
  Value address(Value pointer, Value stride, int64_t r) {
    Value offset = arith::MulIOp::create(b, loc, stride,
                                         arith::ConstantIntOp::create(b, loc, b.getI64Type(), r));
    return LLVM::GEPOp::create(b, loc, pointer.getType(), b.getI8Type(), pointer, offset);
  }
  Value load(int64_t rows, Value pointer, Value stride) {
    Value value = arith::ConstantOp::create(b, loc, b.getZeroAttr(tile));
    for (int64_t r = 0; r < rows; ++r) {
      Value bytes = LLVM::LoadOp::create(b, loc, row, address(pointer, stride, r), /*alignment=*/1);
      value = vector::InsertOp::create(b, loc, bytes, value, r);
    }
    return value;
  }
  void store(Value pointer, Value stride, Value value) {
    for (int64_t r = 0; r < kSide; ++r)
      LLVM::StoreOp::create(b, loc, vector::ExtractOp::create(b, loc, value, r),
                            address(pointer, stride, r),
                            /*alignment=*/1);
  }
  /// Byte `i` of every lane, sign extended.
  Value byte(Value lanes, int64_t i) {
    auto constant = [&](int64_t v) {
      return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(row, b.getI32IntegerAttr(v)));
    };
    Value high = arith::ShLIOp::create(b, loc, lanes, constant(24 - 8 * i));
    return arith::ShRSIOp::create(b, loc, high, constant(24));
  }
  Value dot(int64_t groups, Value acc, Value x, Value y) {
    for (int64_t r = 0; r < kSide; ++r) {
      Value sum = vector::ExtractOp::create(b, loc, acc, r);
      for (int64_t i = 0; i < 4; ++i) {
        Value left = byte(vector::ExtractOp::create(b, loc, x, r), i);
        for (int64_t g = 0; g < groups; ++g) {
          Value right = byte(vector::ExtractOp::create(b, loc, y, g), i);
          Value scalar = vector::ExtractOp::create(b, loc, left, g);
          Value product = arith::MulIOp::create(
              b, loc, vector::BroadcastOp::create(b, loc, row, scalar), right);
          sum = arith::AddIOp::create(b, loc, sum, product);
        }
      }
      acc = vector::InsertOp::create(b, loc, sum, acc, r);
    }
    return acc;
  }

  OpBuilder b;
  Location loc;
  VectorType row, tile;

public:
  /// Values that loops carry.
  void retype(scf::ForOp loop) {
    auto change = [&](Value v) {
      if (isa<LLVM::LLVMX86AMXType>(v.getType()))
        v.setType(tile);
    };
    llvm::for_each(loop.getRegionIterArgs(), change);
    llvm::for_each(loop.getResults(), change);
  }
};
} // namespace

void emulateAmx(ModuleOp module) {
  Emulator emulator(module.getContext());
  SmallVector<LLVM::CallIntrinsicOp> calls;
  module.walk([&](scf::ForOp loop) { emulator.retype(loop); });
  module.walk([&](LLVM::CallIntrinsicOp call) { calls.push_back(call); });
  for (LLVM::CallIntrinsicOp call : calls)
    emulator.replace(call);
}

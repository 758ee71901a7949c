// intq-profile-calls: time stamps around the calls of kernels.
#include "intq/Target/Cpu/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/SetVector.h"

namespace intq::cpu {
#define GEN_PASS_DEF_INTQPROFILECALLSPASS
#include "intq/Target/Cpu/Passes.h.inc"
} // namespace intq::cpu

using namespace mlir;
using namespace intq;

static Value readTicks(OpBuilder &b, Location loc) {
  return LLVM::CallIntrinsicOp::create(b, loc, b.getI64Type(), b.getStringAttr("llvm.readcyclecounter"), ValueRange{})
      .getResult(0);
}

/// Adds the time of `call` to its kernel's element of `ticks`.
static void instrument(func::CallOp call, memref::GlobalOp ticks, int64_t kernel) {
  OpBuilder b(call);
  Location loc = call.getLoc();
  Value before = readTicks(b, loc);
  b.setInsertionPointAfter(call);
  Value taken = arith::SubIOp::create(b, loc, readTicks(b, loc), before);
  Value array = memref::GetGlobalOp::create(b, loc, ticks.getType(), ticks.getSymName());
  Value index = arith::ConstantIndexOp::create(b, loc, kernel);
  Value sum = memref::LoadOp::create(b, loc, array, index);
  memref::StoreOp::create(b, loc, arith::AddIOp::create(b, loc, sum, taken), array, index);
}

namespace {
struct ProfileCalls : cpu::impl::IntqProfileCallsPassBase<ProfileCalls> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::CallOp> calls;
    llvm::SetVector<StringRef> kernels;
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr("intq.result_arguments"))
        function.walk([&](func::CallOp call) {
          calls.push_back(call);
          kernels.insert(call.getCallee());
        });
    OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
    auto type = MemRefType::get({std::max<int64_t>(kernels.size(), 1)}, b.getI64Type());
    Attribute zeros = DenseElementsAttr::get(RankedTensorType::get(type.getShape(), b.getI64Type()), b.getI64IntegerAttr(0));
    auto ticks = memref::GlobalOp::create(b, module.getLoc(), cpu::kTicks, b.getStringAttr("public"), type, zeros,
                                          /*constant=*/false, /*alignment=*/nullptr);
    for (func::CallOp call : calls)
      instrument(call, ticks, std::distance(kernels.begin(), llvm::find(kernels, call.getCallee())));
    module->setAttr("intq.kernels", b.getStrArrayAttr(kernels.getArrayRef()));
    instrumented += calls.size();
  }
};
} // namespace

// Kernel of nn.nf4_dequantize: the codes of a block, its absmax decoded once.
#include "intq/Format/Nf4.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Target/Cpu/Kernel.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

/// Sixteen codes from the two words that hold them.
static Value unpack(KernelBuilder &k, Value words, Value at) {
  VectorMachine v = k.vector();
  SmallVector<int32_t> shifts;
  SmallVector<bool> upper;
  for (int i = 0; i < kLanes; ++i) {
    shifts.push_back(nf4::shiftOf(i % 8));
    upper.push_back(i >= 8);
  }
  auto constant = [&](Type element, auto values) -> Value {
    auto type = VectorType::get({kLanes}, element);
    return arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(type, ArrayRef(values)));
  };
  Value first = k.splat(k.loadScalar(words, at)), second = k.splat(k.loadScalar(words, k.addIndex(at, k.index(1))));
  Value both = v.selectI(constant(k.b.getI1Type(), upper), second, first);
  Value shifted = arith::ShRUIOp::create(k.b, k.loc, both, constant(k.b.getI32Type(), shifts));
  return v.andI(shifted, v.constantI(15));
}

/// The absmax of a block: a byte of a word, looked up in the map.
static Value absmaxOf(KernelBuilder &k, Value block) {
  VectorMachine s = k.scalar();
  Value word = k.loadScalar(k.operand(1), k.divIndex(block, 4));
  Value byte = arith::IndexCastOp::create(k.b, k.loc, k.b.getI32Type(), k.remIndex(block, 4));
  Value code = s.andI(arith::ShRUIOp::create(k.b, k.loc, word, s.shl(byte, 3)), s.constantI(255));
  Value at = arith::IndexCastOp::create(k.b, k.loc, k.b.getIndexType(), code);
  Value scale = k.loadScalar(k.operand(2), k.divIndex(block, nf4::kOuterBlock));
  return nf4::decodeAbsmax(s, k.loadScalar(k.operand(4), at), scale, k.loadScalar(k.operand(3), k.index(0)));
}

static LogicalResult emitNf4Dequantize(KernelBuilder &k) {
  int64_t blocks = cast<ShapedType>(k.op->getResult(0).getType()).getNumElements() / nf4::kBlock;
  k.parallelFor(blocks, nf4::kBlock, [&](Value block) {
    Value absmax = k.splat(absmaxOf(k, block));
    Value base = k.mulIndex(block, nf4::kBlock);
    k.forLanes(nf4::kBlock, [&](Lanes lanes) {
      VectorMachine v = k.vector();
      Value element = k.addIndex(base, lanes.index);
      k.store(nf4::decode(v, unpack(k, k.operand(0), k.divIndex(element, 8)), absmax), k.result(), base, lanes);
    });
  });
  return success();
}

void intq::cpu::addNf4Kernels(KernelRegistry &r) { r["nn.nf4_dequantize"] = {emitNf4Dequantize}; }

// intq-rematerialize: values that are cheap to compute again are not kept from the forward to the backward.
#include "MemoryPlan.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Target/Cpu/Passes.h"
#include "mlir/IR/IRMapping.h"

namespace intq::cpu {
#define GEN_PASS_DEF_INTQREMATERIALIZEPASS
#include "intq/Target/Cpu/Passes.h.inc"
} // namespace intq::cpu

using namespace mlir;
using namespace intq;

/// What a saved byte may cost in integer multiply-adds: about 0.1 ns a byte on two cores.
static constexpr int64_t kMultiplyAddsPerByte = 256;

/// Floats that are kept may take this share of what parameters and moments take; nothing where moments are codes, for
/// who asks for those is short of memory.
static constexpr int64_t kKeptShare = 16;

/// Whether more than kFar ops lie between `a` and the later `b`.
static bool isFar(Operation *a, Operation *b) {
  for (int64_t i = 0; i < cpu::kFar && a; ++i, a = a->getNextNode())
    if (a == b)
      return false;
  return true;
}

/// Whether the codes are those of a parameter: they can be had again whenever the parameter is alive.
static bool isWeight(QuantizeOp op) {
  return isa<BlockArgument>(op.getX()) && op.getRounding() == Rounding::Nearest && !op.getFold();
}

/// Whether `value` is kept until `user`, but for the uses of `reader`, or can be had again there.
static bool isAvailable(Value value, Operation *reader, Operation *user) {
  if (isa<BlockArgument>(value))
    return true;
  if (auto quantize = value.getDefiningOp<QuantizeOp>(); quantize && isWeight(quantize))
    return true;
  Operation *last = cpu::lastReader(value, reader);
  return last && !last->isBeforeInBlock(user);
}

/// The products that `value` is a sum of, as an adapter's layer is of two; failure where it is anything else.
static LogicalResult findProducts(Value value, SmallVectorImpl<intq::MatmulOp> &products) {
  Operation *op = value.getDefiningOp();
  if (auto product = dyn_cast_if_present<intq::MatmulOp>(op)) {
    products.push_back(product);
    return success();
  }
  if (!isa_and_present<nn::AddOp, nn::ReshapeOp>(op))
    return failure();
  return success(llvm::all_of(op->getOperands(), [&](Value v) { return succeeded(findProducts(v, products)); }));
}

/// The same sum once more.
static Value computeAgain(OpBuilder &b, Value value) {
  Operation *op = value.getDefiningOp();
  IRMapping mapping;
  if (!isa<intq::MatmulOp>(op))
    for (Value operand : op->getOperands())
      mapping.map(operand, computeAgain(b, operand));
  return b.clone(*op, mapping)->getResult(0);
}

static int64_t multiplyAddsPerByte(intq::MatmulOp op) {
  auto a = cast<QType>(op.getA().getType());
  return a.getShape()[a.getShape().size() - (op.getTransposeA() ? 2 : 1)] / int64_t(sizeof(float));
}

static int64_t bytesOf(Value value) { return program::denseBytes(cast<RankedTensorType>(value.getType())); }

static int64_t keptBytes(func::FuncOp function) {
  int64_t bytes = 0;
  for (BlockArgument argument : function.getArguments()) {
    if (!function.getArgAttr(argument.getArgNumber(), program::kState))
      continue;
    if (cast<RankedTensorType>(argument.getType()).getElementType().isInteger(8))
      return 0;
    bytes += bytesOf(argument);
  }
  return bytes / kKeptShare;
}

namespace {
struct Rematerialize : cpu::impl::IntqRematerializePassBase<Rematerialize> {
  void runOnOperation() override {
    // In the order of the backward: those that are used first may be kept.
    int64_t budget = keptBytes(getOperation());
    for (auto op : llvm::to_vector(getOperation().getOps<nn::GeluGradOp>()))
      if (bytesOf(op.getX()) <= budget)
        budget -= bytesOf(op.getX());
      else
        recomputeInput(op);
    for (auto op : llvm::to_vector(getOperation().getOps<QuantizeOp>()))
      if (isWeight(op))
        splitUses(op);
    for (auto op : llvm::to_vector(getOperation().getOps<DropoutOp>()))
      splitUses(op);
  }

  /// The sum of products that gelu took, computed again from codes that are kept anyway.
  void recomputeInput(nn::GeluGradOp op) {
    SmallVector<intq::MatmulOp> products;
    if (failed(findProducts(op.getX(), products)) || !isFar(op.getX().getDefiningOp(), op))
      return;
    int64_t cost = 0;
    for (intq::MatmulOp product : products) {
      cost += multiplyAddsPerByte(product);
      if (!llvm::all_of(product->getOperands(), [&](Value v) { return isAvailable(v, product, op); }))
        return;
    }
    if (cost > kMultiplyAddsPerByte)
      return;
    OpBuilder b(op);
    op.getXMutable().assign(computeAgain(b, op.getX()));
    ++copied;
  }

  /// Far uses get a copy of `op` right before the first of them.
  void splitUses(Operation *op) {
    SmallVector<OpOperand *> late;
    for (OpOperand &use : op->getUses())
      if (isFar(op, use.getOwner()))
        late.push_back(&use);
    if (late.empty())
      return;
    Operation *first = (*llvm::min_element(late, [](OpOperand *a, OpOperand *b) {
                         return a->getOwner()->isBeforeInBlock(b->getOwner());
                       }))->getOwner();
    if (!llvm::all_of(op->getOperands(), [&](Value v) { return isAvailable(v, op, first); }))
      return;
    Operation *copy = OpBuilder(first).clone(*op);
    for (OpOperand *use : late)
      use->set(copy->getResult(0));
    ++copied;
  }
};
} // namespace

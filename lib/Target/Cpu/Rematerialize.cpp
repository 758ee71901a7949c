// intq-rematerialize: dropped-out codes are computed again where they are used late.
#include "MemoryPlan.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Target/Cpu/Passes.h"

namespace intq::cpu {
#define GEN_PASS_DEF_INTQREMATERIALIZEPASS
#include "intq/Target/Cpu/Passes.h.inc"
} // namespace intq::cpu

using namespace mlir;
using namespace intq;

/// Ops between two uses from which on keeping the codes costs more than computing them again.
static constexpr int64_t kFar = 64;

/// Whether more than kFar ops lie between `a` and the later `b`.
static bool isFar(Operation *a, Operation *b) {
  for (int64_t i = 0; i < kFar && a; ++i, a = a->getNextNode())
    if (a == b)
      return false;
  return true;
}

namespace {
struct Rematerialize : cpu::impl::IntqRematerializePassBase<Rematerialize> {
  void runOnOperation() override {
    SmallVector<DropoutOp> ops(getOperation().getOps<DropoutOp>());
    for (DropoutOp op : ops) {
      SmallVector<OpOperand *> late;
      for (OpOperand &use : op->getUses())
        if (isFar(op, use.getOwner()))
          late.push_back(&use);
      if (late.empty())
        continue;
      OpOperand *first = *llvm::min_element(
          late, [](OpOperand *a, OpOperand *b) { return a->getOwner()->isBeforeInBlock(b->getOwner()); });
      Operation *lastRead = cpu::lastReader(op.getQ(), op);
      if (!lastRead || lastRead->isBeforeInBlock(first->getOwner()))
        continue;
      Operation *copy = OpBuilder(first->getOwner()).clone(*op);
      for (OpOperand *use : late)
        use->set(copy->getResult(0));
      ++copied;
    }
  }
};
} // namespace

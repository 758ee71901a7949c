// intq-hoist-updates: optimizer updates as early as their operands and the readers of their state allow.
#include "MemoryPlan.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Target/Cpu/Passes.h"

namespace intq::cpu {
#define GEN_PASS_DEF_INTQHOISTUPDATESPASS
#include "intq/Target/Cpu/Passes.h.inc"
} // namespace intq::cpu

using namespace mlir;
using namespace intq;

/// The later of two ops of a block; null is before all.
static Operation *later(Operation *a, Operation *b) { return !a || (b && a->isBeforeInBlock(b)) ? b : a; }

/// What `update` is to overwrite.
static SmallVector<Value> stateOf(Operation *update) {
  if (auto op = dyn_cast<AdamWOp>(update))
    return {op.getParameter(), op.getMoment1(), op.getScale1(), op.getMoment2(), op.getBase2()};
  auto op = cast<nn::AdamWOp>(update);
  return {op.getParameter(), op.getMoment1(), op.getMoment2()};
}

/// The op after which `update` may stand; null: the begin of the block.
static Operation *earliest(Operation *update) {
  Operation *after = nullptr;
  for (Value operand : update->getOperands())
    after = later(after, operand.getDefiningOp());
  for (Value state : stateOf(update))
    after = later(after, cpu::lastReader(state, update));
  return after;
}

namespace {
struct HoistUpdates : cpu::impl::IntqHoistUpdatesPassBase<HoistUpdates> {
  void runOnOperation() override {
    SmallVector<Operation *> updates;
    for (Operation &op : getOperation().front())
      if (isa<nn::AdamWOp, AdamWOp>(op))
        updates.push_back(&op);
    for (Operation *update : updates) {
      Operation *after = earliest(update);
      if (!after || update->isBeforeInBlock(after) || after->getNextNode() == update)
        continue;
      update->moveAfter(after);
      ++moved;
    }
  }
};
} // namespace

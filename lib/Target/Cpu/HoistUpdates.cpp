// intq-hoist-updates: optimizer updates as early as their operands and the readers of their state allow.
#include "MemoryPlan.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Target/Cpu/Passes.h"

namespace intq::cpu {
#define GEN_PASS_DEF_INTQHOISTUPDATESPASS
#include "intq/Target/Cpu/Passes.h.inc"
} // namespace intq::cpu

using namespace mlir;
using namespace intq;

/// The later of two ops of a block; null is before all.
static Operation *later(Operation *a, Operation *b) { return !a || (b && a->isBeforeInBlock(b)) ? b : a; }

/// The op after which `update` may stand; null: the begin of the block.
static Operation *earliest(nn::AdamWOp update) {
  Operation *after = nullptr;
  for (Value operand : update->getOperands())
    after = later(after, operand.getDefiningOp());
  for (Value state : {update.getParameter(), update.getMoment1(), update.getMoment2()})
    after = later(after, cpu::lastReader(state, update));
  return after;
}

namespace {
struct HoistUpdates : cpu::impl::IntqHoistUpdatesPassBase<HoistUpdates> {
  void runOnOperation() override {
    SmallVector<nn::AdamWOp> updates(getOperation().getOps<nn::AdamWOp>());
    for (nn::AdamWOp update : updates) {
      Operation *after = earliest(update);
      if (!after || update->isBeforeInBlock(after) || after->getNextNode() == update)
        continue;
      update->moveAfter(after);
      ++moved;
    }
  }
};
} // namespace

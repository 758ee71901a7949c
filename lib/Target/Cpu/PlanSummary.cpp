// What the arena of a plan is used for.
#include "MemoryPlan.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

/// Whether an optimizer op reads `value`, or the caller gets it.
static bool isGradient(Value value) {
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    return TypeSwitch<Operation *, bool>(use.getOwner())
        .Case<nn::AdamWOp, AdamWOp>([&](auto update) { return update.getGradient() == value; })
        .Case<nn::ClipCoefficientOp>([](auto) { return true; })
        .Default(false);
  });
}

StringRef MemoryPlan::purposeOf(unsigned id) const {
  const Buffer &buffer = buffers[id];
  Operation *def = ops[buffer.first];
  if (llvm::is_contained(scratchOf(def), id))
    return "scratch";
  if (auto quantize = dyn_cast<QuantizeOp>(def); quantize && isa<BlockArgument>(quantize.getX()))
    return "weight_codes";
  if (llvm::any_of(def->getResults(), isGradient))
    return "gradients";
  if (buffer.last - buffer.first <= kFar)
    return "temporaries";
  return llvm::any_of(def->getResultTypes(), llvm::IsaPred<QType>) ? "saved_codes" : "saved_floats";
}

PlanSummary MemoryPlan::summarize() const {
  std::vector<int64_t> live(ops.size() + 1, 0);
  auto isPlaced = [](const Buffer &b) { return b.kind == Buffer::Arena && b.bytes; };
  for (const Buffer &b : buffers)
    if (isPlaced(b)) {
      live[b.first] += b.bytes;
      live[b.last + 1] -= b.bytes;
    }
  for (size_t i = 1; i < live.size(); ++i)
    live[i] += live[i - 1];
  int64_t at = std::distance(live.begin(), llvm::max_element(live));
  PlanSummary summary;
  summary.fullest = ops[at]->getName().getStringRef();
  for (StringRef purpose : {"weight_codes", "saved_codes", "saved_floats", "gradients", "temporaries", "scratch"})
    summary.purposes[purpose] = 0;
  for (auto [id, b] : llvm::enumerate(buffers))
    if (isPlaced(b) && b.first <= at && at <= b.last)
      summary.purposes[purposeOf(id)] += b.bytes;
  summary.purposes["gaps"] = arenaBytes - live[at];
  return summary;
}

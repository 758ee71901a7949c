// intq-checkpoint: activation checkpointing, layer by layer (docs/Sampling.md).
#include "Reshapes.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Transforms/Passes.h"

namespace intq {
#define GEN_PASS_DEF_INTQCHECKPOINTPASS
#include "intq/Transforms/Passes.h.inc"
} // namespace intq

using namespace mlir;
using namespace intq;

namespace {
class Checkpointing {
public:
  explicit Checkpointing(func::FuncOp func) : func(func) {}

  /// The number of layers that are computed again, and of ops that this takes.
  FailureOr<std::pair<unsigned, unsigned>> run();

private:
  void classify();
  void findBoundaries();
  bool isActivation(Value v) const { return onInputs.contains(v) && onState.contains(v); }
  bool isForward(Operation *op) const { return position.contains(op); }
  int64_t segmentOf(Operation *op) const;
  Value recompute(Value v, OpBuilder &b);

  func::FuncOp func;
  DenseMap<Operation *, int64_t> position; // of the forward ops
  SmallVector<Operation *> forward;
  DenseSet<Value> onInputs, onState; // what depends on inputs, and on parameters
  SmallVector<int64_t> boundaries;   // position of the first op of every segment but the first
  DenseSet<Value> kept;              // what crosses a boundary
  DenseMap<Value, Value> copies;
  unsigned recomputed = 0;
};
} // namespace

/// The forward ends where the first cotangent is made.
void Checkpointing::classify() {
  DenseSet<Value> cotangents = program::cotangents(func);
  if (cotangents.empty())
    return;
  for (BlockArgument a : func.getArguments()) {
    if (func.getArgAttr(a.getArgNumber(), program::kInput))
      onInputs.insert(a);
    if (func.getArgAttr(a.getArgNumber(), program::kState))
      onState.insert(a);
  }
  for (Operation &op : func.front()) {
    if (llvm::any_of(op.getResults(), [&](Value v) { return cotangents.contains(v); }))
      break;
    position[&op] = forward.size();
    forward.push_back(&op);
    for (auto *set : {&onInputs, &onState})
      if (llvm::any_of(op.getOperands(), [&](Value v) { return set->contains(v); }))
        set->insert(op.result_begin(), op.result_end());
  }
}

/// Before each softmax, the last place that only one activation crosses: the input of that layer.
void Checkpointing::findBoundaries() {
  DenseMap<Value, int64_t> lastUse; // of a root, by the forward
  for (auto [i, op] : llvm::enumerate(forward))
    for (Value v : op->getOperands())
      if (isActivation(v) && v.getDefiningOp())
        lastUse[rootOf(v)] = i;
  DenseSet<Value> live;
  int64_t candidate = -1;
  Value crossing;
  for (auto [i, op] : llvm::enumerate(forward)) {
    if (live.size() == 1) {
      candidate = i;
      crossing = *live.begin();
    }
    if (isa<nn::SoftmaxOp>(op) && candidate >= 0) {
      boundaries.push_back(candidate);
      kept.insert(crossing);
      candidate = -1;
    }
    for (Value v : op->getResults())
      if (isActivation(v) && lastUse.contains(rootOf(v)))
        live.insert(rootOf(v));
    for (Value v : llvm::to_vector(live))
      if (lastUse.lookup(v) <= int64_t(i))
        live.erase(v);
  }
}

int64_t Checkpointing::segmentOf(Operation *op) const {
  return llvm::upper_bound(boundaries, position.lookup(op)) - boundaries.begin();
}

/// v at the insertion point of b: itself where it is kept, else a copy of the ops that make it.
Value Checkpointing::recompute(Value v, OpBuilder &b) {
  Operation *op = v.getDefiningOp();
  if (!op || !isForward(op) || !onState.contains(v) || kept.contains(rootOf(v)) ||
      segmentOf(op) == int64_t(boundaries.size()))
    return v;
  if (Value copy = copies.lookup(v))
    return copy;
  IRMapping mapping;
  for (Value operand : op->getOperands())
    mapping.map(operand, recompute(operand, b));
  Operation *copy = b.clone(*op, mapping);
  ++recomputed;
  for (auto [from, to] : llvm::zip_equal(op->getResults(), copy->getResults()))
    copies[from] = to;
  return copies.lookup(v);
}

FailureOr<std::pair<unsigned, unsigned>> Checkpointing::run() {
  classify();
  if (forward.empty())
    return std::make_pair(0u, 0u); // no backward
  findBoundaries();
  if (boundaries.empty())
    return func.emitError() << "intq-checkpoint: expected layers with attention in @" << func.getName()
                            << ", before which one activation alone is alive, but found none";
  SmallVector<Operation *> backward;
  for (Operation *op = forward.back()->getNextNode(); op; op = op->getNextNode())
    backward.push_back(op);
  for (Operation *op : backward) {
    if (op->hasTrait<OpTrait::IsTerminator>())
      continue;
    OpBuilder b(op);
    for (OpOperand &operand : op->getOpOperands())
      operand.set(recompute(operand.get(), b));
  }
  for (Operation *op : llvm::reverse(forward))
    if (isOpTriviallyDead(op))
      op->erase();
  return std::make_pair(unsigned(boundaries.size()), recomputed);
}

namespace {
struct Checkpoint : intq::impl::IntqCheckpointPassBase<Checkpoint> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      auto done = Checkpointing(func).run();
      if (failed(done))
        return signalPassFailure();
      layers += done->first;
      ops += done->second;
    }
  }
};
} // namespace

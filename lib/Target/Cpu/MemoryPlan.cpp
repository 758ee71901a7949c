// Lifetimes over the straight line, new state in the place of the old, results in the caller's
// buffers, and offsets in one arena for the rest.
#include "MemoryPlan.h"
#include "intq/Dialect/Check/Check.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/Program.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

static constexpr int64_t kAlignment = 64;

bool intq::cpu::isAlias(Operation *op) {
  return isa<nn::ReshapeOp, intq::ReshapeOp, UnscaleOp, check::CodesOp>(op);
}

Operation *intq::cpu::lastReader(Value value, Operation *except) {
  Operation *last = nullptr;
  auto consider = [&](Operation *op) {
    if (op && (!last || last->isBeforeInBlock(op)))
      last = op;
  };
  for (Operation *user : value.getUsers()) {
    if (user == except || user->hasTrait<OpTrait::IsTerminator>())
      continue;
    consider(user);
    if (isAlias(user))
      for (Value alias : user->getResults())
        consider(lastReader(alias, except));
  }
  return last;
}

unsigned MemoryPlan::addBuffer(Buffer::Kind kind, unsigned index, int64_t bytes, int64_t position) {
  Buffer buffer;
  buffer.kind = kind;
  buffer.index = index;
  buffer.bytes = bytes;
  buffer.first = buffer.last = position;
  buffers.push_back(buffer);
  return buffers.size() - 1;
}

ArrayRef<unsigned> MemoryPlan::scratchOf(Operation *op) const {
  auto it = scratchBuffers.find(op);
  return it == scratchBuffers.end() ? ArrayRef<unsigned>() : ArrayRef<unsigned>(it->second);
}

LogicalResult MemoryPlan::assignBuffers(func::FuncOp function) {
  for (BlockArgument argument : function.getArguments()) {
    if (!isa<RankedTensorType>(argument.getType()))
      return function.emitError() << "expected tensor arguments, but got " << argument.getType();
    values[argument] = {
        addBuffer(Buffer::Argument, argument.getArgNumber(), program::denseBytes(bufferTypes(argument.getType())[0]), -1)};
  }
  for (Type type : function.getResultTypes())
    if (!isa<RankedTensorType>(type))
      return function.emitError() << "expected tensor results, but got " << type;
  for (Operation &op : function.getBody().front()) {
    int64_t position = ops.size();
    positions[&op] = position;
    ops.push_back(&op);
    if (isAlias(&op)) {
      // The buffers of the operand, in order, are those of the results (`unit` codes drop the scales).
      auto source = values.lookup(op.getOperand(0));
      unsigned next = 0;
      for (Value result : op.getResults()) {
        unsigned count = bufferTypes(result.getType()).size();
        if (next + count > source.size())
          return op.emitOpError() << "expected codes with scales, but got " << op.getOperand(0).getType();
        values[result] = SmallVector<unsigned, 2>(ArrayRef(source).slice(next, count));
        next += count;
      }
      continue;
    }
    for (Value result : op.getResults())
      for (MemRefType type : bufferTypes(result.getType()))
        values[result].push_back(addBuffer(Buffer::Arena, 0, program::denseBytes(type), position));
  }
  return success();
}

void MemoryPlan::computeLifetimes() {
  for (Operation *op : ops)
    if (!isAlias(op))
      for (Value operand : op->getOperands())
        for (unsigned id : values.lookup(operand))
          buffers[id].last = std::max(buffers[id].last, positions[op]);
}

/// Moves arena buffer `id` to the place of `target` (an argument's or result's buffer), if nobody
/// reads the old contents after the new ones are written.
bool MemoryPlan::placeIn(unsigned id, unsigned target) {
  Buffer &buffer = buffers[id];
  if (buffer.kind != Buffer::Arena || buffer.bytes != buffers[target].bytes)
    return false;
  Operation *def = ops[buffer.first];
  if (buffers[target].last > buffer.first)
    return false;
  if (buffers[target].last == buffer.first) {
    auto kernel = kernelRegistry().find(def->getName().getStringRef());
    bool sameType = llvm::any_of(def->getOperands(), [&](Value v) {
      return values.lookup(v)[0] == target && llvm::is_contained(def->getResultTypes(), v.getType());
    });
    if (kernel == kernelRegistry().end() || !kernel->second.inPlace || !sameType)
      return false;
  }
  buffer.kind = buffers[target].kind;
  buffer.index = buffers[target].index;
  return true;
}

void MemoryPlan::placeResults(func::FuncOp function) {
  llvm::StringMap<unsigned> stateArguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (StringRef name = program::argString(function, i, program::kState); !name.empty())
      stateArguments[name] = i;
  SmallVector<FinalCopy> outputCopies, stateCopies;
  for (OpOperand &operand : ops.back()->getOpOperands()) {
    unsigned r = operand.getOperandNumber(), from = values.lookup(operand.get())[0];
    auto state = stateArguments.find(program::resultString(function, r, program::kState));
    bool isState = state != stateArguments.end();
    resultArguments.push_back(isState ? int64_t(state->second) : -1);
    unsigned to = isState ? values.lookup(function.getArgument(state->second))[0]
                          : addBuffer(Buffer::Result, r, buffers[from].bytes, -1);
    if (from == to || placeIn(from, to))
      continue;
    // An argument that becomes another entry's state is saved before any of them is written.
    if (isState && buffers[from].kind == Buffer::Argument) {
      unsigned saved = addBuffer(Buffer::Arena, 0, buffers[from].bytes, positions[ops.back()]);
      outputCopies.push_back({from, saved});
      from = saved;
    }
    (isState ? stateCopies : outputCopies).push_back({from, to});
  }
  finalCopies = std::move(outputCopies);
  llvm::append_range(finalCopies, stateCopies);
}

/// A result of an in-place kernel takes the place of an operand that dies there.
void MemoryPlan::reuseOperands() {
  for (Operation *op : ops) {
    auto kernel = kernelRegistry().find(op->getName().getStringRef());
    if (kernel == kernelRegistry().end() || !kernel->second.inPlace)
      continue;
    SmallVector<unsigned> taken;
    for (Value result : op->getResults()) {
      unsigned id = values[result][0];
      if (buffers[id].kind != Buffer::Arena)
        continue;
      for (Value operand : op->getOperands()) {
        unsigned old = values[operand][0];
        if (operand.getType() != result.getType() || buffers[old].kind != Buffer::Arena ||
            buffers[old].last != positions[op] || llvm::is_contained(taken, old))
          continue;
        taken.push_back(old);
        // From here on `old` holds the result: everything that names `id` names `old`.
        buffers[old].last = buffers[id].last;
        buffers[id].bytes = 0;
        for (auto &[value, ids] : values)
          for (unsigned &other : ids)
            if (other == id)
              other = old;
        for (FinalCopy &copy : finalCopies)
          if (copy.from == id)
            copy.from = old;
        break;
      }
    }
  }
}

/// Largest first, each at the lowest offset that is free throughout its lifetime.
void MemoryPlan::assignOffsets() {
  SmallVector<unsigned> order;
  for (unsigned id = 0; id < buffers.size(); ++id)
    if (buffers[id].kind == Buffer::Arena && buffers[id].bytes)
      order.push_back(id);
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::make_pair(-buffers[a].bytes, a) < std::make_pair(-buffers[b].bytes, b);
  });
  SmallVector<unsigned> placed; // by offset
  for (unsigned id : order) {
    Buffer &buffer = buffers[id];
    int64_t size = llvm::alignTo(buffer.bytes, kAlignment), offset = 0;
    for (unsigned otherId : placed) {
      const Buffer &other = buffers[otherId];
      if (other.last < buffer.first || buffer.last < other.first)
        continue;
      if (other.offset >= offset + size)
        break;
      offset = std::max<int64_t>(offset, other.offset + llvm::alignTo(other.bytes, kAlignment));
    }
    buffer.offset = offset;
    arenaBytes = std::max(arenaBytes, offset + size);
    placed.insert(llvm::upper_bound(placed, id, [&](unsigned a, unsigned b) {
                    return buffers[a].offset < buffers[b].offset;
                  }), id);
  }
}

FailureOr<MemoryPlan> MemoryPlan::compute(func::FuncOp function,
                                          function_ref<SmallVector<int64_t>(Operation *)> scratch) {
  MemoryPlan plan;
  if (failed(plan.assignBuffers(function)))
    return failure();
  plan.computeLifetimes();
  plan.placeResults(function);
  plan.reuseOperands();
  for (Operation *op : plan.ops)
    for (int64_t bytes : scratch(op))
      plan.scratchBuffers[op].push_back(plan.addBuffer(Buffer::Arena, 0, bytes, plan.positions[op]));
  plan.assignOffsets();
  return plan;
}

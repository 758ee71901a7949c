// Kernels of AdamW, on moments as floats and as codes (Spec, nn.adamw, intq.adamw).
#include "Draws.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Format/AdamW.h"
#include "intq/Format/Moments.h"
#include "intq/Target/Cpu/Kernel.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

using Values = KernelBuilder::Values;

static LogicalResult emitSchedule(KernelBuilder &k) {
  auto op = cast<nn::AdamWScheduleOp>(k.op);
  VectorMachine s = k.scalar();
  auto at = [&](Value buffer, int64_t i) { return k.loadScalar(buffer, k.index(i)); };
  auto step = adamWSchedule(s, at(k.operand(0), 0), at(k.operand(1), 0), at(k.operand(1), 1),
                            op.getBeta1().convertToDouble(), op.getBeta2().convertToDouble(),
                            op.getWeightDecay().convertToDouble(), op.getMode() == nn::AdamMode::Ort);
  k.storeScalar(step.schedule.size, k.result(0), k.index(0));
  k.storeScalar(step.schedule.root, k.result(0), k.index(1));
  k.storeScalar(step.schedule.decay, k.result(0), k.index(2));
  k.storeScalar(step.power1, k.result(1), k.index(0));
  k.storeScalar(step.power2, k.result(1), k.index(1));
  return success();
}

namespace {
/// The update of sixteen elements, of either op; `schedule` and `coefficient` are the numbers of its operands.
template <class OpTy> class Update {
public:
  Update(KernelBuilder &k, unsigned scheduleIndex, unsigned coefficientIndex)
      : op(cast<OpTy>(k.op)), v(k.vector()),
        constants(op.getBeta1().convertToDouble(), op.getBeta2().convertToDouble(), op.getEpsilon().convertToDouble()) {
    auto splat = [&](unsigned operand, int64_t i) { return k.splat(k.loadScalar(k.operand(operand), k.index(i))); };
    schedule = {splat(scheduleIndex, 0), splat(scheduleIndex, 1), splat(scheduleIndex, 2)};
    if (op.getCoefficient())
      coefficient = splat(coefficientIndex, 0);
  }

  AdamWState<VectorMachine> operator()(AdamWState<VectorMachine> old, Value gradient) {
    return adamW<VectorMachine>(v, old, coefficient ? v.mul(gradient, coefficient) : gradient, schedule, constants,
                                op.getDecay(), op.getMode() == nn::AdamMode::Ort);
  }

private:
  OpTy op;
  VectorMachine v;
  AdamWConstants constants;
  AdamWSchedule<VectorMachine> schedule;
  Value coefficient;
};
} // namespace

static LogicalResult emitAdamW(KernelBuilder &k) {
  Update<nn::AdamWOp> update(k, 4, 5);
  k.parallelLanes(cast<ShapedType>(k.op->getOperand(0).getType()).getNumElements(), [&](Lanes lanes) {
    auto x = [&](unsigned i) { return k.load(k.operand(i), nullptr, lanes); };
    auto next = update({x(0), x(1), x(2)}, x(3));
    k.store(next.parameter, k.result(0), nullptr, lanes);
    k.store(next.moment1, k.result(1), nullptr, lanes);
    k.store(next.moment2, k.result(2), nullptr, lanes);
  });
  return success();
}

namespace {
/// intq.adamw, block by block: the new moments of one block are all that there ever is of them as floats.
class MomentsKernel {
public:
  explicit MomentsKernel(KernelBuilder &k) : k(k), v(k.vector()), s(k.scalar()), update(k, 6, 8), draws(k, k.operand(7), 32) {}
  void emit();

private:
  void allocate();
  void block(Value number, int64_t count);
  /// Updates parameters, leaves new moments in the buffers; the largest bits of each.
  std::pair<Value, Value> updateBlock(Value number, Value begin, int64_t count);
  void encodeBlock(Value number, Value begin, int64_t count, Value amax, Value largest);

  KernelBuilder &k;
  VectorMachine v, s;
  Update<AdamWOp> update;
  Draws draws;
  Value first, second;
};
} // namespace

void MomentsKernel::allocate() {
  first = k.stackBuffer(kMomentBlock, k.b.getF32Type());
  second = k.stackBuffer(kMomentBlock, k.b.getF32Type());
  draws.allocate(kMomentBlock);
}

std::pair<Value, Value> MomentsKernel::updateBlock(Value number, Value begin, int64_t count) {
  Value scale = k.splat(k.loadScalar(k.operand(2), number)), base = k.splat(k.loadScalar(k.operand(4), number));
  auto largest = k.reduceLanes(count, {v.constantI(0), v.constantI(0)}, [&](Lanes lanes, ValueRange soFar) {
    Value moment1 = decode(v, k.loadCodes(k.operand(1), begin, lanes), scale);
    Value code2 = v.andI(k.loadCodes(k.operand(3), begin, lanes), v.constantI(0xff));
    auto next = update({k.load(k.operand(0), begin, lanes), moment1, decodeSecondMoment(v, code2, base)},
                       k.load(k.operand(5), begin, lanes));
    k.store(next.parameter, k.result(0), begin, lanes);
    k.store(next.moment1, first, nullptr, lanes);
    k.store(next.moment2, second, nullptr, lanes);
    return Values{v.maxI(soFar[0], k.maskedValue(magnitudeBits(v, next.moment1), lanes)),
                  v.maxI(soFar[1], k.maskedValue(secondMomentBits(v, next.moment2), lanes))};
  });
  return {k.maxInteger(largest[0]), k.maxInteger(largest[1])};
}

void MomentsKernel::encodeBlock(Value number, Value begin, int64_t count, Value amax, Value largest) {
  Value scale = scaleF32(s, amax, kMomentWidth), base = secondMomentBase(s, largest);
  k.storeScalar(scale, k.result(2), number);
  k.storeScalar(base, k.result(4), number);
  Value factor = k.splat(reciprocal(s, scale)), finite = k.splat(isFiniteBits(s, amax));
  Value bases = k.splat(base);
  draws.fill(begin, count, kMomentBlock);
  k.forLanes(count, [&](Lanes lanes) {
    Value draw = draws.get(k.index(0), lanes);
    Value code1 = encodeStochastic(v, k.load(first, nullptr, lanes), factor, finite, firstDraw(v, draw), kMomentWidth);
    Value bits = secondMomentBits(v, k.load(second, nullptr, lanes));
    k.storeCodes(code1, k.result(1), begin, lanes);
    k.storeCodes(encodeSecondMoment(v, bits, bases, secondDraw(v, draw)), k.result(3), begin, lanes);
  });
}

void MomentsKernel::block(Value number, int64_t count) {
  Value begin = k.mulIndex(number, kMomentBlock);
  auto [amax, largest] = updateBlock(number, begin, count);
  encodeBlock(number, begin, count, amax, largest);
}

void MomentsKernel::emit() {
  int64_t total = cast<ShapedType>(k.op->getOperand(0).getType()).getNumElements(), whole = total / kMomentBlock;
  k.parallelFor(whole, kMomentBlock, [&](Value number) { block(number, kMomentBlock); }, [&] { allocate(); });
  if (int64_t rest = total % kMomentBlock) {
    allocate();
    block(k.index(whole), rest);
  }
}

static LogicalResult emitMoments(KernelBuilder &k) {
  MomentsKernel(k).emit();
  return success();
}

void intq::cpu::addOptimizerKernels(KernelRegistry &registry) {
  registry["nn.adamw_schedule"] = {emitSchedule, /*inPlace=*/true};
  registry["nn.adamw"] = {emitAdamW, /*inPlace=*/true};
  registry["intq.adamw"] = {emitMoments, /*inPlace=*/true};
}

// Runs a function op by op through the table of definitions.
#include "Frame.h"
#include "intq/Format/Stream.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace intq;
using namespace intq::reference;

RandomBits Frame::random(mlir::Value rng, StringRef stream, int bits) const {
  const int32_t *key = tensor(rng).i32();
  return RandomBits({key[0], key[1], key[2], key[3], static_cast<int32_t>(streamId(stream))}, bits);
}

template <class OpTy> static LogicalResult constant(OpTy op, Frame &frame) {
  auto attr = dyn_cast<ElementsAttr>(op.getValue());
  FailureOr<Tensor> tensor = attr ? Tensor::fromAttr(attr) : FailureOr<Tensor>(failure());
  if (failed(tensor))
    return op.emitError("expected a dense tensor of f32, f64, i8, i16 or i32, but got ")
           << op.getValue();
  frame.set(op.getResult(), *tensor);
  return success();
}

static const Definitions &definitions() {
  static const Definitions table = [] {
    Definitions t;
    define<arith::ConstantOp>(t, constant);
    define<nn::ConstantOp>(t, constant);
    defineElementwise(t);
    defineIndexing(t);
    defineLayout(t);
    defineLinear(t);
    defineNf4(t);
    defineNormalization(t);
    defineOptimizer(t);
    defineQuantization(t);
    defineIntegerMatmul(t);
    defineIntegerLayers(t);
    defineSampling(t);
    defineCheck(t);
    return t;
  }();
  return table;
}

LogicalResult intq::reference::checkIndex(Operation *op, int64_t index, int64_t limit) {
  if (index >= 0 && index < limit)
    return success();
  return op->emitOpError("expected an index in [0, ") << limit << "), but got " << index;
}

// The operands that no later op of the block reads.
static DenseMap<Operation *, SmallVector<mlir::Value>> lastUses(Block &block) {
  DenseMap<Operation *, SmallVector<mlir::Value>> result;
  DenseSet<mlir::Value> seen;
  for (Operation &op : llvm::reverse(block))
    for (mlir::Value v : op.getOperands())
      if (seen.insert(v).second)
        result[&op].push_back(v);
  return result;
}

FailureOr<SmallVector<reference::Value>>
intq::reference::interpret(func::FuncOp func, ArrayRef<Value> arguments, Status &status) {
  if (!func.getBody().hasOneBlock())
    return func.emitError("expected a body of one block");
  Block &body = func.getBody().front();
  if (arguments.size() != body.getNumArguments())
    return func.emitError("expected ")
           << body.getNumArguments() << " arguments, but got " << arguments.size();
  Frame frame(status);
  for (auto [value, argument] : llvm::zip(body.getArguments(), arguments))
    frame.set(value, argument);
  auto dead = lastUses(body);
  for (Operation &op : body.without_terminator()) {
    auto definition = definitions().find(op.getName().getStringRef());
    if (definition == definitions().end())
      return op.emitError("expected an op of nn, intq or check, but got ") << op.getName();
    if (failed(definition->second(&op, frame)))
      return failure();
    for (mlir::Value v : dead.lookup(&op))
      frame.drop(v);
    for (mlir::Value v : op.getResults())
      if (v.use_empty())
        frame.drop(v);
  }
  SmallVector<Value> results;
  for (mlir::Value v : body.getTerminator()->getOperands())
    results.push_back(frame.get(v));
  return results;
}

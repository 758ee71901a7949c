// Norms of gradients from visit to visit: slices of an input, and a concatenation that goes out.
#include "NormCache.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/Program.h"

using namespace mlir;
using namespace intq;

static RankedTensorType tensorType(Value v) { return cast<RankedTensorType>(v.getType()); }

std::optional<NormCache::Kind> NormCache::parse(StringRef name) {
  return llvm::StringSwitch<std::optional<Kind>>(name)
      .Case("none", Kind::None)
      .Case("token", Kind::Token)
      .Case("sample", Kind::Sample)
      .Default(std::nullopt);
}

/// After the layer's own gradients: what quantizes the gradient for them serves the norm too.
static Operation *lastGradientOp(Value g) {
  Operation *last = g.getDefiningOp();
  for (Operation *user : g.getUsers())
    if (isa<nn::LinearInputGradOp, nn::LinearWeightGradOp, nn::GatherRowsOp>(user) && last->isBeforeInBlock(user))
      last = user;
  return last;
}

Value NormCache::sumOfNorms(ArrayRef<Value> gradients, int64_t rows) {
  auto type = RankedTensorType::get({rows}, Builder(func.getContext()).getF32Type());
  Value sum;
  for (Value g : gradients) {
    OpBuilder b(func.getContext());
    b.setInsertionPointAfter(lastGradientOp(g));
    Value norms = nn::RowNormOp::create(b, g.getLoc(), type, g);
    if (sum && norms.getDefiningOp()->isBeforeInBlock(sum.getDefiningOp()))
      b.setInsertionPointAfter(sum.getDefiningOp());
    sum = sum ? nn::AddOp::create(b, g.getLoc(), type, sum, norms).getResult() : norms;
  }
  return sum;
}

Value NormCache::weigh(OpBuilder &b, Value norms, Value x, ArrayRef<Value> gradients) {
  if (kind == Kind::None)
    return norms;
  ArrayRef<int64_t> shape = tensorType(x).getShape();
  int64_t length = shape[1], batch = tensorType(norms).getDimSize(0) / length;
  auto type = [&](ArrayRef<int64_t> dims) { return RankedTensorType::get(dims, b.getF32Type()); };
  Location loc = norms.getLoc();
  SmallVector<int64_t> line = {1, batch};
  if (kind == Kind::Token)
    line.push_back(length);
  // The input is added when the number of choices is known; until then each reads zeros.
  Value zeros = nn::ConstantOp::create(b, loc, type(line), DenseElementsAttr::get(type(line), 0.0f));
  auto read = nn::SliceOp::create(b, loc, type(line), zeros, SmallVector<int64_t>(line.size(), 0));
  reads.push_back(read);
  Value factors = read;
  if (kind == Kind::Sample) {
    factors = nn::ReshapeOp::create(b, loc, type({batch, 1}), factors);
    factors = nn::BroadcastOp::create(b, loc, type({batch, length}), factors);
  }
  factors = nn::ReshapeOp::create(b, loc, type({batch * length}), factors);

  Value sum = sumOfNorms(gradients, batch * length);
  OpBuilder after(func.getContext());
  after.setInsertionPointAfter(sum.getDefiningOp());
  if (kind == Kind::Sample) {
    sum = nn::ReshapeOp::create(after, loc, type({batch, length}), sum);
    sum = nn::ReduceSumOp::create(after, loc, type({batch}), sum, 1, /*trailing=*/true);
  }
  written.push_back(nn::ReshapeOp::create(after, loc, type(line), sum));
  return nn::MulOp::create(b, loc, norms.getType(), norms, factors);
}

void NormCache::finish() {
  if (reads.empty())
    return;
  OpBuilder b(func.front().getTerminator());
  SmallVector<int64_t> shape(tensorType(written.front()).getShape());
  shape[0] = reads.size();
  auto type = RankedTensorType::get(shape, b.getF32Type());
  auto named = [&](StringRef attribute) {
    return b.getDictionaryAttr(b.getNamedAttr(attribute, b.getStringAttr(program::kNormCache)));
  };
  unsigned argument = func.getNumArguments(), result = func.getNumResults();
  (void)func.insertArgument(argument, type, named(program::kInput), func.getLoc());
  for (auto [i, op] : llvm::enumerate(reads)) {
    auto read = cast<nn::SliceOp>(op);
    Operation *placeholder = read.getX().getDefiningOp();
    SmallVector<int64_t> offsets(shape.size(), 0);
    offsets[0] = i;
    read.getXMutable().assign(func.getArgument(argument));
    read.setOffsets(offsets);
    placeholder->erase();
  }
  Value out = nn::ConcatOp::create(b, func.getLoc(), type, written, 0);
  func.front().getTerminator()->insertOperands(result, out);
  (void)func.insertResult(result, type, named(program::kOutput));
}

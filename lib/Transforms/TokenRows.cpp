// Rows that the attention mask drops: from the softmaxes and from how the loss reads token rows.
#include "TokenRows.h"
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
using namespace intq;

static ArrayRef<int64_t> shapeOf(Value v) { return cast<RankedTensorType>(v.getType()).getShape(); }

/// [B, S, …] or [B·S, …], as the layers of an encoder have it.
bool TokenRows::isTokens(ArrayRef<int64_t> shape) const {
  bool split = shape.size() >= 3 && shape[0] == batch && shape[1] == length;
  return split || (!shape.empty() && shape[0] == batch * length);
}

/// Whether the loss reads rows of tokens through `v` other than by a slice at one position, the same everywhere.
bool TokenRows::readsTokens(Value v, DenseSet<Value> &seen) {
  if (!seen.insert(v).second || !v.getDefiningOp())
    return false;
  if (auto slice = v.getDefiningOp<nn::SliceOp>()) {
    ArrayRef<int64_t> from = shapeOf(slice.getX()), to = shapeOf(v);
    if (from.size() == 3 && from[0] == batch && from[1] == length && to[1] == 1) {
      int64_t offset = slice.getOffsets()[1];
      bool first = position < 0;
      position = first ? offset : position;
      return position != offset;
    }
  }
  if (isTokens(shapeOf(v)))
    return true;
  return llvm::any_of(v.getDefiningOp()->getOperands(), [&](Value operand) { return readsTokens(operand, seen); });
}

TokenRows::TokenRows(func::FuncOp func, const DenseSet<Value> &cotangents) {
  bool sound = true;
  func.walk([&](nn::SoftmaxOp op) {
    if (shapeOf(op.getX()).size() != 4 || cotangents.contains(op.getX()))
      return;
    sound &= bool(op.getKeep()) && (!keep || keep == op.getKeep());
    keep = op.getKeep();
  });
  if (!sound || !keep) {
    keep = {};
    return;
  }
  batch = shapeOf(keep)[0];
  length = shapeOf(keep)[1];
  DenseSet<Value> seen;
  func.walk([&](Operation *op) {
    if (isa<nn::CrossEntropyGradOp, nn::MseGradOp>(op))
      for (Value operand : op->getOperands())
        sound &= !readsTokens(operand, seen);
  });
  if (!sound || position < 0)
    keep = {};
}

/// Whether the rows of one operand's tokens are rows of the result's, each made of that row alone.
static bool isRowwise(Operation *op) {
  return isa<nn::AddOp, nn::SubOp, nn::ScaleOp, nn::DropoutOp, nn::GeluGradOp, nn::TanhGradOp, nn::LayerNormGradOp,
             nn::LinearInputGradOp>(op);
}

bool TokenRows::isAtAnchor(Value g, const DenseSet<Value> &cotangents) const {
  if (!keep || !isTokens(shapeOf(g)) || shapeOf(g).size() != 3)
    return false;
  Operation *op = g.getDefiningOp();
  if (auto pad = dyn_cast_or_null<nn::PadOp>(op)) {
    ArrayRef<int64_t> from = shapeOf(pad.getX());
    return from.size() == 3 && from[0] == batch && from[1] == 1 && pad.getOffsets()[1] == position;
  }
  return op && isRowwise(op) && llvm::all_of(op->getOperands(), [&](Value v) {
           return !cotangents.contains(v) || isAtAnchor(v, cotangents);
         });
}

SmallVector<int32_t> TokenRows::anchorRows() const {
  SmallVector<int32_t> rows;
  for (int64_t b = 0; b < batch; ++b)
    rows.push_back(b * length + position);
  return rows;
}

Value TokenRows::mask(int64_t rows) const { return batch * length == rows ? keep : Value(); }

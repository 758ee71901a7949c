// Folders of the nn dialect: ops that change nothing disappear, layout ops merge with their like.
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
using namespace intq::nn;

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

// mul(x, 1) is x bit for bit; NaN payloads are never compared (Spec N2).
OpFoldResult ScaleOp::fold(FoldAdaptor) {
  return getFactor().isExactlyValue(1.0) ? OpFoldResult(getX()) : OpFoldResult();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getX().getType() == getType())
    return getX();
  if (auto inner = getX().getDefiningOp<ReshapeOp>()) {
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (llvm::is_sorted(getPerm()))
    return getX();
  if (auto inner = getX().getDefiningOp<TransposeOp>()) {
    auto composed = llvm::map_to_vector(getPerm(), [&](int64_t p) { return inner.getPerm()[p]; });
    setPerm(composed);
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return {};
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  if (getX().getType() == getType())
    return getX();
  if (auto inner = getX().getDefiningOp<SliceOp>()) {
    SmallVector<int64_t> sum(inner.getOffsets());
    for (auto [total, offset] : llvm::zip_equal(sum, getOffsets()))
      total += offset;
    setOffsets(sum);
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return {};
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 ? OpFoldResult(getInputs().front()) : OpFoldResult();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  return getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult();
}

// Canonicalization patterns of the nn dialect: one spelling for transposed products.
#include "intq/Dialect/NN/NN.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace intq::nn;

namespace {
/// A transpose that moves only dimensions of size 1 keeps the row-major order: a reshape.
struct TransposeOfUnitDimensions : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> shape = op.getX().getType().getShape();
    SmallVector<int64_t> moved;
    llvm::copy_if(op.getPerm(), std::back_inserter(moved), [&](int64_t p) { return shape[p] != 1; });
    if (!llvm::is_sorted(moved))
      return rewriter.notifyMatchFailure(op, "a dimension of more than one element moves");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getX());
    return success();
  }
};

/// An operand whose transpose puts the innermost dimension of its source second to last is
/// read the other way round: the source's rows stay contiguous, the flag of the product flips.
struct MatmulOfTransposed : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &rewriter) const override {
    Value a = naturalLayout(op.getA(), rewriter), b = naturalLayout(op.getB(), rewriter);
    if (!a && !b)
      return rewriter.notifyMatchFailure(op, "no operand is a transpose of the last dimension");
    rewriter.modifyOpInPlace(op, [&] {
      if (a) {
        op.getAMutable().assign(a);
        op.setTransposeA(!op.getTransposeA());
      }
      if (b) {
        op.getBMutable().assign(b);
        op.setTransposeB(!op.getTransposeB());
      }
    });
    return success();
  }

private:
  /// The source of a transpose with its last dimension last, all else in the order of `operand`
  /// but for its last two dimensions, which are swapped; null where `operand` is no such transpose.
  static Value naturalLayout(Value operand, PatternRewriter &rewriter) {
    auto transpose = operand.getDefiningOp<TransposeOp>();
    if (!transpose)
      return {};
    SmallVector<int64_t> perm(transpose.getPerm());
    size_t rank = perm.size();
    if (perm[rank - 2] != int64_t(rank) - 1)
      return {};
    std::swap(perm[rank - 2], perm[rank - 1]);
    SmallVector<int64_t> shape(transpose.getType().getShape());
    std::swap(shape[rank - 2], shape[rank - 1]);
    return rewriter.createOrFold<TransposeOp>(transpose.getLoc(), transpose.getType().clone(shape),
                                              transpose.getX(), rewriter.getDenseI64ArrayAttr(perm));
  }
};
} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<TransposeOfUnitDimensions>(context);
}

void MatmulOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MatmulOfTransposed>(context);
}

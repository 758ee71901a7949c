// intq-gather-before-quantize: only the rows of an embedding table that a step uses are encoded.
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Target/Cpu/Passes.h"

namespace intq::cpu {
#define GEN_PASS_DEF_INTQGATHERBEFOREQUANTIZEPASS
#include "intq/Target/Cpu/Passes.h.inc"
} // namespace intq::cpu

using namespace mlir;
using namespace intq;

/// The quantize op of the table, if its rows can be encoded one by one.
static QuantizeOp rowwiseTable(EmbeddingOp op) {
  auto quantize = op.getTable().getDefiningOp<QuantizeOp>();
  if (!quantize || quantize.getFold() || quantize.getRounding() != Rounding::Nearest)
    return {};
  QType type = quantize.getType();
  bool rowBlocks = type.getBlockSize(0) == 1 && type.getBlockSize(1) == type.getShape()[1];
  int64_t used = cast<ShapedType>(op.getIds().getType()).getNumElements();
  return rowBlocks && used < type.getShape()[0] ? quantize : QuantizeOp();
}

static void rewrite(EmbeddingOp op, QuantizeOp quantize) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  QType table = quantize.getType();
  int64_t columns = table.getShape()[1], rows = cast<ShapedType>(op.getIds().getType()).getNumElements();
  Value gathered = nn::EmbeddingOp::create(b, loc, op.getType(), quantize.getX(), op.getIds(),
                                           b.getI64IntegerAttr(-1), op.getSiteAttr());
  auto flat = RankedTensorType::get({rows, columns}, b.getF32Type());
  gathered = b.createOrFold<nn::ReshapeOp>(loc, flat, gathered);
  auto type = QType::get(op.getContext(), {rows, columns}, table.getWidth(), {1, QType::kWhole}, table.getScale());
  Value codes = QuantizeOp::create(b, loc, type, gathered, Value(), Value(), Value(), quantize.getRoundingAttr(),
                                   StringAttr(), quantize.getSiteAttr());
  Value values = DequantizeOp::create(b, loc, flat, codes);
  op.replaceAllUsesWith(b.createOrFold<nn::ReshapeOp>(loc, op.getType(), values));
  op.erase();
  if (quantize.use_empty())
    quantize.erase();
}

namespace {
struct GatherBeforeQuantize : cpu::impl::IntqGatherBeforeQuantizePassBase<GatherBeforeQuantize> {
  void runOnOperation() override {
    SmallVector<EmbeddingOp> embeddings(getOperation().getOps<EmbeddingOp>());
    for (EmbeddingOp op : embeddings)
      if (QuantizeOp quantize = rowwiseTable(op)) {
        rewrite(op, quantize);
        ++rewritten;
      }
  }
};
} // namespace

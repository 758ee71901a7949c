// intq-expand-fma: fused multiply-add in binary64 with rounding to odd (Boldo and Melquiond, 2008).
#include "intq/Target/Cpu/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

namespace intq::cpu {
#define GEN_PASS_DEF_INTQEXPANDFMAPASS
#include "intq/Target/Cpu/Passes.h.inc"
} // namespace intq::cpu

using namespace mlir;
using namespace intq;

static Value expand(OpBuilder &b, math::FmaOp op) {
  Location loc = op.getLoc();
  auto like = [&](Type element) -> Type {
    auto vector = dyn_cast<VectorType>(op.getType());
    return vector ? vector.clone(element) : element;
  };
  Type f64 = like(b.getF64Type()), i64 = like(b.getI64Type()), f32 = op.getType();
  auto wide = [&](Value v) { return arith::ExtFOp::create(b, loc, f64, v).getResult(); };
  auto add = [&](Value x, Value y) { return arith::AddFOp::create(b, loc, x, y).getResult(); };
  auto sub = [&](Value x, Value y) { return arith::SubFOp::create(b, loc, x, y).getResult(); };
  auto bits = [&](Value v) { return arith::BitcastOp::create(b, loc, i64, v).getResult(); };
  auto constant = [&](int64_t v) -> Value {
    TypedAttr attr = b.getI64IntegerAttr(v);
    if (auto vector = dyn_cast<VectorType>(i64))
      attr = DenseElementsAttr::get(vector, v);
    return arith::ConstantOp::create(b, loc, attr);
  };
  auto compare = [&](Value x, Value y) {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x, y).getResult();
  };
  Value c = wide(op.getC());
  Value p = arith::MulFOp::create(b, loc, wide(op.getA()), wide(op.getB())); // exact: 48 bits
  Value s = add(p, c);
  Value t = sub(s, p);
  Value e = add(sub(p, sub(s, t)), sub(c, t)); // exact error of s
  // Where s is inexact and its last bit even, the odd neighbour towards the error is taken.
  Value zero = arith::ConstantOp::create(b, loc, cast<TypedAttr>(b.getZeroAttr(f64)));
  Value inexact = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ONE, e, zero);
  Value even = compare(arith::AndIOp::create(b, loc, bits(s), constant(1)), constant(0));
  Value sign = arith::ShRUIOp::create(b, loc, arith::XOrIOp::create(b, loc, bits(e), bits(s)), constant(63));
  Value step = arith::SelectOp::create(b, loc, compare(sign, constant(0)), constant(1), constant(-1));
  step = arith::SelectOp::create(b, loc, arith::AndIOp::create(b, loc, inexact, even), step, constant(0));
  Value odd = arith::BitcastOp::create(b, loc, f64, arith::AddIOp::create(b, loc, bits(s), step));
  return arith::TruncFOp::create(b, loc, f32, odd);
}

namespace {
struct ExpandFma : cpu::impl::IntqExpandFmaPassBase<ExpandFma> {
  void runOnOperation() override {
    getOperation()->walk([&](math::FmaOp op) {
      if (!getElementTypeOrSelf(op.getType()).isF32()) {
        op.emitOpError() << "expected f32, but got " << op.getType();
        return signalPassFailure();
      }
      OpBuilder b(op);
      op.replaceAllUsesWith(expand(b, op));
      op.erase();
      ++expanded;
    });
  }
};
} // namespace

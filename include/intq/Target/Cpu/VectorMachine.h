// The machine that emits a formula of the Spec as code: the interface of ScalarMachine
// (include/intq/Format/Scalar.h) over arith and math ops on vectors of `width` lanes, or on
// scalars (width 0). Only single IEEE operations are emitted, fused only as math.fma (Spec N2).
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

namespace intq::cpu {

class VectorMachine {
public:
  using F = mlir::Value;
  using D = mlir::Value;
  using I = mlir::Value;
  using B = mlir::Value;

  VectorMachine(mlir::OpBuilder &builder, mlir::Location loc, unsigned width)
      : b(builder), loc(loc), width(width) {}

  /// `element`, or a vector of it.
  mlir::Type type(mlir::Type element) const {
    return width ? mlir::Type(mlir::VectorType::get({width}, element)) : element;
  }

  F constant(float v) { return splat(b.getF32FloatAttr(v)); }
  D constantD(double v) { return splat(b.getF64FloatAttr(v)); }
  I constantI(int32_t v) { return splat(b.getI32IntegerAttr(v)); }

  F add(F x, F y) { return make<mlir::arith::AddFOp>(x, y); }
  F sub(F x, F y) { return make<mlir::arith::SubFOp>(x, y); }
  F mul(F x, F y) { return make<mlir::arith::MulFOp>(x, y); }
  F div(F x, F y) { return make<mlir::arith::DivFOp>(x, y); }
  F fma(F x, F y, F z) { return make<mlir::math::FmaOp>(x, y, z); }
  F sqrt(F x) { return make<mlir::math::SqrtOp>(x); }
  F neg(F x) { return make<mlir::arith::NegFOp>(x); }
  F abs(F x) { return make<mlir::math::AbsFOp>(x); }
  F roundeven(F x) { return make<mlir::math::RoundEvenOp>(x); }

  D addD(D x, D y) { return add(x, y); }
  D subD(D x, D y) { return sub(x, y); }
  D mulD(D x, D y) { return mul(x, y); }
  D divD(D x, D y) { return div(x, y); }
  D sqrtD(D x) { return sqrt(x); }
  D extend(F x) { return cast<mlir::arith::ExtFOp>(x, b.getF64Type()); }
  F truncate(D x) { return cast<mlir::arith::TruncFOp>(x, b.getF32Type()); }

  B lt(F x, F y) { return compare(mlir::arith::CmpFPredicate::OLT, x, y); }
  B le(F x, F y) { return compare(mlir::arith::CmpFPredicate::OLE, x, y); }
  B eq(F x, F y) { return compare(mlir::arith::CmpFPredicate::OEQ, x, y); }
  B ltD(D x, D y) { return lt(x, y); }
  B isNan(F x) { return compare(mlir::arith::CmpFPredicate::UNO, x, x); }
  B ltI(I x, I y) { return compare(mlir::arith::CmpIPredicate::slt, x, y); }
  B ltU(I x, I y) { return compare(mlir::arith::CmpIPredicate::ult, x, y); }
  B eqI(I x, I y) { return compare(mlir::arith::CmpIPredicate::eq, x, y); }
  B both(B x, B y) { return make<mlir::arith::AndIOp>(x, y); }
  B either(B x, B y) { return make<mlir::arith::OrIOp>(x, y); }
  F select(B c, F x, F y) { return make<mlir::arith::SelectOp>(c, x, y); }
  I selectI(B c, I x, I y) { return make<mlir::arith::SelectOp>(c, x, y); }
  D selectD(B c, D x, D y) { return make<mlir::arith::SelectOp>(c, x, y); }

  I bitsOf(F x) { return cast<mlir::arith::BitcastOp>(x, b.getI32Type()); }
  F floatOf(I x) { return cast<mlir::arith::BitcastOp>(x, b.getF32Type()); }
  I toInt(F x) { return cast<mlir::arith::FPToSIOp>(x, b.getI32Type()); }
  F toFloat(I x) { return cast<mlir::arith::SIToFPOp>(x, b.getF32Type()); }

  I addI(I x, I y) { return make<mlir::arith::AddIOp>(x, y); }
  I subI(I x, I y) { return make<mlir::arith::SubIOp>(x, y); }
  I mulI(I x, I y) { return make<mlir::arith::MulIOp>(x, y); }
  I andI(I x, I y) { return make<mlir::arith::AndIOp>(x, y); }
  I orI(I x, I y) { return make<mlir::arith::OrIOp>(x, y); }
  I xorI(I x, I y) { return make<mlir::arith::XOrIOp>(x, y); }
  I shl(I x, int n) { return make<mlir::arith::ShLIOp>(x, constantI(n)); }
  I shrU(I x, int n) { return make<mlir::arith::ShRUIOp>(x, constantI(n)); }
  I shrS(I x, int n) { return make<mlir::arith::ShRSIOp>(x, constantI(n)); }
  I minI(I x, I y) { return make<mlir::arith::MinSIOp>(x, y); }
  I maxI(I x, I y) { return make<mlir::arith::MaxSIOp>(x, y); }
  I mulHighU(I x, I y) { return mlir::arith::MulUIExtendedOp::create(b, loc, x, y).getHigh(); }

private:
  template <class Op, class... Args> mlir::Value make(Args... args) {
    return Op::create(b, loc, args...).getResult();
  }
  template <class Op> mlir::Value cast(mlir::Value x, mlir::Type element) {
    return Op::create(b, loc, type(element), x).getResult();
  }
  mlir::Value compare(mlir::arith::CmpFPredicate p, mlir::Value x, mlir::Value y) {
    return mlir::arith::CmpFOp::create(b, loc, p, x, y);
  }
  mlir::Value compare(mlir::arith::CmpIPredicate p, mlir::Value x, mlir::Value y) {
    return mlir::arith::CmpIOp::create(b, loc, p, x, y);
  }
  mlir::Value splat(mlir::TypedAttr value) {
    if (width) {
      auto vector = mlir::cast<mlir::ShapedType>(type(value.getType()));
      value = mlir::DenseElementsAttr::get(vector, mlir::Attribute(value));
    }
    return mlir::arith::ConstantOp::create(b, loc, value);
  }

  mlir::OpBuilder &b;
  mlir::Location loc;
  unsigned width;
};

} // namespace intq::cpu

// Verifiers of the element-wise ops of nn.
#include "intq/Dialect/NN/Broadcast.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/VerifierChecks.h"

using namespace mlir;
using namespace intq;
using namespace intq::nn;

template <class BinaryOp> static LogicalResult verifyBinary(BinaryOp op) {
  ArrayRef<int64_t> lhs = op.getLhs().getType().getShape(), rhs = op.getRhs().getType().getShape();
  auto shape = broadcastShapes(lhs, rhs);
  if (failed(shape)) // add_c1 sub_c1 mul_c1 div_c1
    return op.emitOpError() << "expected shapes that broadcast, but got " << shapeText(lhs) << " and "
                            << shapeText(rhs);
  return expectShape(op, "a result", op.getType().getShape(), *shape); // add_c1 sub_c1 mul_c1 div_c1
}
LogicalResult AddOp::verify() { return verifyBinary(*this); }
LogicalResult SubOp::verify() { return verifyBinary(*this); }
LogicalResult MulOp::verify() { return verifyBinary(*this); }
LogicalResult DivOp::verify() { return verifyBinary(*this); }

LogicalResult DropoutOp::verify() {
  if (failed(verifyDropoutRatio(*this, getRatio()))) // dropout_c1
    return failure();
  return expectType(*this, "a result", getType(), getX().getType()); // dropout_c2
}

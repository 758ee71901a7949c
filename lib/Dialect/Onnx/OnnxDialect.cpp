// Registration and verifiers of the onnx dialect.
#include "intq/Dialect/Onnx/Onnx.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "intq/Dialect/Onnx/OnnxDialect.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "intq/Dialect/Onnx/OnnxTypes.cpp.inc"
#define GET_OP_CLASSES
#include "intq/Dialect/Onnx/OnnxOps.cpp.inc"

void intq::onnx::OnnxDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "intq/Dialect/Onnx/OnnxTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "intq/Dialect/Onnx/OnnxOps.cpp.inc"
      >();
}

LogicalResult intq::onnx::NodeOp::verify() {
  if (getOutputNames().size() != getNumResults())
    return emitOpError() << "expected one output name a result (" << getNumResults() << "), but got "
                         << getOutputNames().size();
  return success();
}

LogicalResult intq::onnx::InputOp::verify() {
  int64_t rank = llvm::cast<RankedTensorType>(getType()).getRank();
  if (int64_t(getDims().size()) != rank)
    return emitOpError() << "expected one entry a dimension (" << rank << "), but got " << getDims().size();
  for (Attribute dim : getDims())
    if (!llvm::isa<IntegerAttr, StringAttr>(dim))
      return emitOpError() << "expected numbers and names as dimensions, but got " << dim;
  return success();
}

LogicalResult intq::onnx::OutputOp::verify() {
  if (getNames().size() != getNumOperands())
    return emitOpError() << "expected one name an output (" << getNumOperands() << "), but got "
                         << getNames().size();
  return success();
}

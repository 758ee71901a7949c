// Values under another shape.
#pragma once
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"

namespace intq {

/// v without the reshapes that made it.
inline mlir::Value rootOf(mlir::Value v) {
  while (mlir::isa_and_present<nn::ReshapeOp, ReshapeOp>(v.getDefiningOp()))
    v = v.getDefiningOp()->getOperand(0);
  return v;
}

} // namespace intq

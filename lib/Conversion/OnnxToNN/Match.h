// Matching spelled-out layers backwards along the nodes of the file.
#pragma once
#include "Converter.h"

namespace intq::conversion {

/// The node of operator `op` that defines `value`, or null.
inline onnx::NodeOp defined(Converter &c, mlir::Value value, llvm::StringRef op) {
  onnx::NodeOp node = c.definition(value);
  return node && opOf(node) == op ? node : onnx::NodeOp();
}

/// `value` behind Identity nodes.
inline mlir::Value origin(Converter &c, mlir::Value value) {
  onnx::NodeOp node = value.getDefiningOp<onnx::NodeOp>();
  while (node && opOf(node) == "Identity" && node.getInputs().size() == 1) {
    value = node.getInputs()[0];
    node = value.getDefiningOp<onnx::NodeOp>();
  }
  return value;
}

/// The operand of the binary `node` beside a constant for which `test` holds; null if none.
template <class Test> mlir::Value besideConstant(Converter &c, onnx::NodeOp node, Test test) {
  for (unsigned i = 0; node && i < 2 && node.getInputs().size() == 2; ++i)
    if (auto value = c.operand(node, i).uniform(); value && test(*value))
      return node.getInputs()[1 - i];
  return {};
}

inline bool isNear(double value, double expected) {
  return value >= expected - 1e-4 * std::abs(expected) && value <= expected + 1e-4 * std::abs(expected);
}

} // namespace intq::conversion

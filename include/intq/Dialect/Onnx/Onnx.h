// The onnx dialect: an ONNX file as it is. See OnnxOps.td.
#pragma once
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "intq/Dialect/Onnx/OnnxDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "intq/Dialect/Onnx/OnnxTypes.h.inc"
#define GET_OP_CLASSES
#include "intq/Dialect/Onnx/OnnxOps.h.inc"

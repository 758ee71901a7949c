// The nn dialect: the training graph in float. See NNBase.td.
#pragma once
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "intq/Dialect/NN/NNDialect.h.inc"
#include "intq/Dialect/NN/NNEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "intq/Dialect/NN/NNAttrs.h.inc"
#define GET_OP_CLASSES
#include "intq/Dialect/NN/NNOps.h.inc"

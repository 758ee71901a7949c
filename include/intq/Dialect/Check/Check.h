// The check dialect: assertions for tests. See CheckOps.td.
#pragma once
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "intq/Dialect/Check/CheckDialect.h.inc"
#define GET_OP_CLASSES
#include "intq/Dialect/Check/CheckOps.h.inc"

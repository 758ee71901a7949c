// Registration of the intq dialect's ops; their generated definitions live here alone.
#include "intq/Dialect/Intq/Intq.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "intq/Dialect/Intq/IntqDialect.cpp.inc"
#include "intq/Dialect/Intq/IntqEnums.cpp.inc"
#define GET_OP_CLASSES
#include "intq/Dialect/Intq/IntqOps.cpp.inc"

void intq::IntqDialect::initialize() {
  registerTypesAndAttributes();
  addOperations<
#define GET_OP_LIST
#include "intq/Dialect/Intq/IntqOps.cpp.inc"
      >();
}

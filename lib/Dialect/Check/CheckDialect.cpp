// Registration of the check dialect.
#include "intq/Dialect/Check/Check.h"

#include "intq/Dialect/Check/CheckDialect.cpp.inc"
#define GET_OP_CLASSES
#include "intq/Dialect/Check/CheckOps.cpp.inc"

void intq::check::CheckDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "intq/Dialect/Check/CheckOps.cpp.inc"
      >();
}

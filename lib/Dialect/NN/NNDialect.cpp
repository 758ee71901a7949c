// Registration of the nn dialect; generated definitions live here alone, so that
// editing a verifier does not recompile them.
#include "intq/Dialect/NN/NN.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "intq/Dialect/NN/NNDialect.cpp.inc"
#include "intq/Dialect/NN/NNEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "intq/Dialect/NN/NNAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "intq/Dialect/NN/NNOps.cpp.inc"

void intq::nn::NNDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "intq/Dialect/NN/NNAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "intq/Dialect/NN/NNOps.cpp.inc"
      >();
}

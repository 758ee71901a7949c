// Folders of the intq dialect.
#include "intq/Dialect/Intq/Intq.h"

using namespace mlir;

OpFoldResult intq::ReshapeOp::fold(FoldAdaptor) {
  if (getQ().getType() == getType())
    return getQ();
  if (auto inner = getQ().getDefiningOp<ReshapeOp>()) { // scale indices are equal in all three types
    getQMutable().assign(inner.getQ());
    return getResult();
  }
  return {};
}

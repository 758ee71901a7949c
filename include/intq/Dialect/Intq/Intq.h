// The intq dialect: block-quantized tensors and integer computation. See IntqBase.td.
#pragma once
#include "intq/Dialect/NN/NN.h"

#include "intq/Dialect/Intq/IntqDialect.h.inc"
#include "intq/Dialect/Intq/IntqEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "intq/Dialect/Intq/IntqAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "intq/Dialect/Intq/IntqTypes.h.inc"
#define GET_OP_CLASSES
#include "intq/Dialect/Intq/IntqOps.h.inc"

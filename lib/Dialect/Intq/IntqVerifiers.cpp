// Verifiers of the intq dialect.
#include "intq/Dialect/Intq/Intq.h"

using namespace mlir;
LogicalResult intq::QuantizeOp::verify() { return success(); }
LogicalResult intq::DequantizeOp::verify() { return success(); }
LogicalResult intq::UnscaleOp::verify() { return success(); }
LogicalResult intq::MatmulOp::verify() { return success(); }
LogicalResult intq::BiasGradOp::verify() { return success(); }
LogicalResult intq::LayerNormOp::verify() { return success(); }
LogicalResult intq::LayerNormInputGradOp::verify() { return success(); }
LogicalResult intq::LayerNormWeightGradOp::verify() { return success(); }
LogicalResult intq::EmbeddingOp::verify() { return success(); }
LogicalResult intq::EmbeddingGradOp::verify() { return success(); }
LogicalResult intq::DropoutOp::verify() { return success(); }
LogicalResult intq::ReshapeOp::verify() { return success(); }

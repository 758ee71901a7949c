// Verifiers of the nn dialect.
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
LogicalResult intq::nn::DropoutOp::verify() { return success(); }
LogicalResult intq::nn::EmbeddingOp::verify() { return success(); }
LogicalResult intq::nn::EmbeddingGradOp::verify() { return success(); }
LogicalResult intq::nn::CrossEntropyOp::verify() { return success(); }
LogicalResult intq::nn::CrossEntropyGradOp::verify() { return success(); }
LogicalResult intq::nn::MseOp::verify() { return success(); }
LogicalResult intq::nn::MseGradOp::verify() { return success(); }
LogicalResult intq::nn::ReshapeOp::verify() { return success(); }
LogicalResult intq::nn::TransposeOp::verify() { return success(); }
LogicalResult intq::nn::SliceOp::verify() { return success(); }
LogicalResult intq::nn::PadOp::verify() { return success(); }
LogicalResult intq::nn::ConcatOp::verify() { return success(); }
LogicalResult intq::nn::BroadcastOp::verify() { return success(); }
LogicalResult intq::nn::ReduceSumOp::verify() { return success(); }
LogicalResult intq::nn::LinearOp::verify() { return success(); }
LogicalResult intq::nn::LinearInputGradOp::verify() { return success(); }
LogicalResult intq::nn::LinearWeightGradOp::verify() { return success(); }
LogicalResult intq::nn::BiasGradOp::verify() { return success(); }
LogicalResult intq::nn::MatmulOp::verify() { return success(); }
LogicalResult intq::nn::LayerNormOp::verify() { return success(); }
LogicalResult intq::nn::LayerNormGradOp::verify() { return success(); }
LogicalResult intq::nn::SoftmaxOp::verify() { return success(); }
LogicalResult intq::nn::MaskRowsOp::verify() { return success(); }
LogicalResult intq::nn::AdamWOp::verify() { return success(); }
LogicalResult intq::nn::ClipCoefficientOp::verify() { return success(); }
LogicalResult intq::nn::AddOp::verify() { return success(); }
LogicalResult intq::nn::SubOp::verify() { return success(); }
LogicalResult intq::nn::MulOp::verify() { return success(); }
LogicalResult intq::nn::DivOp::verify() { return success(); }

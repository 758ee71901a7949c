// The contents of a TensorProto, checked (H11–H13).
#pragma once
#include "ExternalData.h"
#include "intq/Import/ParameterStore.h"
#include "onnx/onnx-ml.pb.h"
#include <optional>

namespace mlir {
class Builder;
class DenseElementsAttr;
class Type;
} // namespace mlir

namespace intq {

/// Bytes of one element of an ONNX data type; 0 for types that are not supported.
unsigned elementBytes(int32_t dtype);
/// The MLIR type of an ONNX data type; null for types that are not supported.
mlir::Type elementType(mlir::Builder &builder, int32_t dtype);

/// Shape, type and bytes of `tensor`; nothing after a finding that begins with `what`.
/// `model` keeps the bytes alive. Notes are for the user.
std::optional<StoredTensor> readTensor(const ::onnx::TensorProto &tensor, llvm::StringRef what,
                                       std::shared_ptr<const void> model, int64_t maxElements,
                                       ExternalData &external, Findings &findings,
                                       std::vector<std::string> &notes);

/// The tensor as an attribute.
mlir::DenseElementsAttr toAttribute(mlir::Builder &builder, const StoredTensor &tensor);

} // namespace intq

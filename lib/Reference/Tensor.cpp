// Storage of the interpreter's values.
#include "intq/Reference/Tensor.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include <cstring>

using namespace mlir;
using namespace intq;
using namespace intq::reference;

Tensor::Tensor(RankedTensorType type)
    : type(type), data(std::calloc(std::max<int64_t>(getNumBytes(), 1), 1), std::free) {}

FailureOr<Tensor> Tensor::fromAttr(ElementsAttr attr) {
  auto type = dyn_cast<RankedTensorType>(attr.getType());
  if (!type || !type.getElementType().isIntOrFloat() || type.getElementTypeBitWidth() % 8)
    return failure();
  Tensor tensor(type);
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    ArrayRef<char> raw = dense.getRawData();
    if (!dense.isSplat())
      std::memcpy(tensor.data.get(), raw.data(), raw.size());
    else
      for (int64_t i = 0; i < type.getNumElements(); ++i)
        std::memcpy(tensor.as<char>() + i * raw.size(), raw.data(), raw.size());
    return tensor;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob || int64_t(blob->getData().size()) != tensor.getNumBytes())
    return failure();
  std::memcpy(tensor.data.get(), blob->getData().data(), blob->getData().size());
  return tensor;
}

Tensor Tensor::borrow(RankedTensorType type, void *buffer) {
  Tensor tensor;
  tensor.type = type;
  tensor.data = std::shared_ptr<void>(buffer, [](void *) {});
  return tensor;
}

Tensor Tensor::reshaped(RankedTensorType to) const {
  Tensor tensor = *this;
  tensor.type = to;
  return tensor;
}

DenseElementsAttr Tensor::toAttr() const {
  return DenseElementsAttr::getFromRawBuffer(type, ArrayRef<char>(as<char>(), getNumBytes()));
}

QTensor::QTensor(QType type)
    : type(type),
      codes(std::make_shared<std::vector<int16_t>>(type.getFloatType().getNumElements())),
      scales(std::make_shared<std::vector<float>>(
          type.getScale() == ScaleKind::Unit ? 0 : type.getScalesType().getNumElements())) {}

void intq::reference::forEachRow(QType type, function_ref<void(int64_t, int64_t)> body) {
  int64_t last = type.getRank() - 1, columns = type.getShape()[last];
  int64_t rows = type.getFloatType().getNumElements() / columns;
  SmallVector<int64_t> scaleShape = type.getScaleShape(), index(last, 0);
  for (int64_t row = 0; row < rows; ++row) {
    int64_t scale = 0;
    for (int64_t d = 0; d < last; ++d)
      scale = scale * scaleShape[d] + index[d] / type.getBlockSize(d);
    body(row * columns, scale * scaleShape[last]);
    for (int64_t d = last - 1; d >= 0 && ++index[d] == type.getShape()[d]; --d)
      index[d] = 0;
  }
}

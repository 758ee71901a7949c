// Values of the reference interpreter: dense host tensors, and codes with scales.
#pragma once
#include "intq/Dialect/Intq/Intq.h"
#include <memory>
#include <variant>
#include <vector>

namespace intq::reference {

/// A dense row-major tensor of f32, f64, i8, i16 or i32. Copies share the elements; only the op
/// that makes a tensor writes them.
class Tensor {
public:
  Tensor() = default;
  /// Zeros.
  explicit Tensor(mlir::RankedTensorType type);
  /// The elements of `attr`, which has one of the element types above (else failure).
  static llvm::FailureOr<Tensor> fromAttr(mlir::ElementsAttr attr);
  /// A view of a buffer of the caller, which outlives the tensor.
  static Tensor borrow(mlir::RankedTensorType type, void *data);

  mlir::RankedTensorType getType() const { return type; }
  llvm::ArrayRef<int64_t> getShape() const { return type.getShape(); }
  int64_t getRank() const { return type.getRank(); }
  int64_t getNumElements() const { return type.getNumElements(); }
  /// Size of the last dimension, and the number of rows of that size.
  int64_t columns() const { return type.getShape().back(); }
  int64_t rows() const { return getNumElements() / columns(); }
  int64_t getNumBytes() const { return getNumElements() * (type.getElementTypeBitWidth() / 8); }

  template <class T> T *as() { return static_cast<T *>(data.get()); }
  template <class T> const T *as() const { return static_cast<const T *>(data.get()); }
  float *f32() { return as<float>(); }
  const float *f32() const { return as<float>(); }
  const int32_t *i32() const { return as<int32_t>(); }
  const void *raw() const { return data.get(); }

  /// The same elements under another type of as many elements.
  Tensor reshaped(mlir::RankedTensorType to) const;
  /// The elements as a dense attribute.
  mlir::DenseElementsAttr toAttr() const;

private:
  mlir::RankedTensorType type;
  std::shared_ptr<void> data;
};

/// Codes in the logical shape, and one scale a block in the order of getScaleShape() (none for
/// scale kind `unit`).
struct QTensor {
  QType type;
  std::shared_ptr<std::vector<int16_t>> codes;
  std::shared_ptr<std::vector<float>> scales;

  explicit QTensor(QType type);
  QTensor() = default;
};

using Value = std::variant<Tensor, QTensor>;

/// Where the scales of the elements of `type` are. Calls body(begin, scale) for each row along the
/// last dimension: elements begin + j (row-major) have scale index scale + j / block, block =
/// type.getBlockSize(last).
void forEachRow(QType type, llvm::function_ref<void(int64_t begin, int64_t scale)> body);

} // namespace intq::reference

// Constant tensors during the conversion: shape arithmetic and folding.
#pragma once
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>
#include <optional>
#include <vector>

namespace intq::conversion {

using Shape = llvm::SmallVector<int64_t, 4>;

/// Element types that BERT graphs compute with; the rest is not supported.
enum class Elem { F32, F64, I32, I64, Bool, Other };

bool isFloat(Elem elem);
Elem elemOf(mlir::Type type);
/// From an ONNX data type number.
Elem elemOfNumber(int64_t number);
llvm::StringRef nameOf(Elem elem);

/// At most this many elements in a folded value (H25).
inline constexpr int64_t kMaxFolded = int64_t(1) << 24;

/// Elements of a shape, or nothing where it overflows or has a negative dimension.
std::optional<int64_t> elementCount(llvm::ArrayRef<int64_t> shape);
/// NumPy broadcast of two shapes, or nothing.
std::optional<Shape> broadcastShape(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);
/// For each element of `to`, the element of `from` that NumPy broadcasting puts there.
std::vector<int64_t> broadcastIndex(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// A constant. Integers and booleans are in `ints`, floats in `reals` (already rounded to
/// their type).
struct Tensor {
  Elem elem = Elem::I64;
  Shape shape;
  std::vector<int64_t> ints;
  std::vector<double> reals;

  int64_t size() const { return isFloat(elem) ? reals.size() : ints.size(); }
  double real(int64_t i) const { return isFloat(elem) ? reals[i] : double(ints[i]); }
  bool isUniform() const;
  /// Elements `index` of this tensor, in the shape `to`.
  Tensor select(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> to) const;
  /// Converted with ONNX Cast; nothing where a float does not fit an integer.
  std::optional<Tensor> cast(Elem to) const;

  static std::optional<Tensor> fromAttribute(mlir::ElementsAttr attribute);
  static Tensor scalar(Elem elem, double value);
  static Tensor vector(llvm::ArrayRef<int64_t> values);
  /// As f32 or i32 for nn; nothing where an integer does not fit.
  mlir::DenseElementsAttr toAttribute(mlir::MLIRContext *context) const;
};

/// An element-wise operator of one or two operands on values of type `elem`; nothing where it
/// is unknown, overflows or divides by zero (H23, H24). Comparisons give 0 or 1.
std::optional<double> applyReal(llvm::StringRef op, Elem elem, double a, double b);
std::optional<int64_t> applyInt(llvm::StringRef op, int64_t a, int64_t b);
bool isComparison(llvm::StringRef op);

} // namespace intq::conversion

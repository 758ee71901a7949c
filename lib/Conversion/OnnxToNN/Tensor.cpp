// Constant tensors: conversion, selection and scalar arithmetic with checks.
#include "Tensor.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

bool conversion::isFloat(Elem elem) { return elem == Elem::F32 || elem == Elem::F64; }

Elem conversion::elemOf(Type type) {
  if (type.isF32())
    return Elem::F32;
  if (type.isF64())
    return Elem::F64;
  if (type.isInteger(1))
    return Elem::Bool;
  if (type.isInteger(64))
    return Elem::I64;
  return type.isInteger(32) ? Elem::I32 : Elem::Other;
}

Elem conversion::elemOfNumber(int64_t number) {
  switch (number) {
  case 1: return Elem::F32;
  case 6: return Elem::I32;
  case 7: return Elem::I64;
  case 9: return Elem::Bool;
  case 11: return Elem::F64;
  default: return Elem::Other;
  }
}

llvm::StringRef conversion::nameOf(Elem elem) {
  switch (elem) {
  case Elem::F32: return "float32";
  case Elem::F64: return "float64";
  case Elem::I32: return "int32";
  case Elem::I64: return "int64";
  case Elem::Bool: return "bool";
  case Elem::Other: break;
  }
  return "another type";
}

std::optional<int64_t> conversion::elementCount(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t dim : shape) {
    auto product = llvm::checkedMul(count, dim);
    if (dim < 0 || !product)
      return std::nullopt;
    count = *product;
  }
  return count;
}

std::optional<Shape> conversion::broadcastShape(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b) {
  Shape out(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < out.size(); ++i) {
    int64_t da = i < a.size() ? a[a.size() - 1 - i] : 1, db = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1)
      return std::nullopt;
    out[out.size() - 1 - i] = da == 1 ? db : da;
  }
  return out;
}

std::vector<int64_t> conversion::broadcastIndex(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to) {
  Shape strides(to.size(), 0);
  int64_t stride = 1;
  for (size_t i = 0; i < from.size(); ++i) {
    int64_t dim = from[from.size() - 1 - i];
    strides[to.size() - 1 - i] = dim == 1 ? 0 : stride;
    stride *= dim;
  }
  std::vector<int64_t> index(elementCount(to).value_or(0));
  Shape at(to.size(), 0);
  int64_t offset = 0;
  for (int64_t &slot : index) {
    slot = offset;
    for (size_t d = to.size(); d-- > 0;) {
      offset += strides[d];
      if (++at[d] < to[d])
        break;
      offset -= strides[d] * to[d];
      at[d] = 0;
    }
  }
  return index;
}

std::string conversion::shapeText(llvm::ArrayRef<int64_t> shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    out += (i ? ", " : "") + std::to_string(shape[i]);
  return out + "]";
}

bool Tensor::isUniform() const {
  for (int64_t i = 1; i < size(); ++i)
    if (isFloat(elem) ? reals[i] != reals[0] : ints[i] != ints[0])
      return false;
  return size() > 0;
}

Tensor Tensor::select(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> to) const {
  Tensor out{elem, Shape(to), {}, {}};
  if (isFloat(elem)) {
    out.reals.reserve(index.size());
    for (int64_t i : index)
      out.reals.push_back(reals[i]);
  } else {
    out.ints.reserve(index.size());
    for (int64_t i : index)
      out.ints.push_back(ints[i]);
  }
  return out;
}

std::optional<Tensor> Tensor::cast(Elem to) const {
  Tensor out{to, shape, {}, {}};
  for (int64_t i = 0; i < size(); ++i) {
    if (isFloat(to)) {
      double value = real(i);
      out.reals.push_back(to == Elem::F32 ? double(float(value)) : value);
      continue;
    }
    double value = isFloat(elem) ? std::trunc(reals[i]) : 0;
    if (isFloat(elem) && to != Elem::Bool && !(std::fabs(value) < 0x1p63))
      return std::nullopt;
    int64_t integer = to == Elem::Bool ? real(i) != 0 : isFloat(elem) ? int64_t(value) : ints[i];
    if (to == Elem::I32 && integer != int32_t(integer))
      return std::nullopt;
    out.ints.push_back(integer);
  }
  return out;
}

std::optional<Tensor> Tensor::fromAttribute(ElementsAttr attribute) {
  auto type = dyn_cast<RankedTensorType>(attribute.getType());
  if (!type || type.getNumElements() > kMaxFolded)
    return std::nullopt;
  Tensor out{elemOf(type.getElementType()), Shape(type.getShape()), {}, {}};
  if (out.elem == Elem::Other)
    return std::nullopt;
  if (isFloat(out.elem)) {
    for (const APFloat &value : attribute.getValues<APFloat>())
      out.reals.push_back(out.elem == Elem::F32 ? double(value.convertToFloat()) : value.convertToDouble());
  } else {
    bool isBool = out.elem == Elem::Bool;
    for (const APInt &value : attribute.getValues<APInt>())
      out.ints.push_back(isBool ? int64_t(value.getZExtValue()) : value.getSExtValue());
  }
  return out;
}

Tensor Tensor::scalar(Elem elem, double value) {
  Tensor out{elem, {}, {}, {}};
  if (isFloat(elem))
    out.reals.push_back(value);
  else
    out.ints.push_back(int64_t(value));
  return out;
}

Tensor Tensor::vector(llvm::ArrayRef<int64_t> values) {
  return {Elem::I64, {int64_t(values.size())}, std::vector<int64_t>(values.begin(), values.end()), {}};
}

DenseElementsAttr Tensor::toAttribute(MLIRContext *context) const {
  Builder b(context);
  if (isFloat(elem)) {
    std::vector<float> values(reals.begin(), reals.end());
    return DenseElementsAttr::get(RankedTensorType::get(shape, b.getF32Type()), llvm::ArrayRef<float>(values));
  }
  std::vector<int32_t> values;
  for (int64_t value : ints) {
    if (value != int32_t(value))
      return {};
    values.push_back(int32_t(value));
  }
  return DenseElementsAttr::get(RankedTensorType::get(shape, b.getI32Type()), llvm::ArrayRef<int32_t>(values));
}

bool conversion::isComparison(llvm::StringRef op) {
  return llvm::StringSwitch<bool>(op)
      .Cases({"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Not", "IsNaN"}, true)
      .Default(false);
}

std::optional<int64_t> conversion::applyInt(llvm::StringRef op, int64_t a, int64_t b) {
  if (op == "Add") return llvm::checkedAdd(a, b);
  if (op == "Sub") return llvm::checkedSub(a, b);
  if (op == "Mul") return llvm::checkedMul(a, b);
  if (op == "Min") return std::min(a, b);
  if (op == "Max") return std::max(a, b);
  if (op == "Div" || op == "Mod") {
    if (b == 0 || (a == std::numeric_limits<int64_t>::min() && b == -1))
      return std::nullopt;
    if (op == "Div")
      return a / b;
    int64_t rest = a % b; // ONNX: the sign of the divisor
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
  if (op == "Neg") return llvm::checkedSub(int64_t(0), a);
  if (op == "Abs") return a < 0 ? llvm::checkedSub(int64_t(0), a) : std::optional<int64_t>(a);
  if (op == "Equal") return a == b;
  if (op == "Greater") return a > b;
  if (op == "GreaterOrEqual") return a >= b;
  if (op == "Less") return a < b;
  if (op == "LessOrEqual") return a <= b;
  if (op == "And") return a && b;
  if (op == "Or") return a || b;
  if (op == "Xor") return bool(a) != bool(b);
  if (op == "Not") return !a;
  return std::nullopt;
}

static std::optional<double> applyDouble(llvm::StringRef op, double a, double b) {
  if (op == "Add") return a + b;
  if (op == "Sub") return a - b;
  if (op == "Mul") return a * b;
  if (op == "Div") return a / b;
  if (op == "Min") return std::min(a, b);
  if (op == "Max") return std::max(a, b);
  if (op == "Neg") return -a;
  if (op == "Abs") return std::fabs(a);
  if (op == "Sqrt") return std::sqrt(a);
  if (op == "Floor") return std::floor(a);
  if (op == "Ceil") return std::ceil(a);
  if (op == "Reciprocal") return 1 / a;
  if (op == "Pow" && b == 2) return a * a;
  if (op == "Pow" && b == 0.5) return std::sqrt(a);
  if (op == "Pow" && b == 1) return a;
  if (op == "Equal") return a == b;
  if (op == "Greater") return a > b;
  if (op == "GreaterOrEqual") return a >= b;
  if (op == "Less") return a < b;
  if (op == "LessOrEqual") return a <= b;
  if (op == "IsNaN") return a != a;
  return std::nullopt;
}

// One operation of the type: in binary64 and rounded once, which for these operators gives
// the correctly rounded binary32 result.
std::optional<double> conversion::applyReal(llvm::StringRef op, Elem elem, double a, double b) {
  auto value = applyDouble(op, a, b);
  if (value && elem == Elem::F32 && !isComparison(op))
    return double(float(*value));
  return value;
}

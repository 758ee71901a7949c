// Where a TensorProto keeps its elements, and whether they are what its shape says.
#include "TensorData.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

using namespace intq;
using ::onnx::TensorProto;

static constexpr int kMaxRank = 8; // H11

unsigned intq::elementBytes(int32_t dtype) {
  switch (dtype) {
  case TensorProto::BOOL: case TensorProto::INT8: case TensorProto::UINT8: return 1;
  case TensorProto::INT16: case TensorProto::UINT16: case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16: return 2;
  case TensorProto::INT32: case TensorProto::UINT32: case TensorProto::FLOAT: return 4;
  case TensorProto::INT64: case TensorProto::UINT64: case TensorProto::DOUBLE: return 8;
  default: return 0;
  }
}

mlir::Type intq::elementType(mlir::Builder &builder, int32_t dtype) {
  switch (dtype) {
  case TensorProto::BOOL: return builder.getI1Type();
  case TensorProto::INT8: return builder.getI8Type();
  case TensorProto::UINT8: return builder.getIntegerType(8, false);
  case TensorProto::INT16: return builder.getI16Type();
  case TensorProto::UINT16: return builder.getIntegerType(16, false);
  case TensorProto::INT32: return builder.getI32Type();
  case TensorProto::UINT32: return builder.getIntegerType(32, false);
  case TensorProto::INT64: return builder.getI64Type();
  case TensorProto::UINT64: return builder.getIntegerType(64, false);
  case TensorProto::FLOAT: return builder.getF32Type();
  case TensorProto::DOUBLE: return builder.getF64Type();
  case TensorProto::FLOAT16: return builder.getF16Type();
  case TensorProto::BFLOAT16: return builder.getBF16Type();
  default: return {};
  }
}

namespace {
/// One reading of one tensor; `fail` prefixes the message.
struct Reader {
  const TensorProto &tensor;
  llvm::StringRef what;
  std::shared_ptr<const void> model;
  int64_t maxElements;
  ExternalData &external;
  Findings &findings;
  std::vector<std::string> &notes;
  StoredTensor result;
  int64_t count = 1;

  bool fail(const llvm::Twine &message) {
    (void)findings.add(what + ": " + message);
    return false;
  }
  bool readShape();
  bool readExternal();
  bool readInline();
  template <class Field> bool shareField(const Field &field, llvm::StringRef name);
  template <class Narrow, class Field> bool narrowField(const Field &field);
  bool readTyped();
};
} // namespace

/// Gives the whole pages of bytes that nobody reads again back to the system: the message that they are part of lives
/// until all of its tensors are done with.
static void discardPages(const void *data, uint64_t bytes) {
  const uint64_t page = sysconf(_SC_PAGESIZE), begin = reinterpret_cast<uintptr_t>(data);
  uint64_t first = llvm::alignTo(begin, page), end = llvm::alignDown(begin + bytes, page);
  if (first < end)
    madvise(reinterpret_cast<void *>(first), end - first, MADV_DONTNEED);
}

bool Reader::readShape() {
  if (tensor.dims_size() > kMaxRank)
    return fail("expected rank at most 8, but got " + llvm::Twine(tensor.dims_size()));
  for (int64_t dim : tensor.dims()) {
    auto product = llvm::checkedMul(count, dim);
    if (dim < 0 || !product || *product > maxElements)
      return fail("expected non-negative dimensions with at most " + llvm::Twine(maxElements) +
                  " elements (--limit elements=N), but got a dimension of " + llvm::Twine(dim));
    count = *product;
    result.shape.push_back(dim);
  }
  result.dtype = tensor.data_type();
  result.bytes = uint64_t(count) * elementBytes(result.dtype);
  if (elementBytes(result.dtype) == 0)
    return fail("element type " + llvm::Twine(result.dtype) +
                " is not supported (float32, integers and booleans are)");
  if (tensor.has_segment())
    return fail("segments are not supported");
  return true;
}

// H29, H33, H34.
bool Reader::readExternal() {
  if (tensor.has_raw_data() || tensor.float_data_size() || tensor.int32_data_size() ||
      tensor.int64_data_size() || tensor.double_data_size() || tensor.uint64_data_size() ||
      tensor.string_data_size())
    return fail("expected no inline data beside external data");
  ExternalReference reference;
  reference.bytes = result.bytes;
  llvm::StringSet<> seen;
  for (const auto &entry : tensor.external_data()) {
    llvm::StringRef key = entry.key(), value = entry.value();
    if (!seen.insert(key).second)
      return fail("expected each key of external_data once, but got " + quoted(key) + " again");
    uint64_t number = 0;
    if (key == "location") {
      reference.location = value.str();
    } else if (key == "offset" || key == "length") {
      if (value.getAsInteger(10, number))
        return fail("expected a decimal number as " + key + " of external data, but got " + quoted(value));
      (key == "offset" ? reference.offset : reference.bytes) = number;
    } else if (key == "basepath") {
      return fail("`basepath` of external data is not supported");
    } else {
      notes.push_back((what + ": " + (key == "checksum" ? "the checksum of external data is not verified"
                                                        : "external data have the unknown key " + quoted(key)))
                          .str());
    }
  }
  if (reference.bytes != result.bytes)
    return fail("expected " + llvm::Twine(result.bytes) + " bytes of external data for its shape, but got length " +
                llvm::Twine(reference.bytes));
  result.file = reference.location;
  result.offset = reference.offset;
  result.owner = external.read(reference, what, findings);
  result.data = result.owner.get();
  return result.owner != nullptr;
}

// A field whose elements have the width of the type is used where it lies.
template <class Field> bool Reader::shareField(const Field &field, llvm::StringRef name) {
  if (field.size() != count)
    return fail("expected " + llvm::Twine(count) + " elements in " + name + ", but got " +
                llvm::Twine(field.size()));
  result.data = field.data();
  result.owner = model;
  return true;
}

// int32_data holds the narrow types, an element an entry.
template <class Narrow, class Field> bool Reader::narrowField(const Field &field) {
  if (field.size() != count)
    return fail("expected " + llvm::Twine(count) + " elements in int32_data, but got " +
                llvm::Twine(field.size()));
  auto data = std::make_shared<std::vector<Narrow>>();
  for (int64_t value : field) {
    if (value < int64_t(std::numeric_limits<Narrow>::min()) ||
        value > int64_t(std::numeric_limits<Narrow>::max()))
      return fail("expected elements in the range of the type, but got " + llvm::Twine(value));
    if (result.dtype == TensorProto::BOOL && value > 1)
      return fail("expected booleans, but got " + llvm::Twine(value));
    data->push_back(static_cast<Narrow>(value));
  }
  result.data = data->data();
  result.owner = data;
  return true;
}

bool Reader::readTyped() {
  switch (result.dtype) {
  case TensorProto::FLOAT: return shareField(tensor.float_data(), "float_data");
  case TensorProto::DOUBLE: return shareField(tensor.double_data(), "double_data");
  case TensorProto::INT64: return shareField(tensor.int64_data(), "int64_data");
  case TensorProto::UINT64: return shareField(tensor.uint64_data(), "uint64_data");
  case TensorProto::INT32: return shareField(tensor.int32_data(), "int32_data");
  case TensorProto::INT8: return narrowField<int8_t>(tensor.int32_data());
  case TensorProto::INT16: return narrowField<int16_t>(tensor.int32_data());
  case TensorProto::UINT16: case TensorProto::FLOAT16: case TensorProto::BFLOAT16:
    return narrowField<uint16_t>(tensor.int32_data());
  case TensorProto::BOOL: case TensorProto::UINT8: return narrowField<uint8_t>(tensor.int32_data());
  default: return fail("expected raw_data for element type " + llvm::Twine(result.dtype));
  }
}

// H12: exactly one payload of the right size.
bool Reader::readInline() {
  unsigned typed = (tensor.float_data_size() > 0) + (tensor.int32_data_size() > 0) +
                   (tensor.int64_data_size() > 0) + (tensor.double_data_size() > 0) +
                   (tensor.uint64_data_size() > 0) + (tensor.string_data_size() > 0);
  if (typed + (tensor.has_raw_data() && !tensor.raw_data().empty()) > 1)
    return fail("expected one data field, but got several");
  if (typed)
    return readTyped();
  if (tensor.raw_data().size() != result.bytes)
    return fail("expected " + llvm::Twine(result.bytes) + " bytes of raw_data for its shape, but got " +
                llvm::Twine(tensor.raw_data().size()));
  result.data = tensor.raw_data().data();
  result.owner = std::shared_ptr<const void>(result.data, [model = model, bytes = result.bytes](const void *data) {
    discardPages(data, bytes);
  });
  return true;
}

std::optional<StoredTensor> intq::readTensor(const TensorProto &tensor, llvm::StringRef what,
                                             std::shared_ptr<const void> model, int64_t maxElements,
                                             ExternalData &external, Findings &findings,
                                             std::vector<std::string> &notes) {
  Reader reader{tensor, what, std::move(model), maxElements, external, findings, notes, {}, 1};
  if (!reader.readShape())
    return std::nullopt;
  bool isExternal = tensor.data_location() == TensorProto::EXTERNAL;
  if (!(isExternal ? reader.readExternal() : reader.readInline()))
    return std::nullopt;
  return std::move(reader.result);
}

mlir::DenseElementsAttr intq::toAttribute(mlir::Builder &builder, const StoredTensor &tensor) {
  mlir::Type element = elementType(builder, tensor.dtype);
  auto type = mlir::RankedTensorType::get(tensor.shape, element);
  const char *bytes = static_cast<const char *>(tensor.data);
  if (element.isInteger(1)) {
    llvm::SmallVector<bool> values;
    for (uint64_t i = 0; i < tensor.bytes; ++i)
      values.push_back(bytes[i] != 0);
    return mlir::DenseElementsAttr::get(type, llvm::ArrayRef<bool>(values));
  }
  if (tensor.bytes == 0)
    return mlir::DenseElementsAttr::get(type, llvm::ArrayRef<mlir::Attribute>());
  return mlir::DenseElementsAttr::getFromRawBuffer(type, {bytes, static_cast<size_t>(tensor.bytes)});
}

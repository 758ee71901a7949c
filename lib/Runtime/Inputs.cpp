// Checking and converting the inputs of a run.
#include "Program.h"
#include "intq/Dialect/NN/Program.h"

using namespace llvm;
using namespace intq::runtime;

static std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text = "[";
  raw_string_ostream os(text);
  interleaveComma(shape, os);
  return text + "]";
}

static StringRef dtypeText(int32_t dtype) {
  switch (dtype) {
  case INTQ_FLOAT:
    return "float32";
  case INTQ_INT32:
    return "int32";
  case INTQ_INT64:
    return "int64";
  case INTQ_BOOL:
    return "bool";
  case INTQ_DOUBLE:
    return "float64";
  default:
    return "an unknown type";
  }
}

static int64_t integerAt(const intq_array &array, int64_t i) {
  if (array.dtype == INTQ_INT64)
    return static_cast<const int64_t *>(array.data)[i];
  if (array.dtype == INTQ_INT32)
    return static_cast<const int32_t *>(array.data)[i];
  return static_cast<const uint8_t *>(array.data)[i] != 0;
}

static std::string position(ArrayRef<int64_t> shape, int64_t i) {
  SmallVector<int64_t> index(shape.size());
  for (size_t d = shape.size(); d-- > 0; i /= shape[d])
    index[d] = i % shape[d];
  return shapeText(index);
}

static bool readIntegers(const intq_array &array, Port &port, std::string &error) {
  auto *to = reinterpret_cast<int32_t *>(port.data.get());
  for (int64_t i = 0, n = port.type.getNumElements(); i < n; ++i) {
    int64_t value = integerAt(array, i);
    bool fits = value >= INT32_MIN && value <= INT32_MAX;
    if (port.range && !(port.ignore && value == *port.ignore))
      fits = value >= port.range->first && value < port.range->second;
    if (!fits) {
      error += ("input '" + Twine(port.name) + "': expected values from " +
                Twine(port.range ? port.range->first : INT32_MIN) + " to " +
                Twine(port.range ? port.range->second - 1 : INT32_MAX) +
                (port.ignore ? " (or " + Twine(*port.ignore) + ")" : Twine("")) + ", but got " +
                Twine(value) + " at " + position(port.shape, i) + "\n")
                   .str();
      return false;
    }
    to[i] = static_cast<int32_t>(value);
  }
  return true;
}

bool intq::runtime::readInput(const intq_array &array, Port &port, std::string &error) {
  ArrayRef<int64_t> shape(array.shape, array.rank);
  if (shape != ArrayRef(port.shape)) {
    error += ("input '" + Twine(port.name) + "': expected shape " + shapeText(port.shape) +
              ", but got " + shapeText(shape) + "\n")
                 .str();
    return false;
  }
  bool integers = port.type.getElementType().isInteger(32);
  bool accepted = integers ? array.dtype == INTQ_INT64 || array.dtype == INTQ_INT32 || array.dtype == INTQ_BOOL
                           : array.dtype == INTQ_FLOAT;
  if (!accepted) {
    error += ("input '" + Twine(port.name) + "': expected type " + port.dtype + ", but got " +
              dtypeText(array.dtype) + "\n")
                 .str();
    return false;
  }
  if (integers)
    return readIntegers(array, port, error);
  std::memcpy(port.data.get(), array.data, program::denseBytes(port.type));
  return true;
}

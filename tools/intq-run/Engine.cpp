// The interpreter as an engine, and the comparison of engines.
#include "Engine.h"

using namespace mlir;
using namespace intq;
using namespace intq::reference;

namespace {
class ReferenceEngine : public run::Engine {
public:
  std::string name() const override { return "reference"; }

  FailureOr<SmallVector<Tensor>> run(func::FuncOp func) override {
    Status status;
    auto values = interpret(func, {}, status);
    if (failed(values))
      return failure();
    SmallVector<Tensor> tensors;
    for (auto &value : *values) {
      if (!std::holds_alternative<Tensor>(value))
        return func.emitError("expected tensors as results, but got codes");
      tensors.push_back(std::get<Tensor>(value));
    }
    return tensors;
  }
};
} // namespace

std::unique_ptr<run::Engine> intq::run::createReferenceEngine() { return std::make_unique<ReferenceEngine>(); }

/// Index of the first element that differs, or -1.
static int64_t firstDifference(const Tensor &x, const Tensor &y) {
  int64_t size = x.getType().getElementTypeBitWidth() / 8;
  Type element = x.getType().getElementType();
  for (int64_t i = 0; i < x.getNumElements(); ++i) {
    if (!std::memcmp(x.as<char>() + i * size, y.as<char>() + i * size, size))
      continue;
    bool bothNan = element.isF32()   ? x.f32()[i] != x.f32()[i] && y.f32()[i] != y.f32()[i]
                   : element.isF64() ? x.as<double>()[i] != x.as<double>()[i] && y.as<double>()[i] != y.as<double>()[i]
                                     : false;
    if (!bothNan)
      return i;
  }
  return -1;
}

LogicalResult intq::run::expectEqual(func::FuncOp func, ArrayRef<Tensor> expected, StringRef expectedFrom,
                                     ArrayRef<Tensor> actual, StringRef actualFrom) {
  for (auto [r, pair] : llvm::enumerate(llvm::zip_equal(expected, actual))) {
    auto &[x, y] = pair;
    int64_t at = firstDifference(x, y);
    if (at < 0)
      continue;
    auto value = [&](const Tensor &t) { return *std::next(t.toAttr().getValues<Attribute>().begin(), at); };
    return func.emitError() << "expected result " << r << " of '" << actualFrom << "' to equal that of '"
                            << expectedFrom << "', but got " << value(y) << " for " << value(x)
                            << " at element " << at;
  }
  return success();
}

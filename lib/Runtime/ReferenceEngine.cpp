// The engine that interprets: the definition of every value.
#include "Engine.h"
#include "intq/Reference/Interpreter.h"

using namespace mlir;
using namespace intq;
using namespace intq::runtime;

namespace {
class ReferenceEngine : public Engine {
public:
  explicit ReferenceEngine(ModuleOp module) : module(module) {}

  LogicalResult run(StringRef name, ArrayRef<void *> arguments, ArrayRef<void *> results,
                    SmallVectorImpl<std::string> &nonfinite) override {
    auto func = module.lookupSymbol<func::FuncOp>(name);
    SmallVector<reference::Value> values;
    for (auto [type, data] : llvm::zip(func.getArgumentTypes(), arguments))
      values.push_back(reference::Tensor::borrow(cast<RankedTensorType>(type), data));
    reference::Status status;
    auto out = reference::interpret(func, values, status);
    if (failed(out))
      return failure();
    for (auto [value, data] : llvm::zip(*out, results)) {
      auto &tensor = std::get<reference::Tensor>(value);
      std::memcpy(data, tensor.raw(), tensor.getNumBytes());
    }
    for (StringRef site : status.nonfinite)
      nonfinite.push_back(site.str());
    return success();
  }

private:
  ModuleOp module;
};
} // namespace

FailureOr<std::unique_ptr<Engine>> intq::runtime::createReferenceEngine(ModuleOp module) {
  return std::unique_ptr<Engine>(std::make_unique<ReferenceEngine>(module));
}

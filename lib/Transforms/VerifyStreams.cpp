// intq-verify-streams: distinct stream names have distinct ids (Spec N5).
#include "intq/Format/Stream.h"
#include "intq/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace intq {
#define GEN_PASS_DEF_INTQVERIFYSTREAMSPASS
#include "intq/Transforms/Passes.h.inc"
} // namespace intq

using namespace mlir;

namespace {
struct IntqVerifyStreams : intq::impl::IntqVerifyStreamsPassBase<IntqVerifyStreams> {
  void runOnOperation() override {
    DenseMap<uint32_t, StringAttr> names;
    WalkResult result = getOperation().walk([&](Operation *op) {
      auto stream = op->getAttrOfType<StringAttr>("stream");
      if (!stream)
        return WalkResult::advance();
      auto [entry, isNew] = names.try_emplace(intq::streamId(stream.getValue()), stream);
      streams += isNew;
      if (entry->second == stream)
        return WalkResult::advance();
      op->emitOpError() << "expected a stream of its own, but '" << stream.getValue() << "' and '"
                        << entry->second.getValue() << "' have the same id";
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace

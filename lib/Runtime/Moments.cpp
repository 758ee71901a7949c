// An optimizer's moments between the codes of the state and the floats of a checkpoint.
#include "Moments.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Format/Moments.h"

using namespace mlir;
using namespace intq;
using namespace intq::runtime;

static bool isFirst(const StateEntry &entry) { return entry.role == program::kMoment1; }

Moment::Moment(Program &program, StateEntry *entry) : entry(entry) {
  if (entry && entry->type.getElementType().isInteger(8))
    side = program.state(entry->name + (isFirst(*entry) ? program::kScaleSuffix : program::kBaseSuffix).str());
}

RankedTensorType Moment::floatType() const { return entry->type.clone(Float32Type::get(entry->type.getContext())); }

/// Calls body(begin, count, block) for each block of the entry.
static void forEachBlock(const StateEntry &entry, function_ref<void(int64_t, int64_t, int64_t)> body) {
  int64_t total = entry.type.getNumElements();
  for (int64_t block = 0; block < momentBlocks(total); ++block)
    body(block * kMomentBlock, std::min(kMomentBlock, total - block * kMomentBlock), block);
}

void Moment::decode(float *values) const {
  const auto *codes = reinterpret_cast<const int8_t *>(entry->data.get());
  ScalarMachine m;
  forEachBlock(*entry, [&](int64_t begin, int64_t count, int64_t block) {
    for (int64_t i = begin; i < begin + count; ++i)
      values[i] = isFirst(*entry)
                      ? intq::decode(m, codes[i], reinterpret_cast<const float *>(side->data.get())[block])
                      : decodeSecondMoment(m, uint8_t(codes[i]), reinterpret_cast<const int32_t *>(side->data.get())[block]);
  });
}

void Moment::encode(const float *values) const {
  auto *codes = reinterpret_cast<int8_t *>(entry->data.get());
  auto draw = [](int64_t) { return kNearestDraw; };
  forEachBlock(*entry, [&](int64_t begin, int64_t count, int64_t block) {
    if (isFirst(*entry))
      encodeFirstMoments(values + begin, count, draw, codes + begin, reinterpret_cast<float *>(side->data.get())[block]);
    else
      encodeSecondMoments(values + begin, count, draw, codes + begin, reinterpret_cast<int32_t *>(side->data.get())[block]);
  });
}

// Checkpoints of ONNX Runtime: moments into the state of a program, and the state into a file, in the orientation
// and under the names of the model file.
#include "Moments.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Import/CheckpointWriter.h"
#include "intq/Import/ParameterStore.h"
#include <cstring>

using namespace mlir;
using namespace intq;
using namespace intq::runtime;

/// Floats of `type` at `data`, or their transpose; `owner` keeps them alive.
static StoredTensor stored(RankedTensorType type, const char *data, std::shared_ptr<const void> owner, bool transposed) {
  StoredTensor out;
  out.dtype = INTQ_FLOAT;
  out.shape.assign(type.getShape().begin(), type.getShape().end());
  out.bytes = program::denseBytes(type);
  out.data = data;
  out.owner = std::move(owner);
  if (!transposed)
    return out;
  std::swap(out.shape[0], out.shape[1]);
  std::shared_ptr<void> copy(std::malloc(out.bytes), std::free);
  transpose(data, type.getDimSize(0), type.getDimSize(1), static_cast<char *>(copy.get()));
  out.data = copy.get();
  out.owner = std::move(copy);
  return out;
}

static StoredTensor stored(const StateEntry &entry, bool transposed) {
  return stored(entry.type, entry.data.get(), {}, transposed);
}

static StoredTensor stored(const Moment &moment, bool transposed) {
  if (!moment.isEncoded())
    return stored(*moment.entry, transposed);
  std::shared_ptr<char> values = allocate(moment.floatType());
  moment.decode(reinterpret_cast<float *>(values.get()));
  return stored(moment.floatType(), values.get(), values, transposed);
}

LogicalResult Program::saveCheckpoint(Location loc, StringRef path, int64_t step, double learningRate) {
  CheckpointContents contents;
  contents.step = step;
  contents.learningRate = static_cast<float>(learningRate);
  for (auto &entry : states) {
    if (entry->role != program::kParameter && entry->role != program::kFrozen)
      continue;
    // A name of the file where it stands for this parameter alone, else the parameter's own.
    auto sharesFile = [&](auto &other) { return other != entry && other->file == entry->file; };
    bool isAlone = !entry->file.empty() && entry->rows.empty() && llvm::none_of(states, sharesFile);
    std::string name = isAlone ? entry->file : entry->name;
    bool transposed = isAlone && entry->transposed;
    auto &list = entry->role == program::kParameter ? contents.trained : contents.frozen;
    list.push_back({name, stored(*entry, transposed)});
    Moment first(*this, state(entry->name + "/moment1")), second(*this, state(entry->name + "/moment2"));
    if (first.entry && second.entry)
      contents.moments.push_back({name, stored(first, transposed), stored(second, transposed)});
  }
  return writeCheckpoint(path, std::move(contents), loc);
}

/// A moment, but for what stands beside codes.
static bool isMoment(const StateEntry &entry) {
  StringRef name = entry.name;
  return (entry.role == program::kMoment1 || entry.role == program::kMoment2) &&
         !name.ends_with(program::kScaleSuffix) && !name.ends_with(program::kBaseSuffix);
}

/// Takes the floats of a file, which may hold their transpose.
static void load(const Moment &moment, const StoredTensor &value, bool transposed) {
  const auto *source = static_cast<const char *>(value.data);
  if (!moment.isEncoded())
    return loadRows(source, *moment.entry, transposed);
  StateEntry floats;
  floats.type = moment.floatType();
  floats.data = allocate(floats.type);
  loadRows(source, floats, transposed);
  moment.encode(reinterpret_cast<float *>(floats.data.get()));
}

/// Finite values, and second moments of at least 0 (H14, H41).
static bool isGood(const StoredTensor &value, const StateEntry &entry) {
  std::vector<float> numbers(entry.type.getNumElements());
  std::memcpy(numbers.data(), value.data, value.bytes);
  bool isSecond = entry.role == program::kMoment2;
  return firstNonfinite(numbers.data(), numbers.size()) < 0 &&
         !(isSecond && llvm::any_of(numbers, [](float v) { return v < 0; }));
}

LogicalResult Program::loadMoments(ParameterStore &store, int64_t step, const OptimizerOptions &optimizer) {
  if (step == 0)
    return success();
  for (auto &entry : states) {
    if (entry->role == program::kPowers) { // as `step` updates have left them
      auto *powers = reinterpret_cast<double *>(entry->data.get());
      for (int64_t i = 0; i < step && (powers[0] != 0 || powers[1] != 0); ++i) {
        powers[0] *= optimizer.beta1;
        powers[1] *= optimizer.beta2;
      }
    }
    if (!isMoment(*entry))
      continue;
    StringRef parameter, name; // not a structured binding: a lambda captures it
    std::tie(parameter, name) = StringRef(entry->name).rsplit('/');
    const StateEntry *owner = state(parameter);
    std::string key = owner ? owner->file + ("/" + name).str() : "";
    const StoredTensor *value = store.lookup(key);
    auto fail = [&](const Twine &message) {
      return emitError(UnknownLoc::get(entry->type.getContext())) << "moments of '" << parameter << "': " << message.str();
    };
    if (!value)
      return fail("expected the checkpoint to hold them, as it does for other parameters");
    Moment moment(*this, entry.get());
    if (uint64_t bytes = program::denseBytes(moment.floatType()); value->bytes != bytes)
      return fail("expected " + Twine(bytes) + " bytes, but got " + Twine(value->bytes));
    if (!isGood(*value, *entry))
      return fail("expected finite values, and second moments of at least 0");
    load(moment, *value, owner->transposed);
    store.drop(key);
  }
  return success();
}

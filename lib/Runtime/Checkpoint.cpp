// Checkpoints of ONNX Runtime: moments into the state of a program, and the state into a file, in the orientation
// and under the names of the model file.
#include "Program.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Import/CheckpointWriter.h"
#include "intq/Import/ParameterStore.h"
#include <cstring>

using namespace mlir;
using namespace intq;
using namespace intq::runtime;

static StoredTensor stored(const StateEntry &entry, bool transposed) {
  auto shape = entry.type.getShape();
  StoredTensor out;
  out.dtype = INTQ_FLOAT;
  out.shape.assign(shape.begin(), shape.end());
  out.bytes = entry.bytes();
  out.data = entry.data.get();
  if (!transposed)
    return out;
  std::swap(out.shape[0], out.shape[1]);
  std::shared_ptr<void> copy(std::malloc(out.bytes), std::free);
  transpose(entry.data.get(), shape[0], shape[1], static_cast<char *>(copy.get()));
  out.data = copy.get();
  out.owner = std::move(copy);
  return out;
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
    const StateEntry *first = state(entry->name + "/moment1"), *second = state(entry->name + "/moment2");
    if (first && second)
      contents.moments.push_back({name, stored(*first, transposed), stored(*second, transposed)});
  }
  return writeCheckpoint(path, std::move(contents), loc);
}

static bool isMoment(const StateEntry &entry) {
  return entry.role == program::kMoment1 || entry.role == program::kMoment2;
}

LogicalResult Program::loadMoments(const ParameterStore &store, int64_t step, const OptimizerOptions &optimizer) {
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
    StringRef parameter, moment;
    std::tie(parameter, moment) = StringRef(entry->name).rsplit('/');
    const StateEntry *owner = state(parameter);
    const StoredTensor *value = owner ? store.lookup(owner->file + ("/" + moment).str()) : nullptr;
    auto fail = [&](const Twine &message) {
      return emitError(UnknownLoc::get(entry->type.getContext())) << "moments of '" << parameter << "': " << message.str();
    };
    if (!value)
      return fail("expected the checkpoint to hold them, as it does for other parameters");
    if (value->bytes != entry->bytes())
      return fail("expected " + Twine(entry->bytes()) + " bytes, but got " + Twine(value->bytes));
    loadRows(static_cast<const char *>(value->data), *entry, owner->transposed);
    const auto *numbers = reinterpret_cast<const float *>(entry->data.get());
    bool good = firstNonfinite(numbers, entry->type.getNumElements()) < 0; // H14, H41
    if (!good || (entry->role == program::kMoment2 &&
                  llvm::any_of(ArrayRef(numbers, entry->type.getNumElements()), [](float v) { return v < 0; })))
      return fail("expected finite values, and second moments of at least 0");
  }
  return success();
}

// Writing the checkpoint file of ONNX Runtime's on-device training: sorted by name, as ORT saves it.
#include "intq/Import/CheckpointWriter.h"
#include "Checkpoint.h"
#include "OrtCheckpoint_generated.h"
#include "intq/Support/DurableWrite.h"
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace mlir;
using namespace intq;

static constexpr int32_t kVersion = 2;
static constexpr uint64_t kMaxBytes = (uint64_t(1) << 31) - (uint64_t(1) << 20); // of one flatbuffer, with its tables

namespace {
class CheckpointBuilder {
public:
  void build(const CheckpointContents &contents);
  llvm::StringRef bytes() const {
    return {reinterpret_cast<const char *>(builder.GetBufferPointer()), builder.GetSize()};
  }

private:
  using Tensors = std::vector<flatbuffers::Offset<ort::Tensor>>;
  flatbuffers::Offset<ort::Tensor> tensor(llvm::StringRef name, const StoredTensor &value);
  Tensors tensors(llvm::ArrayRef<SavedTensor> values);
  flatbuffers::FlatBufferBuilder builder;
};

/// An open file that is gone again unless it was renamed.
struct Draft {
  std::string path;
  int fd;
  explicit Draft(std::string name) : path(std::move(name)), fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {}
  ~Draft() {
    if (fd < 0)
      return;
    close(fd);
    if (!path.empty())
      unlink(path.c_str());
  }
};
} // namespace

flatbuffers::Offset<ort::Tensor> CheckpointBuilder::tensor(llvm::StringRef name, const StoredTensor &value) {
  std::vector<int64_t> dims(value.shape.begin(), value.shape.end());
  auto raw = builder.CreateVector(static_cast<const uint8_t *>(value.data), value.bytes);
  auto shape = builder.CreateVector(dims);
  auto label = builder.CreateString(name.data(), name.size());
  return ort::CreateTensor(builder, label, 0, shape, value.dtype, raw);
}

CheckpointBuilder::Tensors CheckpointBuilder::tensors(llvm::ArrayRef<SavedTensor> values) {
  Tensors out;
  for (const SavedTensor &saved : values)
    out.push_back(tensor(saved.name, saved.value));
  return out;
}

void CheckpointBuilder::build(const CheckpointContents &contents) {
  auto trained = builder.CreateVector(tensors(contents.trained));
  auto frozen = builder.CreateVector(tensors(contents.frozen)); // ORT wants the empty vector as well
  auto module = ort::CreateModuleState(builder, trained, frozen);
  std::vector<flatbuffers::Offset<ort::ParameterOptimizerState>> states;
  for (const auto &saved : contents.moments) {
    auto momentums = builder.CreateVector(
        Tensors{tensor("momentum0", saved.first), tensor("momentum1", saved.second)});
    states.push_back(ort::CreateParameterOptimizerState(builder, builder.CreateString(saved.name), momentums));
  }
  std::vector<flatbuffers::Offset<ort::OptimizerGroup>> groups;
  if (!states.empty())
    groups.push_back(ort::CreateOptimizerGroup(builder, builder.CreateString("group0"), contents.step,
                                               contents.learningRate, builder.CreateVector(states)));
  ort::FinishCheckpointBuffer(builder, ort::CreateCheckpoint(builder, kVersion, module, builder.CreateVector(groups)));
}

/// Whether what lies on the disk is what was to be written.
static bool readsBack(llvm::StringRef path, const CheckpointContents &contents, Findings &findings) {
  ParameterStore store;
  std::vector<std::string> notes;
  int64_t step = 0;
  if (failed(readCheckpoint(path, store, findings, notes, step)))
    return false;
  auto same = [&](const std::string &name, const StoredTensor &value) {
    const StoredTensor *found = store.lookup(name);
    return found && found->shape == value.shape && found->bytes == value.bytes &&
           std::memcmp(found->data, value.data, value.bytes) == 0;
  };
  bool ok = contents.moments.empty() || step == contents.step;
  for (const auto *list : {&contents.trained, &contents.frozen})
    for (const SavedTensor &saved : *list)
      ok &= same(saved.name, saved.value);
  for (const SavedMoments &saved : contents.moments)
    ok &= same(saved.name + "/moment1", saved.first) && same(saved.name + "/moment2", saved.second);
  return ok;
}

LogicalResult intq::writeCheckpoint(llvm::StringRef path, CheckpointContents contents, Location loc) {
  Findings findings(loc);
  auto fail = [&](const llvm::Twine &message) { return findings.add("checkpoint " + quoted(path) + ": " + message); };
  uint64_t bytes = 0;
  auto byName = [](const auto &a, const auto &b) { return a.name < b.name; };
  llvm::sort(contents.trained, byName);
  llvm::sort(contents.frozen, byName);
  llvm::sort(contents.moments, byName);
  for (const auto *list : {&contents.trained, &contents.frozen})
    for (const SavedTensor &saved : *list)
      bytes += saved.value.bytes;
  for (const SavedMoments &saved : contents.moments)
    bytes += saved.first.bytes + saved.second.bytes;
  if (bytes > kMaxBytes)
    return fail("expected less than 2 GiB of tensors, but got " + llvm::Twine(bytes) + " bytes");
  CheckpointBuilder builder;
  builder.build(contents);
  Draft draft((path + "." + llvm::Twine(getpid()) + ".draft").str());
  if (draft.fd < 0 || !writeDurably(draft.fd, builder.bytes()))
    return fail(llvm::Twine("cannot write it: ") + std::strerror(errno));
  if (!readsBack(draft.path, contents, findings))
    return fail("what was written does not read back: nothing was replaced");
  if (rename(draft.path.c_str(), path.str().c_str()) != 0)
    return fail(llvm::Twine("cannot rename it: ") + std::strerror(errno));
  draft.path.clear();
  return success();
}

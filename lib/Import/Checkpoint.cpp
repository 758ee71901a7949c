// A checkpoint is verified as a whole before anything of it is read (H37–H42).
#include "Checkpoint.h"
#include "ExternalData.h"
#include "OrtCheckpoint_generated.h"
#include "TensorData.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <limits>

using namespace mlir;
using namespace intq;

static constexpr int32_t kVersion = 2;
static constexpr unsigned kMaxDepth = 16, kMaxTables = 1000000; // H39
static constexpr int kMaxRank = 8;                              // H11
static constexpr uint64_t kMaxExternal = uint64_t(1) << 36;     // H35
static constexpr int64_t kMaxElements = int64_t(1) << 31;       // H11

namespace {
class CheckpointReader {
public:
  CheckpointReader(llvm::StringRef path, ParameterStore &store, Findings &findings)
      : path(path), store(store), findings(findings), external(llvm::sys::path::parent_path(path).str(), "", kMaxExternal) {}
  LogicalResult read(std::vector<std::string> &notes, int64_t &step);

private:
  using Tensors = flatbuffers::Vector<flatbuffers::Offset<ort::Tensor>>;
  LogicalResult fail(const llvm::Twine &message) {
    return findings.add("checkpoint " + quoted(path) + ": " + message);
  }
  bool readTensors(const Tensors *tensors);
  bool readMoments(const ort::OptimizerGroup &group);
  std::optional<StoredTensor> readTensor(const ort::Tensor &tensor, llvm::StringRef name);
  const void *bytesOf(const ort::Tensor &tensor, llvm::StringRef name, StoredTensor &result);

  llvm::StringRef path;
  ParameterStore &store;
  Findings &findings;
  ExternalData external;
  std::shared_ptr<llvm::MemoryBuffer> buffer;
  bool hasExternalData = false;
  llvm::StringSet<> names; // H40: unique over trainable and frozen
};
} // namespace

const void *CheckpointReader::bytesOf(const ort::Tensor &tensor, llvm::StringRef name, StoredTensor &result) {
  if (hasExternalData && tensor.external_data_offset() >= 0) { // H42
    ExternalReference reference{llvm::sys::path::filename(path).str() + ".data",
                                uint64_t(tensor.external_data_offset()), result.bytes};
    result.file = reference.location;
    result.offset = reference.offset;
    result.owner = external.read(reference, "checkpoint tensor " + quoted(name), findings);
    return result.owner.get();
  }
  uint64_t size = tensor.raw_data() ? tensor.raw_data()->size() : 0;
  if (size != result.bytes) {
    (void)fail("tensor " + quoted(name) + ": expected " + llvm::Twine(result.bytes) + " bytes for its shape, but got " +
               llvm::Twine(size));
    return nullptr;
  }
  result.owner = buffer;
  static const char empty = 0;
  return size ? static_cast<const void *>(tensor.raw_data()->data()) : &empty;
}

std::optional<StoredTensor> CheckpointReader::readTensor(const ort::Tensor &tensor, llvm::StringRef name) {
  StoredTensor result;
  result.dtype = tensor.data_type();
  int64_t count = 1;
  if (tensor.dims() && reinterpret_cast<uintptr_t>(tensor.dims()->Data()) % alignof(int64_t) != 0) { // H37
    (void)fail("tensor " + quoted(name) + ": expected dimensions at a multiple of 8 bytes");
    return std::nullopt;
  }
  for (unsigned i = 0; tensor.dims() && i < tensor.dims()->size(); ++i) {
    int64_t dim = tensor.dims()->Get(i);
    auto product = llvm::checkedMul(count, dim);
    if (i >= kMaxRank || dim < 0 || !product || *product > kMaxElements) {
      (void)fail("tensor " + quoted(name) + ": expected rank at most 8 and at most 2^31 elements");
      return std::nullopt;
    }
    count = *product;
    result.shape.push_back(dim);
  }
  if (elementBytes(result.dtype) == 0) {
    (void)fail("tensor " + quoted(name) + ": element type " + llvm::Twine(result.dtype) + " is not supported");
    return std::nullopt;
  }
  result.bytes = uint64_t(count) * elementBytes(result.dtype);
  result.data = bytesOf(tensor, name, result);
  return result.data ? std::optional(std::move(result)) : std::nullopt;
}

bool CheckpointReader::readTensors(const Tensors *tensors) {
  bool ok = true;
  for (unsigned i = 0; tensors && i < tensors->size(); ++i) {
    const ort::Tensor *tensor = tensors->Get(i);
    llvm::StringRef name = tensor->name() ? llvm::StringRef(tensor->name()->c_str(), tensor->name()->size()) : "";
    if (name.empty() || !names.insert(name).second) {
      ok = succeeded(fail("expected tensors with distinct names, but got " + quoted(name)));
      continue;
    }
    auto value = readTensor(*tensor, name);
    ok &= value.has_value();
    if (value)
      store.set(name, std::move(*value));
  }
  return ok;
}

bool CheckpointReader::readMoments(const ort::OptimizerGroup &group) {
  bool ok = true;
  for (unsigned i = 0; group.optimizer_states() && i < group.optimizer_states()->size(); ++i) {
    const auto *state = group.optimizer_states()->Get(i);
    std::string name = state->param_name() ? state->param_name()->str() : "";
    const StoredTensor *parameter = store.lookup(name);
    unsigned count = state->momentums() ? state->momentums()->size() : 0;
    if (count != 2)
      ok = succeeded(fail("expected two moments of " + quoted(name) + ", but got " + llvm::Twine(count)));
    for (unsigned m = 0; state->momentums() && m < state->momentums()->size(); ++m) {
      auto value = readTensor(*state->momentums()->Get(m), name);
      if (value && (!parameter || value->shape != parameter->shape || value->dtype != parameter->dtype)) // H41
        ok = succeeded(fail("expected moments of " + quoted(name) + " to match a parameter of that name"));
      else if (value)
        store.set(name + "/moment" + std::to_string(m + 1), std::move(*value));
      ok &= value.has_value();
    }
  }
  return ok;
}

LogicalResult CheckpointReader::read(std::vector<std::string> &notes, int64_t &step) {
  if (llvm::sys::fs::is_directory(path))
    return fail("expected one file, but got a folder (checkpoints of old versions of ONNX Runtime are not supported)");
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false,
                                          /*IsVolatile=*/true);
  if (!file)
    return fail("cannot read it: " + file.getError().message());
  buffer = std::move(*file);
  const auto *bytes = reinterpret_cast<const uint8_t *>(buffer->getBufferStart());
  size_t size = buffer->getBufferSize();
  if (size < 8 || !ort::CheckpointBufferHasIdentifier(bytes))
    return fail("expected an ONNX Runtime checkpoint (identifier ODTC)");
  flatbuffers::Verifier verifier(bytes, size, kMaxDepth, kMaxTables);
  if (!ort::VerifyCheckpointBuffer(verifier))
    return fail("expected a well-formed checkpoint, but an offset or length leads outside the file");
  const ort::Checkpoint *checkpoint = ort::GetCheckpoint(bytes);
  if (checkpoint->version() != kVersion)
    return fail("expected version 2, but got " + llvm::Twine(checkpoint->version()));
  const ort::ModuleState *module = checkpoint->module_state();
  if (!module)
    return fail("expected the state of a module");
  if (module->is_nominal_state())
    return fail("expected the values of the parameters, but got a nominal checkpoint, which has none");
  hasExternalData = module->has_external_data();
  bool ok = readTensors(module->requires_grad_params());
  ok &= readTensors(module->frozen_params());
  unsigned groups = checkpoint->optimizer_groups() ? checkpoint->optimizer_groups()->size() : 0;
  if (groups > 1)
    return fail("expected one group of optimizer state, but got " + llvm::Twine(groups));
  unsigned states = 0;
  for (unsigned i = 0; i < groups; ++i) {
    const ort::OptimizerGroup &group = *checkpoint->optimizer_groups()->Get(i);
    if (group.step() < 0 || group.step() > std::numeric_limits<uint32_t>::max()) // H41
      return fail("expected a step from 0 to 2^32 - 1, but got " + llvm::Twine(group.step()));
    step = group.step();
    states += group.optimizer_states() ? group.optimizer_states()->size() : 0;
    ok &= readMoments(group);
  }
  if (states == 0) {
    step = 0;
    notes.push_back("the checkpoint holds parameters only: the optimizer starts afresh");
  }
  return success(ok);
}

LogicalResult intq::readCheckpoint(llvm::StringRef path, ParameterStore &store, Findings &findings,
                                   std::vector<std::string> &notes, int64_t &step) {
  return CheckpointReader(path, store, findings).read(notes, step);
}

// Bytes as a checkpoint of ONNX Runtime; every tensor that was accepted is read to its end.
#include "Checkpoint.h"
#include "FuzzInput.h"
#include <numeric>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static intq::fuzz::InputFile file;
  intq::ParameterStore store;
  intq::Findings findings(mlir::UnknownLoc::get(&intq::fuzz::context()));
  std::vector<std::string> notes;
  int64_t step = 0;
  (void)intq::readCheckpoint(file.write(data, size), store, findings, notes, step);
  volatile unsigned sum = 0;
  for (const std::string &name : store.names()) {
    const intq::StoredTensor &tensor = *store.lookup(name);
    const auto *bytes = static_cast<const uint8_t *>(tensor.data);
    sum = sum + std::accumulate(bytes, bytes + tensor.bytes, 0u);
  }
  return 0;
}

// The values of a model's tensors by the names that its files give them: bytes that stay
// where the files were read to, outside the IR.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace intq {

/// A dense row-major tensor. `data` has no alignment: copy, never cast.
struct StoredTensor {
  llvm::SmallVector<int64_t> shape;
  int32_t dtype = 0; ///< ONNX number of the element type (1: float32)
  const void *data = nullptr;
  uint64_t bytes = 0;
  std::shared_ptr<const void> owner; ///< keeps `data` alive
  std::string file;                  ///< where external data lie: file and offset; "" if inline
  uint64_t offset = 0;
};

/// File name → tensor, in the order of the file. Names are those of `intq.file`.
class ParameterStore {
public:
  /// False, without a change, if the name is taken.
  bool add(llvm::StringRef name, StoredTensor tensor) {
    if (!tensors.try_emplace(name, std::move(tensor)).second)
      return false;
    order.push_back(name.str());
    return true;
  }
  /// Adds or replaces: a checkpoint overrides the values of the model.
  void set(llvm::StringRef name, StoredTensor tensor) {
    if (!tensors.contains(name))
      order.push_back(name.str());
    tensors[name] = std::move(tensor);
  }
  /// Null if the store has no tensor of that name.
  const StoredTensor *lookup(llvm::StringRef name) const {
    auto it = tensors.find(name);
    return it == tensors.end() ? nullptr : &it->second;
  }
  /// Forgets the bytes of a tensor that nobody will look up again.
  void drop(llvm::StringRef name) { tensors.erase(name); }
  /// All names, in the order in which they were added.
  llvm::ArrayRef<std::string> names() const { return order; }

private:
  llvm::StringMap<StoredTensor> tensors;
  std::vector<std::string> order;
};

} // namespace intq

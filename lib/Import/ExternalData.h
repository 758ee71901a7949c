// Tensor bytes that an ONNX file keeps in other files beside it.
#pragma once
#include "Findings.h"
#include <memory>
#include <string>

namespace intq {

struct ExternalReference {
  std::string location;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

/// Reads external data below one folder (H29–H35).
class ExternalData {
public:
  /// `linkRoot`: the one folder below which links may end (H32), or "". `maxTotal`: bytes of all reads.
  ExternalData(std::string folder, std::string linkRoot, uint64_t maxTotal)
      : folder(std::move(folder)), linkRoot(std::move(linkRoot)), maxTotal(maxTotal) {}
  /// The bytes of `reference`, or null after a finding that begins with `what`.
  std::shared_ptr<const void> read(const ExternalReference &reference, llvm::StringRef what,
                                   Findings &findings);

private:
  std::string folder, linkRoot;
  uint64_t maxTotal;
  uint64_t total = 0; ///< bytes read so far
};

/// Whether `location` is a relative path that stays inside its folder (H30).
bool isContainedPath(llvm::StringRef location);

} // namespace intq

// Compiled code on disk, by the hash of what it was compiled from.
#pragma once
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>
#include <vector>

namespace intq::cpu {

/// A folder of entries. Nothing that is wrong with it is an error: it is noted, and the code compiled
/// again. Safe among processes: an entry is written under another name and renamed.
class ObjectCache {
public:
  /// An empty `folder` holds nothing and keeps nothing. Beyond `maxBytes` the entries used longest ago go.
  explicit ObjectCache(llvm::StringRef folder, uint64_t maxBytes = kMaxBytes);

  std::optional<std::string> load(llvm::StringRef key);
  void store(llvm::StringRef key, llvm::StringRef content);

  bool enabled() const { return !folder.empty(); }
  /// What a user should know, a sentence each.
  const std::vector<std::string> &notes() const { return messages; }
  void note(const std::string &message) { messages.push_back("cache: " + message); }

  static constexpr uint64_t kMaxBytes = uint64_t(512) << 20;

private:
  std::string pathOf(llvm::StringRef key) const;
  bool prepare();
  void prune(llvm::StringRef newest);

  std::string folder;
  uint64_t maxBytes;
  std::vector<std::string> messages;
};

/// Names the code that this process compiles with: changes whenever intq, LLVM or MLIR is built anew.
/// Empty where that cannot be told.
std::string buildIdentity();

} // namespace intq::cpu

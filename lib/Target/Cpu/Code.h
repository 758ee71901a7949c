// Machine code of a module, and what is needed to call it: what the cache keeps.
#pragma once
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/JSON.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace intq::cpu {

struct Code {
  std::vector<std::string> objects; ///< ELF relocatable files, which call each other
  /// Of each function and result: the argument whose buffer holds it (new state), or -1.
  std::map<std::string, std::vector<int64_t>> resultArguments;
  std::vector<std::string> sites; ///< by status word
  std::vector<std::string> kernels; ///< by element of intq_ticks; empty unless they are profiled
  uint64_t planBytes = 0;
  llvm::json::Object plans; ///< of each function (docs/Program.md, plan)

  std::string serialize() const;
  static std::optional<Code> parse(llvm::StringRef bytes);
};

} // namespace intq::cpu

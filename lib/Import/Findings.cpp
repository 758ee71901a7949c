// How strings of a file appear in messages (H7).
#include "Findings.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

std::string intq::quoted(llvm::StringRef text) {
  constexpr size_t kShown = 160;
  std::string out = "'";
  llvm::raw_string_ostream os(out);
  llvm::printEscapedString(text.take_front(kShown), os);
  if (text.size() > kShown)
    os << "…";
  os << "'";
  return out;
}

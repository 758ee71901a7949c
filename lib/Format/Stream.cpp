// Identity of a random stream.
#include "intq/Format/Stream.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/SHA256.h"

uint32_t intq::streamId(llvm::StringRef name) {
  auto digest = llvm::SHA256::hash(llvm::arrayRefFromStringRef(name));
  return llvm::support::endian::read32be(digest.data() + 28);
}

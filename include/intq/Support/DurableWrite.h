// Writing files that must not be lost or half there: write durably under another name, then rename.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace intq {

/// Writes all of `parts` to the descriptor and sees them on the disk; false with errno set where that fails.
bool writeDurably(int fd, llvm::ArrayRef<llvm::StringRef> parts);

} // namespace intq

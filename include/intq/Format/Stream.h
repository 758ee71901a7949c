// Identity of a random stream (Spec N5).
#pragma once
#include "llvm/ADT/StringRef.h"

namespace intq {

/// The id of the stream `name`: the low 32 bits of its SHA-256, read as one big-endian number (its
/// last four bytes). Stable under edits elsewhere in the program.
uint32_t streamId(llvm::StringRef name);

} // namespace intq

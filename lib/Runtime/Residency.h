// What compiling leaves in memory and training does not need.
#pragma once

namespace intq::runtime {

/// Gives free heap back to the system, and drops the pages of LLVM's and MLIR's code: those that are needed
/// again come from the page cache.
void releaseCompilerMemory();

} // namespace intq::runtime

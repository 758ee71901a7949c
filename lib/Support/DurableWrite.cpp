// Short writes and signals are gone on from; the kernel takes at most 2 GiB at once.
#include "intq/Support/DurableWrite.h"
#include <algorithm>
#include <cerrno>
#include <unistd.h>

bool intq::writeDurably(int fd, llvm::ArrayRef<llvm::StringRef> parts) {
  for (llvm::StringRef part : parts)
    while (!part.empty()) {
      ssize_t written = write(fd, part.data(), std::min<size_t>(part.size(), 1 << 30));
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        return false;
      part = part.drop_front(written);
    }
  return fsync(fd) == 0;
}

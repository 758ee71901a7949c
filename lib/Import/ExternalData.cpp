// Opens external data without leaving the model's folder and reads it through one descriptor.
#include "ExternalData.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace intq;

bool intq::isContainedPath(llvm::StringRef location) {
  if (location.empty() || location.starts_with("/") || location.contains('\\') ||
      location.contains('\0') || (location.size() > 1 && location[1] == ':'))
    return false;
  llvm::SmallVector<llvm::StringRef> parts;
  location.split(parts, '/');
  return llvm::none_of(parts, [](llvm::StringRef part) { return part == ".." || part.empty(); });
}

namespace {
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0)
      close(fd);
  }
};
} // namespace

// H31 where the kernel lacks openat2, or a sandbox forbids it: one component after the other, no links.
static int openByComponents(int folder, const std::string &location) {
  auto [head, rest] = llvm::StringRef(location).split('/');
  if (rest.empty())
    return openat(folder, location.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  Descriptor inner{openat(folder, head.str().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
  return inner.fd < 0 ? -1 : openByComponents(inner.fd, rest.str());
}

// H31: the kernel refuses a path that leaves the folder or meets a link on its way.
static int openBeneath(int folder, const std::string &location) {
  open_how how = {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  int fd = static_cast<int>(syscall(SYS_openat2, folder, location.c_str(), &how, sizeof(how)));
  return fd < 0 && (errno == ENOSYS || errno == EPERM) ? openByComponents(folder, location) : fd;
}

// H32: a store made of links. The file that they lead to must lie below the folder that the user trusts.
static int openBelowRoot(int folder, const std::string &location, const std::string &root) {
  Descriptor file{openat(folder, location.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  llvm::SmallString<256> trusted, reached;
  if (file.fd < 0 || llvm::sys::fs::real_path(root, trusted) ||
      llvm::sys::fs::real_path("/proc/self/fd/" + std::to_string(file.fd), reached))
    return -1;
  if (!llvm::StringRef(reached).starts_with(trusted) || reached.size() <= trusted.size() ||
      (reached[trusted.size()] != '/' && !trusted.ends_with("/"))) {
    errno = EXDEV;
    return -1;
  }
  return std::exchange(file.fd, -1);
}

static bool readAll(int fd, char *to, uint64_t bytes, uint64_t offset) {
  while (bytes > 0) {
    ssize_t got = pread(fd, to, std::min<uint64_t>(bytes, 1 << 30), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    to += got;
    offset += got;
    bytes -= got;
  }
  return true;
}

std::shared_ptr<const void> ExternalData::read(const ExternalReference &reference,
                                               llvm::StringRef what, Findings &findings) {
  auto fail = [&](const llvm::Twine &message) -> std::shared_ptr<const void> {
    (void)findings.add(what + ": " + message);
    return nullptr;
  };
  if (!isContainedPath(reference.location))
    return fail("expected external data inside the model's folder, but got the location " +
                quoted(reference.location));
  Descriptor dir{open(folder.empty() ? "." : folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  Descriptor file{dir.fd < 0          ? -1
                  : linkRoot.empty() ? openBeneath(dir.fd, reference.location)
                                     : openBelowRoot(dir.fd, reference.location, linkRoot)};
  if (file.fd < 0)
    return fail("cannot open external data " + quoted(reference.location) + ": " +
                std::strerror(errno));
  struct stat info;
  if (fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode) || (linkRoot.empty() && info.st_nlink != 1)) // H32
    return fail("expected a regular file without hard links, but got " + quoted(reference.location) +
                " (--trust-links FOLDER lifts that for a store of links)");
  uint64_t size = static_cast<uint64_t>(info.st_size);
  if (reference.offset > size || reference.bytes > size - reference.offset) // H33
    return fail("expected " + llvm::Twine(reference.bytes) + " bytes at offset " +
                llvm::Twine(reference.offset) + " of " + quoted(reference.location) +
                ", but the file has " + llvm::Twine(size));
  if (reference.bytes > maxTotal - total)
    return fail("expected at most " + llvm::Twine(maxTotal) + " bytes of external data in all; raise --limit external=N");
  total += reference.bytes;
  std::shared_ptr<void> data(std::malloc(std::max<uint64_t>(reference.bytes, 1)), std::free);
  if (!data)
    return fail("out of memory for " + llvm::Twine(reference.bytes) + " bytes");
  if (!readAll(file.fd, static_cast<char *>(data.get()), reference.bytes, reference.offset))
    return fail("cannot read " + quoted(reference.location) + ": it ended early or failed");
  return data;
}

// An entry is a magic number, the SHA-256 of key and content, and the content.
#include "ObjectCache.h"
#include "intq/Support/DurableWrite.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;
using namespace intq::cpu;

static constexpr StringLiteral kMagic = "intqobj1", kSuffix = ".intqobj", kDraft = ".draft-";
static constexpr std::chrono::hours kDraftLife(1); // a draft older than that has lost its writer

ObjectCache::ObjectCache(StringRef folder, uint64_t maxBytes) : folder(folder), maxBytes(maxBytes) {}

std::string ObjectCache::pathOf(StringRef key) const { return folder + "/" + key.str() + kSuffix.str(); }

static std::string checksum(StringRef key, StringRef content) {
  SHA256 hash;
  hash.update(key);
  hash.update(content);
  auto digest = hash.final();
  return std::string(digest.begin(), digest.end());
}

static std::string lastError() { return std::strerror(errno); }

/// Code that others could have written is not run.
static bool isOurs(const struct stat &info) {
  return info.st_uid == geteuid() && !(info.st_mode & (S_IWGRP | S_IWOTH));
}

bool ObjectCache::prepare() {
  struct stat info;
  auto give_up = [&](const std::string &why) {
    note(why);
    folder.clear();
    return false;
  };
  if (std::error_code error = sys::fs::create_directories(folder, /*IgnoreExisting=*/true, sys::fs::owner_all))
    return give_up("cannot create " + folder + ": " + error.message());
  if (stat(folder.c_str(), &info) != 0 || !isOurs(info))
    return give_up("expected a folder that only you can write, but " + folder + " is not; not used");
  return true;
}

std::optional<std::string> ObjectCache::load(StringRef key) {
  if (!enabled() || !prepare())
    return std::nullopt;
  std::string path = pathOf(key);
  int fd = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    if (errno != ENOENT)
      note("cannot read " + path + ": " + lastError() + "; compiled anew");
    return std::nullopt;
  }
  std::optional<std::string> content;
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || !isOurs(info))
    note("expected a file that only you can write, but " + path + " is not; compiled anew");
  else if (auto buffer = MemoryBuffer::getOpenFile(fd, path, info.st_size, /*RequiresNullTerminator=*/false)) {
    StringRef bytes = (*buffer)->getBuffer(), sum;
    if (bytes.consume_front(kMagic)) {
      sum = bytes.take_front(32);
      bytes = bytes.drop_front(sum.size());
    }
    if (sum.size() == 32 && sum == checksum(key, bytes)) {
      content = bytes.str();
      futimens(fd, nullptr); // used just now
    } else {
      note(path + " is damaged or of another program; compiled anew");
    }
  }
  close(fd);
  return content;
}

void ObjectCache::store(StringRef key, StringRef content) {
  if (!enabled())
    return;
  std::string path = pathOf(key), draft = folder + "/" + kDraft.str() + "XXXXXX";
  int fd = mkostemp(draft.data(), O_CLOEXEC); // mode 0600
  if (fd < 0)
    return note("cannot write to " + folder + ": " + lastError());
  bool written = writeDurably(fd, {kMagic, checksum(key, content), content});
  if (close(fd) != 0 || !written || rename(draft.c_str(), path.c_str()) != 0) {
    note("cannot write " + path + ": " + lastError());
    unlink(draft.c_str());
    return;
  }
  prune(path);
}

void ObjectCache::prune(StringRef newest) {
  struct Entry {
    sys::TimePoint<> used;
    std::string path;
    uint64_t bytes;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  auto now = std::chrono::system_clock::now();
  std::error_code error;
  for (sys::fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    auto status = it->status();
    StringRef name = sys::path::filename(it->path());
    if (!status)
      continue;
    if (name.starts_with(kDraft) && now - status->getLastModificationTime() > kDraftLife)
      unlink(it->path().c_str());
    if (!name.ends_with(kSuffix))
      continue;
    total += status->getSize();
    if (it->path() != newest)
      entries.push_back({status->getLastModificationTime(), it->path(), status->getSize()});
  }
  llvm::sort(entries, [](const Entry &a, const Entry &b) { return a.used < b.used; });
  for (const Entry &entry : entries) {
    if (total <= maxBytes)
      return;
    unlink(entry.path.c_str());
    total -= entry.bytes;
  }
}

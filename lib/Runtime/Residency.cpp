// Memory of the compiler, given back once a program is ready.
#include "Residency.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MathExtras.h"
#include <atomic>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

/// Drops the segments that were mapped read-only: their pages equal the file's.
static int dropCode(dl_phdr_info *library, size_t, void *) {
  llvm::StringRef name(library->dlpi_name);
  if (!name.contains("libLLVM") && !name.contains("libMLIR"))
    return 0;
  const uint64_t page = sysconf(_SC_PAGESIZE);
  for (const ElfW(Phdr) &segment : llvm::ArrayRef(library->dlpi_phdr, library->dlpi_phnum)) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W))
      continue;
    uint64_t begin = library->dlpi_addr + segment.p_vaddr;
    uint64_t end = llvm::alignTo(begin + segment.p_memsz, page);
    madvise(reinterpret_cast<void *>(llvm::alignDown(begin, page)), end - llvm::alignDown(begin, page), MADV_DONTNEED);
  }
  return 0;
}

/// What glibc's own adaptation ends with in a process that has freed large blocks.
static constexpr int kMmapThreshold = 32 << 20, kTrimThreshold = 64 << 20;

/// The threads that generated code left arenas whose free end malloc_trim keeps. glibc gives it back when a thread of
/// the arena frees a block beside it, and as many new threads at a time take over those arenas.
static void trimThreadArenas() {
  constexpr size_t kConsolidated = 96 << 10; // what free() looks at the end of an arena for
  mallopt(M_TRIM_THRESHOLD, 0);
  const unsigned count = std::thread::hardware_concurrency();
  std::atomic<unsigned> arrived = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i)
    threads.emplace_back([&] {
      void *volatile block = malloc(kConsolidated);
      for (++arrived; arrived < count;)
        std::this_thread::yield();
      free(block);
    });
  for (std::thread &thread : threads)
    thread.join();
  mallopt(M_TRIM_THRESHOLD, kTrimThreshold);
  mallopt(M_MMAP_THRESHOLD, kMmapThreshold);
}

void intq::runtime::releaseCompilerMemory() {
  trimThreadArenas();
  malloc_trim(0);
  dl_iterate_phdr(dropCode, nullptr);
}

// Memory of the compiler, given back once a program is ready.
#include "Residency.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MathExtras.h"
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

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

void intq::runtime::releaseCompilerMemory() {
  malloc_trim(0);
  dl_iterate_phdr(dropCode, nullptr);
}

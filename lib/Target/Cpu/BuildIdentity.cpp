// The build ids that the linker wrote into this library, LLVM's and MLIR's.
#include "ObjectCache.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/MathExtras.h"
#include <link.h>

using namespace llvm;

namespace {
struct Search {
  const char *here; ///< an address of this library
  std::string found;
  bool ours = false;
};
} // namespace

static StringRef idInNotes(const char *data, size_t size) {
  const char *end = data + size;
  while (data + sizeof(ElfW(Nhdr)) <= end) {
    auto *note = reinterpret_cast<const ElfW(Nhdr) *>(data);
    const char *name = data + sizeof(*note), *value = name + alignTo(note->n_namesz, 4);
    if (note->n_type == NT_GNU_BUILD_ID && StringRef(name, note->n_namesz) == StringRef("GNU\0", 4))
      return {value, note->n_descsz};
    data = value + alignTo(note->n_descsz, 4);
  }
  return {};
}

static int visit(dl_phdr_info *info, size_t, void *opaque) {
  auto &search = *static_cast<Search *>(opaque);
  StringRef id;
  bool isOurs = false;
  for (const ElfW(Phdr) &segment : ArrayRef(info->dlpi_phdr, info->dlpi_phnum)) {
    auto *begin = reinterpret_cast<const char *>(info->dlpi_addr + segment.p_vaddr);
    if (segment.p_type == PT_LOAD)
      isOurs |= search.here >= begin && search.here < begin + segment.p_memsz;
    if (segment.p_type == PT_NOTE && id.empty())
      id = idInNotes(begin, segment.p_memsz);
  }
  StringRef name(info->dlpi_name);
  if (isOurs || name.contains("/libLLVM") || name.contains("/libMLIR"))
    search.found += toHex(id) + "\n";
  search.ours |= isOurs && !id.empty();
  return 0;
}

std::string intq::cpu::buildIdentity() {
  static const char here = 0;
  Search search{&here, LLVM_VERSION_STRING "\n"};
  dl_iterate_phdr(visit, &search);
  return search.ours ? search.found : "";
}

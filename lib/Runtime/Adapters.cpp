// The first values of adapters, and the codes of the weights beside them.
#include "Program.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Format/Nf4.h"
#include "intq/Format/Philox.h"
#include "intq/Format/Stream.h"
#include "intq/Import/ParameterStore.h"
#include <cmath>

using namespace mlir;
using namespace intq;
using namespace intq::runtime;

static constexpr llvm::StringLiteral kCodesSuffix = "/nf4_codes";

/// First factors of adapters (Spec, section Adapters): (2u − 1)/√in, u = (w + ½)/2³² from the element's 32-bit draw.
void Program::initializeAdapters(uint64_t seed, size_t first) {
  for (auto &entry : llvm::drop_begin(states, first)) {
    if (entry->init != "kaiming_uniform")
      continue;
    double bound = 1.0 / std::sqrt(static_cast<double>(entry->type.getShape().back()));
    RandomBits draw({static_cast<int32_t>(seed), static_cast<int32_t>(seed >> 32), 0, 0,
                     static_cast<int32_t>(streamId(entry->name + "/init"))},
                    32);
    auto *to = reinterpret_cast<float *>(entry->data.get());
    for (int64_t i = 0, n = entry->type.getNumElements(); i < n; ++i)
      to[i] = static_cast<float>(((static_cast<uint32_t>(draw(i)) + 0.5) * 0x1p-31 - 1.0) * bound);
  }
}

static void fill(StateEntry *entry, const void *values) {
  std::memcpy(entry->data.get(), values, entry->bytes());
  entry->initialized = true;
}

/// Weights that the program holds as NF4 are encoded once, here; their float32 form is dropped.
LogicalResult Program::encodeWeights(const ParameterStore &store, size_t first) {
  for (auto &entry : llvm::drop_begin(states, first)) {
    StringRef name = entry->name;
    if (!entry->encoded || !name.consume_back(kCodesSuffix))
      continue;
    StateEntry whole;
    whole.name = name.str();
    whole.file = entry->file;
    whole.type = entry->encoded;
    whole.transposed = entry->transposed;
    whole.data = allocate(whole.type);
    if (!whole.data || failed(loadEntry(store, whole)))
      return failure();
    if (!whole.initialized)
      return emitError(UnknownLoc::get(whole.type.getContext()))
             << "parameter '" << name << "': expected a value in the file or a checkpoint, from which its NF4 codes are made, but got none";
    nf4::Encoded codes = nf4::encode({reinterpret_cast<float *>(whole.data.get()), size_t(whole.type.getNumElements())});
    fill(entry.get(), codes.codes.data());
    fill(state((name + "/nf4_absmax").str()), codes.absmax.data());
    fill(state((name + "/nf4_scales").str()), codes.scales.data());
    fill(state((name + "/nf4_offset").str()), &codes.offset);
  }
  return success();
}

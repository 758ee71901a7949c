// The cost model of matrix products: which micro-kernel, which chunks, which tiles.
#include "GemmPlan.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace intq::cpu;
using llvm::alignTo;
using llvm::divideCeil;

/// What a tile of panels of A and B may take of a core's second-level cache (1 MiB on most).
static constexpr int64_t kTileBytes = 640 << 10;
/// Tasks that a product is cut into where it is large enough, so that any few threads get equal
/// shares.
static constexpr int64_t kTasks = 64;
/// A problem of a batch whose panels fit in here is packed and multiplied by one thread.
static constexpr int64_t kSlotBytes = 256 << 10;
static constexpr int64_t kSlots = 48;
/// What packing A costs, as a factor.
static constexpr double kPackCost = 1.03;
/// Rows that are so many bytes apart share the sets of the first-level cache.
static constexpr int64_t kAliasBytes = 4096;
/// Shorter exact chunks than this cost more than splitting B into two planes.
static constexpr int64_t kShortChunk = 128;

GemmElement MicroKernel::element() const {
  switch (dot) {
  case GemmDot::Float:
    return GemmElement::F32;
  case GemmDot::VnniBytes:
  case GemmDot::AmxBytes:
    return GemmElement::I8;
  case GemmDot::Pairs:
  case GemmDot::VnniPairs:
    break;
  }
  return GemmElement::I16;
}

int64_t MicroKernel::group() const {
  switch (element()) {
  case GemmElement::I8:
    return 4;
  case GemmElement::I16:
    return 2;
  case GemmElement::F32:
    break;
  }
  return 1;
}

/// The blocks that keep the accumulators in registers and hide the latency, by instruction set;
/// `cost` of a row, relative: fewer rows load B more often.
namespace {
struct Block {
  int64_t lanes, mr, vectors;
  double cost;
};
} // namespace
static constexpr Block kGeneric[] = {{4, 4, 2, 1.0}};
static constexpr Block kAvx2[] = {{8, 6, 2, 1.0}, {8, 4, 2, 1.05}};
static constexpr Block kAvx512[] = {{16, 12, 2, 1.0}, {16, 8, 2, 1.02}, {16, 6, 2, 1.03}};
static constexpr Block kAmx[] = {{16, 32, 2, 1.0}};

static GemmDot chooseDot(const GemmProblem &p, Isa isa) {
  if (p.elementA == GemmElement::F32)
    return GemmDot::Float;
  bool bytes = p.elementA == GemmElement::I8 && p.elementB == GemmElement::I8;
  if (isa < Isa::AvxVnni)
    return GemmDot::Pairs;
  if (!bytes)
    return GemmDot::VnniPairs;
  return isa == Isa::Amx ? GemmDot::AmxBytes : GemmDot::VnniBytes;
}

/// Whether the rows of A serve as they lie: whole groups (vectors of them where rows are summed
/// up), no row missing in a panel.
static bool readsInPlace(const GemmProblem &p, const MicroKernel &kernel) {
  int64_t step = kernel.group() * (kernel.offsetB() ? kernel.lanes : kernel.groupStep());
  int64_t rowBytes = 4 * (p.k / kernel.group());
  return p.contiguousA && p.elementA == kernel.element() && p.m % kernel.mr == 0 &&
         p.k % step == 0 && (p.k <= p.block || p.block % step == 0) &&
         (kernel.tiledA() || rowBytes % kAliasBytes != 0);
}

/// What the ends of blocks cost, as a factor: beside the dot instructions of a sum there are an fma, a product of scales
/// where rows differ, and a load and a store where the results of all blocks do not stay in registers.
static double blockCost(const GemmProblem &p, const MicroKernel &kernel) {
  if (p.block >= p.k)
    return 1.0;
  int64_t registers = kernel.lanes == 16 ? 32 : 16, accumulators = kernel.mr * kernel.vectors;
  bool scalesDiffer = p.rowBlockA % kernel.mr != 0, spills = 2 * accumulators + kernel.vectors >= registers;
  return 1.0 + static_cast<double>((1 + scalesDiffer + spills) * kernel.group()) / static_cast<double>(p.block);
}

static MicroKernel chooseKernel(const GemmProblem &p, Isa isa) {
  GemmDot dot = chooseDot(p, isa);
  llvm::ArrayRef<Block> blocks = kAvx512;
  if (dot == GemmDot::AmxBytes)
    blocks = kAmx;
  else if (isa == Isa::Avx2 || isa == Isa::AvxVnni)
    blocks = kAvx2;
  else if (isa == Isa::Generic)
    blocks = kGeneric;
  auto kernelOf = [&](const Block &b) {
    MicroKernel kernel{dot, b.lanes, b.mr, b.vectors};
    if (p.block < p.k && p.block % (kernel.group() * kernel.tileGroups) != 0)
      kernel.tileGroups = 8; // half tiles: nothing to pad in blocks of 32 bytes
    return kernel;
  };
  auto cost = [&](const Block &b) {
    double pack = readsInPlace(p, kernelOf(b)) ? 1.0 : kPackCost;
    return static_cast<double>(alignTo(p.m, b.mr)) * b.cost * pack * blockCost(p, kernelOf(b));
  };
  return kernelOf(
      *std::min_element(blocks.begin(), blocks.end(),
                        [&](const Block &x, const Block &y) { return cost(x) < cost(y); }));
}

/// Chunks whose sums fit i32 (Spec N1), and whether B is split into planes for it.
static void planSums(const GemmProblem &p, GemmPlan &plan) {
  const MicroKernel &kernel = plan.kernel;
  int64_t group = kernel.group(), step = kernel.groupStep();
  plan.planes = 1;
  plan.blocks = divideCeil(p.k, p.block);
  plan.groupsPerBlock = alignTo(divideCeil(std::min(p.k, p.block), group), step);
  int64_t lastBlock = p.k - (plan.blocks - 1) * p.block;
  plan.groups =
      (plan.blocks - 1) * plan.groupsPerBlock + alignTo(divideCeil(lastBlock, group), step);
  plan.regular = plan.blocks == 1 || p.block % (group * step) == 0;
  plan.chunkGroups = plan.groupsPerBlock;
  if (kernel.dot == GemmDot::Float)
    return;
  auto exact = [&](int64_t maxB) { return INT32_MAX / (p.maxCodeA * maxB); };
  int64_t chunk = exact(p.maxCodeB);
  if (chunk < std::min(p.block, kShortChunk)) {
    plan.planes = 2;
    chunk = exact(128); // |low| and |high| are at most 128
  }
  plan.chunkGroups = std::min(plan.groupsPerBlock, chunk / (group * step) * step);
}

/// Tiles of about equal sides that fit the cache, and enough of them for the threads.
static void planTiles(GemmPlan &plan) {
  const MicroKernel &kernel = plan.kernel;
  int64_t rowBytes = plan.groups * 4;
  int64_t side = kTileBytes / (2 * rowBytes); // rows of A, columns of B
  plan.tileM = std::clamp<int64_t>(side / kernel.mr, 1, plan.panelsM);
  int64_t columns = 2 * side - plan.tileM * kernel.mr;
  plan.tileN = std::clamp<int64_t>(columns / kernel.nr(), 1, plan.panelsN);
  while (plan.tilesM() * plan.tilesN() < kTasks && (plan.tileM > 1 || plan.tileN > 1)) {
    bool tall = plan.tileM * kernel.mr > plan.tileN * kernel.nr();
    int64_t &longer = (tall && plan.tileM > 1) || plan.tileN == 1 ? plan.tileM : plan.tileN;
    longer = divideCeil(longer, 2);
  }
  plan.tileM = divideCeil(plan.panelsM, plan.tilesM()); // tiles of equal size
  plan.tileN = divideCeil(plan.panelsN, plan.tilesN());
}

GemmPlan intq::cpu::planGemm(const GemmProblem &p, Isa isa) {
  GemmPlan plan;
  plan.kernel = chooseKernel(p, isa);
  const MicroKernel &kernel = plan.kernel;
  planSums(p, plan);
  plan.panelsM = divideCeil(p.m, kernel.mr);
  plan.panelsN = divideCeil(p.n, kernel.nr());
  // A panel is written, and its row sums are read, whole vectors at a time: room for the last one.
  plan.strideA = alignTo(plan.groups * kernel.mr + kernel.lanes, 16);
  plan.strideB = plan.groups * kernel.nr();
  plan.directA = readsInPlace(p, kernel);
  planTiles(plan);
  int64_t bytes = 4 * (plan.panelsM * plan.strideA + plan.panelsN * plan.strideB * plan.planes);
  plan.slots = p.batch >= 8 && bytes <= kSlotBytes ? std::min(p.batch, kSlots) : 0;
  return plan;
}

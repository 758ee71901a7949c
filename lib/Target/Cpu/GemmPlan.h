// What a matrix product is, and the plan by which its kernel is cut into panels,
// chunks and tiles: plain data, chosen by a small cost model.
#pragma once
#include "intq/Target/Cpu/Isa.h"
#include <cstdint>

namespace intq::cpu {

/// Element of an operand in memory, and of a packed panel.
enum class GemmElement { I8, I16, F32 };

/// How the sums of products of one code path are done. Panels consist of 32-bit groups of
/// consecutive k: 4 × i8, 2 × i16 or 1 × f32.
enum class GemmDot {
  Float,     // fma of f32
  Pairs,     // i16 pairs in plain vector arithmetic, which LLVM compiles to (v)pmaddwd
  VnniBytes, // vpdpbusd (AVX-512 or AVX): panels of B hold code + 128, corrected by the row sums of A
  VnniPairs, // vpdpwssd
  AmxBytes   // tdpbssd
};

/// A micro-kernel: a block of mr × (lanes · vectors) accumulators.
struct MicroKernel {
  GemmDot dot;
  int64_t lanes;   // 32-bit lanes of a vector
  int64_t mr;      // rows
  int64_t vectors; // vectors of columns
  int64_t tileGroups = 16; // groups of a tile of A

  int64_t nr() const { return lanes * vectors; }
  GemmElement element() const;
  /// k in one 32-bit group.
  int64_t group() const;
  /// AMX reads A as tiles of 16 rows × tileGroups; the others broadcast one group of A.
  bool tiledA() const { return dot == GemmDot::AmxBytes; }
  /// Groups of one step along k; blocks are padded to it with zeros.
  int64_t groupStep() const { return tiledA() ? tileGroups : 1; }
  bool offsetB() const { return dot == GemmDot::VnniBytes; }
};

/// C[batch, m, n] = Σ_k A·B, k in scale blocks of `block` (the whole of k: one block). For f32
/// the blocks are the chunks of Spec N11.
struct GemmProblem {
  int64_t batch, m, n, k, block;
  GemmElement elementA, elementB;     // in memory
  bool contiguousA, contiguousB;      // whether k is the minor dimension in memory
  int64_t maxCodeA = 0, maxCodeB = 0; // largest magnitude of a code; unused for f32
  int64_t rowBlockA = 1;              // rows of A that share their scales

  bool isFloat() const { return elementA == GemmElement::F32; }
};

struct GemmPlan {
  MicroKernel kernel;
  int64_t planes;         // 2: B is split into 256·high + low, both of at most 9 bits
  int64_t blocks;         // scale blocks
  int64_t groupsPerBlock; // of a full block, padded
  int64_t groups;         // of all blocks
  int64_t chunkGroups;    // as many as an i32 accumulator holds exactly (Spec N1), at most a block
  bool regular;           // group g holds k = g·group(), …: no padding between blocks
  bool directA;           // A is read where it lies, without panels
  int64_t panelsM, panelsN;
  int64_t strideA, strideB; // groups (of 32 bits) from one panel to the next
  int64_t tileM, tileN;     // panels in the tile of one task
  int64_t slots; // > 0: so many tasks share out the batches, each with buffers of its own

  /// Chunks and planes are added up in i64.
  bool wide() const { return planes > 1 || chunkGroups < groupsPerBlock; }
  int64_t chunksPerBlock() const { return (groupsPerBlock + chunkGroups - 1) / chunkGroups; }
  int64_t tilesM() const { return (panelsM + tileM - 1) / tileM; }
  int64_t tilesN() const { return (panelsN + tileN - 1) / tileN; }
};

GemmPlan planGemm(const GemmProblem &problem, Isa isa);

} // namespace intq::cpu

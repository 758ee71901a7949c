// The orders of float reductions, for scalar code (Spec N3, N10, N11). Each takes its elements
// from a function of the index.
#pragma once
#include "intq/Format/Scalar.h"
#include <algorithm>
#include <vector>

namespace intq {

/// N3 along the minor dimension: sixteen lanes, lane j sequential from +0 over the elements
/// 16i + j, then the lanes pairwise: 0+8, 1+9, …; 0+4, …; 0+2, 0+1.
template <class T = float, class Get> T sumLanes(int64_t count, Get get) {
  T lane[16] = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16)
    for (int j = 0; j < 16; ++j)
      lane[j] += get(i + j);
  // A missing element counts as +0; a lane is never −0, so skipping it is the same.
  for (int j = 0; i < count; ++i, ++j)
    lane[j] += get(i);
  for (int width = 8; width; width /= 2)
    for (int j = 0; j < width; ++j)
      lane[j] += lane[j + width];
  return lane[0];
}

/// N3 along another dimension, for all columns at once: out[n] = Σ get(row, n), rows in chunks
/// of 128, sequential inside a chunk from +0, then the chunk sums sequentially from +0.
template <class Get> void sumRows(int64_t rows, int64_t columns, float *out, Get get) {
  constexpr int64_t kChunk = 128;
  std::vector<float> chunk(columns);
  std::fill(out, out + columns, 0.0f);
  for (int64_t begin = 0; begin < rows; begin += kChunk) {
    std::fill(chunk.begin(), chunk.end(), 0.0f);
    for (int64_t row = begin; row < std::min(begin + kChunk, rows); ++row)
      for (int64_t n = 0; n < columns; ++n)
        chunk[n] += get(row, n);
    for (int64_t n = 0; n < columns; ++n)
      out[n] += chunk[n];
  }
}

/// N10: chunks of 4,096 elements by sixteen lanes; the vector of chunk sums is reduced the same
/// way until one sum is left. All in binary64.
inline double sumChunked(std::vector<double> values) {
  constexpr int64_t kChunk = 4096;
  do {
    std::vector<double> sums;
    for (int64_t begin = 0, count = values.size(); begin < count || sums.empty(); begin += kChunk)
      sums.push_back(sumLanes<double>(std::min(kChunk, count - begin),
                                      [&](int64_t i) { return values[begin + i]; }));
    values = std::move(sums);
  } while (values.size() > 1);
  return values.front();
}

/// N11: a dot product in chunks of 256; fma inside a chunk from +0, k ascending; chunk sums added
/// in order, from +0.
template <class GetA, class GetB> float dotChunked(int64_t count, GetA a, GetB b) {
  constexpr int64_t kChunk = 256;
  float out = 0.0f;
  for (int64_t begin = 0; begin < count; begin += kChunk) {
    float acc = 0.0f;
    for (int64_t k = begin; k < std::min(begin + kChunk, count); ++k)
      acc = std::fma(a(k), b(k), acc);
    out += acc;
  }
  return out;
}

} // namespace intq

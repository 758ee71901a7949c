// NF4 with double quantization, bit for bit as bitsandbytes (Spec, section NF4).
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include <array>
#include <cstdint>
#include <vector>

namespace intq::nf4 {

/// Elements of the row-major order that share an absmax, and absmaxes that share a scale.
constexpr int64_t kBlock = 64, kOuterBlock = 256;

/// Quantiles of the normal distribution, normalized to ±1.
inline constexpr std::array<float, 16> kCodes = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f,
    -0.18477343022823334f, -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f,
    0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f,
    1.0f,
};

/// The 8-bit code book of the absmaxes: bitsandbytes' signed dynamic map.
extern const std::array<float, 256> kAbsmaxCodes;

struct Encoded {
  std::vector<int32_t> codes;  ///< eight a word: bytes in order, the even element in the high nibble
  std::vector<int32_t> absmax; ///< 8-bit codes, four a word
  std::vector<float> scales;   ///< one for kOuterBlock absmaxes
  float offset = 0;            ///< mean of the absmaxes
};

/// `values`: a multiple of kBlock.
Encoded encode(llvm::ArrayRef<float> values);

/// Bits to the right of element i's code in its word.
constexpr int shiftOf(int i) { return 8 * (i / 2) + (i % 2 ? 0 : 4); }

/// The value of codes (i32, 0 … 15) in a block of the given absmax: mul(code book, absmax).
template <class M> typename M::F decode(M &m, typename M::I codes, typename M::F absmax) {
  std::vector<typename M::F> values;
  for (float value : kCodes)
    values.push_back(m.constant(value));
  for (int bit = 1; bit < 16; bit *= 2) {
    typename M::B isClear = m.eqI(m.andI(codes, m.constantI(bit)), m.constantI(0));
    for (size_t i = 0; i < values.size() / 2; ++i)
      values[i] = m.select(isClear, values[2 * i], values[2 * i + 1]);
    values.resize(values.size() / 2);
  }
  return m.mul(values[0], absmax);
}

/// absmax = add(mul(code, scale), offset).
template <class M>
typename M::F decodeAbsmax(M &m, typename M::F code, typename M::F scale, typename M::F offset) {
  return m.add(m.mul(code, scale), offset);
}

} // namespace intq::nf4

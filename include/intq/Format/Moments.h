// Codes of an optimizer's moments (Spec, section Moments in 8 bits). The first moment has the codes of Format/Quantize.h
// at eight bits; the second, which is never negative and spans many octaves, the upper bits of its float.
#pragma once
#include "intq/Format/Quantize.h"

namespace intq {

/// Consecutive elements, in row-major order, that share a scale and a base; the last block may be short.
inline constexpr int64_t kMomentBlock = 256;
constexpr int64_t momentBlocks(int64_t elements) { return (elements + kMomentBlock - 1) / kMomentBlock; }

/// Width of the first moment's codes; random bits of either code: a draw of 32 bits serves both.
inline constexpr int kMomentWidth = 8, kMomentRandomBits = 16;
template <class M> typename M::I firstDraw(M &m, typename M::I draw) { return m.andI(draw, m.constantI(0xffff)); }
template <class M> typename M::I secondDraw(M &m, typename M::I draw) { return m.shrU(draw, kMomentRandomBits); }

/// Bits below the three of the mantissa that a code of the second moment keeps.
inline constexpr int kMomentShift = 20;
inline constexpr int32_t kMaxFloatBits = 0x7f7fffff;

/// The bits of a second moment. NaN and Inf, which a gradient beyond 1e19 makes, count as the largest float: as 0
/// they would be divided by in the next step.
template <class M> typename M::I secondMomentBits(M &m, typename M::F v) {
  return m.minI(magnitudeBits(m, v), m.constantI(kMaxFloatBits));
}

/// The base of a block from the largest bits in it: the largest value, rounded up, gets the largest code.
template <class M> typename M::I secondMomentBase(M &m, typename M::I largestBits) {
  return m.maxI(m.subI(m.shrU(largestBits, kMomentShift), m.constantI(254)), m.constantI(0));
}

/// The code of a second moment, 0 … 255, with `random` uniform in [0, 2^16). 0 stands for 0 alone: what is below the
/// block's range becomes 1, for the update divides by the root.
template <class M> typename M::I encodeSecondMoment(M &m, typename M::I bits, typename M::I base, typename M::I random) {
  typename M::I rounded = m.addI(bits, m.shl(random, kMomentShift - kMomentRandomBits));
  typename M::I top = m.minI(m.shrU(rounded, kMomentShift), m.constantI(kMaxFloatBits >> kMomentShift));
  typename M::I code = m.maxI(m.subI(top, base), m.constantI(1));
  return m.selectI(m.eqI(bits, m.constantI(0)), m.constantI(0), code);
}

/// Value of such a code.
template <class M> typename M::F decodeSecondMoment(M &m, typename M::I code, typename M::I base) {
  typename M::F value = m.floatOf(m.shl(m.addI(code, base), kMomentShift));
  return m.select(m.eqI(code, m.constantI(0)), m.constant(0.0f), value);
}

// One block, for scalar code; draw(i) is the 32-bit draw of its element i.

template <class Draw>
void encodeFirstMoments(const float *x, int64_t count, Draw draw, int8_t *codes, float &scale) {
  ScalarMachine m;
  int32_t amax = 0;
  for (int64_t i = 0; i < count; ++i)
    amax = m.maxI(amax, magnitudeBits(m, x[i]));
  scale = scaleF32(m, amax, kMomentWidth);
  float r = reciprocal(m, scale);
  for (int64_t i = 0; i < count; ++i)
    codes[i] = static_cast<int8_t>(
        encodeStochastic(m, x[i], r, isFiniteBits(m, amax), firstDraw(m, draw(i)), kMomentWidth));
}

template <class Draw>
void encodeSecondMoments(const float *v, int64_t count, Draw draw, int8_t *codes, int32_t &base) {
  ScalarMachine m;
  int32_t largest = 0;
  for (int64_t i = 0; i < count; ++i)
    largest = m.maxI(largest, secondMomentBits(m, v[i]));
  base = secondMomentBase(m, largest);
  for (int64_t i = 0; i < count; ++i)
    codes[i] = static_cast<int8_t>(encodeSecondMoment(m, secondMomentBits(m, v[i]), base, secondDraw(m, draw(i))));
}

/// The draw that rounds both to nearest.
inline constexpr int32_t kNearestDraw = static_cast<int32_t>(0x80008000);

} // namespace intq

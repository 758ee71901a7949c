// Codes and scales: the scale of a block, encoders to nearest and stochastic, the decoder (Spec
// F1–F5, N9).
#pragma once
#include "intq/Format/Math.h"

namespace intq {

/// Largest code of `width` bits (F1).
constexpr int32_t maxCode(int width) { return (1 << (width - 1)) - 1; }
/// Random bits of the stochastic encoder (F4).
constexpr int stochasticBits(int width) { return width <= 12 ? 16 : 31 - width; }

/// bits & 0x7fffffff, whose integer maximum over a block is its amax (N6). The maximum is
/// ≥ kNonfiniteBits exactly when the block holds NaN or ±Inf (N9).
template <class M> typename M::I magnitudeBits(M &m, typename M::F x) {
  return m.andI(m.bitsOf(x), m.constantI(0x7fffffff));
}
constexpr int32_t kNonfiniteBits = 0x7f800000;
template <class M> typename M::B isFiniteBits(M &m, typename M::I amaxBits) {
  return m.ltI(amaxBits, m.constantI(kNonfiniteBits));
}

/// Scale of kind `f32` (F2): max(amax/Q, 2^−126); 1 for a block of zeros or with a non-finite
/// value.
template <class M> typename M::F scaleF32(M &m, typename M::I amaxBits, int width) {
  typename M::F s = m.div(m.floatOf(amaxBits), m.constant(static_cast<float>(maxCode(width))));
  typename M::F least = m.constant(0x1p-126f);
  s = m.select(m.lt(s, least), least, s);
  typename M::B usable = m.both(isFiniteBits(m, amaxBits), m.ltI(m.constantI(0), amaxBits));
  return m.select(usable, s, m.constant(1.0f));
}

/// Scale of kind `pow2` (F2): 2^e, e the least in [−126, 127] with amax ≤ Q·2^e; 1 as above.
template <class M> typename M::F scalePow2(M &m, typename M::I amaxBits, int width) {
  using I = typename M::I;
  // Bits of positive floats are ordered like (exponent, mantissa): the exponent's difference to Q,
  // rounded up where amax has the larger mantissa.
  I qBits = m.bitsOf(m.constant(static_cast<float>(maxCode(width))));
  I e = m.shrS(m.addI(m.subI(amaxBits, qBits), m.constantI(0x7fffff)), 23);
  e = m.maxI(m.minI(e, m.constantI(127)), m.constantI(-126));
  typename M::F s = m.floatOf(m.shl(m.addI(e, m.constantI(127)), 23));
  typename M::B usable = m.both(isFiniteBits(m, amaxBits), m.ltI(m.constantI(0), amaxBits));
  return m.select(usable, s, m.constant(1.0f));
}

/// r of F3: what values are multiplied by (exact for `pow2`).
template <class M> typename M::F reciprocal(M &m, typename M::F scale) {
  return m.div(m.constant(1.0f), scale);
}

/// Code to nearest even (F3); 0 where the block is not finite (N9).
template <class M>
typename M::I encodeNearest(M &m, typename M::F x, typename M::F r, typename M::B finite,
                            int width) {
  float q = static_cast<float>(maxCode(width));
  typename M::I code = m.toInt(m.roundeven(clamp(m, m.mul(x, r), -q, q)));
  return m.selectI(finite, code, m.constantI(0));
}

/// Code by stochastic rounding (F4) with `random` uniform in [0, 2^R), R = stochasticBits(width).
/// Clamping t to ±Q·2^R (exact in binary32) before the addition equals clipping the code after it.
template <class M>
typename M::I encodeStochastic(M &m, typename M::F x, typename M::F r, typename M::B finite,
                               typename M::I random, int width) {
  int bits = stochasticBits(width);
  float grid = static_cast<float>(1 << bits), bound = static_cast<float>(maxCode(width)) * grid;
  typename M::F scaled = m.mul(m.mul(x, r), m.constant(grid));
  typename M::I t = m.toInt(m.roundeven(clamp(m, scaled, -bound, bound)));
  return m.selectI(finite, m.shrS(m.addI(t, random), bits), m.constantI(0));
}

/// Value of a code (F5).
template <class M> typename M::F decode(M &m, typename M::I code, typename M::F scale) {
  return m.mul(m.toFloat(code), scale);
}

} // namespace intq

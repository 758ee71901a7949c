// exp, log, tanh and the normal distribution function of the Spec (N4): range reduction,
// a polynomial evaluated by fma in the written order, selects instead of branches.
//
// Largest errors over all binary32 inputs, in units in the last place (ulp), as measured by
// tools/dev/measure_math.cpp: exp 1.03, log 0.87, tanh 0.95, normalCdf 2.19. Coefficients:
// tools/dev/fit_polynomials.py.
#pragma once
#include "intq/Format/Scalar.h"
#include <limits>

namespace intq {

/// c[0] + c[1]·x + …, by Horner's rule with fma.
template <class M, int N> typename M::F polynomial(M &m, typename M::F x, const float (&c)[N]) {
  typename M::F p = m.constant(c[N - 1]);
  for (int i = N - 2; i >= 0; --i)
    p = m.fma(p, x, m.constant(c[i]));
  return p;
}

/// lo where x < lo, hi where x > hi or x is NaN.
template <class M> typename M::F clamp(M &m, typename M::F x, float lo, float hi) {
  typename M::F low = m.constant(lo), high = m.constant(hi);
  x = m.select(m.le(x, high), x, high);
  return m.select(m.lt(x, low), low, x);
}

/// exp(x) = (1 + tail)·2^n, |tail| < 0.42, for finite x in the range that `clamp` leaves.
template <class M> struct ExpParts {
  typename M::F tail, n;
};
template <class M> ExpParts<M> expParts(M &m, typename M::F x) {
  using F = typename M::F;
  static const float c[] = {0.5f, 0x1.555492p-3f, 0x1.5554cp-5f, 0x1.12398ep-7f, 0x1.6d7a5ap-10f};
  F n = m.roundeven(m.mul(x, m.constant(0x1.715476p+0f)));
  F r = m.fma(n, m.constant(-0x1.62e43p-1f), x); // exact
  r = m.fma(n, m.constant(0x1.05c61p-29f), r);
  return {m.fma(m.mul(r, r), polynomial(m, r, c), r), n};
}

/// y·2^n for integers |n| < 252, rounded once.
template <class M> typename M::F scaleByPowerOfTwo(M &m, typename M::F y, typename M::F n) {
  using I = typename M::I;
  I whole = m.toInt(n), half = m.shrS(whole, 1), rest = m.subI(whole, half);
  auto powerOfTwo = [&](I e) { return m.floatOf(m.shl(m.addI(e, m.constantI(127)), 23)); };
  return m.mul(m.mul(y, powerOfTwo(half)), powerOfTwo(rest));
}

template <class M> typename M::F exp(M &m, typename M::F x) {
  // Beyond these bounds the result is +0 or +Inf.
  ExpParts<M> e = expParts(m, clamp(m, x, -104.0f, 89.0f));
  typename M::F y = scaleByPowerOfTwo(m, m.add(m.constant(1.0f), e.tail), e.n);
  return m.select(m.isNan(x), x, y);
}

/// Natural logarithm; −Inf at ±0, NaN below.
template <class M> typename M::F log(M &m, typename M::F x) {
  using F = typename M::F;
  using I = typename M::I;
  using B = typename M::B;
  static const float c[] = {0x1.55554ap-2f, -0x1.00022p-2f, 0x1.99a5acp-3f, -0x1.54789p-3f,
                            0x1.226cd8p-3f, -0x1.0cdf1p-3f, 0x1.07d89cp-3f, -0x1.4205b8p-4f};
  F infinity = m.constant(std::numeric_limits<float>::infinity());
  F nan = m.constant(std::numeric_limits<float>::quiet_NaN());
  // x = 2^e·f with √½ ≤ f < √2; subnormals are scaled up first.
  B small = m.lt(x, m.constant(0x1p-126f));
  I bits = m.bitsOf(m.select(small, m.mul(x, m.constant(0x1p+23f)), x));
  I shifted = m.subI(bits, m.constantI(0x3f3504f3));
  I e = m.shrS(shifted, 23);
  F f = m.floatOf(m.subI(bits, m.shl(e, 23)));
  F k = m.sub(m.toFloat(e), m.select(small, m.constant(23.0f), m.constant(0.0f)));
  f = m.sub(f, m.constant(1.0f)); // exact
  F square = m.mul(f, f);
  F tail = m.mul(m.mul(square, f), polynomial(m, f, c));
  tail = m.fma(k, m.constant(-0x1.05c61p-29f), tail);
  tail = m.fma(square, m.constant(-0.5f), tail);
  F y = m.fma(k, m.constant(0x1.62e43p-1f), m.add(f, tail));
  y = m.select(m.lt(x, infinity), y, x); // +Inf and NaN
  y = m.select(m.lt(x, m.constant(0.0f)), nan, y);
  return m.select(m.eq(x, m.constant(0.0f)), m.neg(infinity), y);
}

template <class M> typename M::F tanh(M &m, typename M::F x) {
  using F = typename M::F;
  static const float c[] = {-0x1.55553ep-2f, 0x1.110c32p-3f, -0x1.b96a16p-5f, 0x1.60382p-6f,
                            -0x1.04eac2p-7f, 0x1.2f37d2p-9f, -0x1.7b75c8p-12f};
  F one = m.constant(1.0f), two = m.constant(2.0f);
  F a = clamp(m, m.abs(x), 0.0f, 10.0f); // tanh(10) rounds to 1
  // Below 1: x + x³·p(x²). Above: 1 − 2/(exp(2a) + 1), with the sign of x.
  F square = m.mul(a, a);
  F near = m.fma(m.mul(a, square), polynomial(m, square, c), a);
  ExpParts<M> e = expParts(m, m.mul(two, a));
  F power = scaleByPowerOfTwo(m, m.add(one, e.tail), e.n);
  F far = m.sub(one, m.div(two, m.add(power, one)));
  F y = m.select(m.lt(a, one), near, far);
  typename M::I sign = m.andI(m.bitsOf(x), m.constantI(INT32_MIN));
  return m.select(m.isNan(x), x, m.floatOf(m.orI(m.bitsOf(y), sign)));
}

/// Φ(x), the distribution function of N(0, 1): ½·erfc(−x/√2) without the rounding of −x/√2
/// that would cost all accuracy in the tail.
///
/// With a = |x|: Φ(−a) = exp(−a²/2)·h(q)/(a + K), q = (a − K)/(a + K), and Φ(a) = 1 − Φ(−a).
/// The rounding errors of a²/2, of the division and of the last steps are carried in
/// `excess` and `rest` and added at the end.
template <class M> typename M::F normalCdf(M &m, typename M::F x) {
  using F = typename M::F;
  // h(q) = first + q·(c[0] + c[1]·q + …)
  static const float c[] = {-0x1.4bb818p-2f, 0x1.71aee2p-6f,   0x1.2f53f6p-5f,  0x1.f260eep-11f,
                            -0x1.aead86p-8f, -0x1.2b566cp-9f,  0x1.54d09cp-11f, 0x1.c15212p-11f,
                            0x1.91c404p-13f, -0x1.124958p-13f, -0x1.194524p-14f};
  F one = m.constant(1.0f), k = m.constant(1.96875f), first = m.constant(0x1.56e376p-1f);
  F a = clamp(m, m.abs(x), 0.0f, 14.5f); // Φ(−14.5) rounds to 0
  F half = m.mul(m.constant(0.5f), a);
  F s = m.mul(half, a);
  F excess = m.fma(m.neg(half), a, s); // −(a²/2 − s)
  ExpParts<M> e = expParts(m, m.neg(s));

  F d = m.add(a, k), r = m.div(one, d);
  F dRest = m.select(m.lt(a, k), m.sub(k, m.sub(d, a)), m.sub(a, m.sub(d, k)));
  excess = m.add(excess, m.fma(m.neg(d), r, one));
  excess = m.fma(m.neg(dRest), r, excess);
  F q = m.mul(m.sub(a, k), r);
  F qRest = m.fma(m.neg(q), a, m.fma(m.add(q, one), m.neg(k), a));
  q = m.fma(r, qRest, q);

  F upper = polynomial(m, q, c);
  F h = m.fma(upper, q, first);
  F hRest = m.fma(upper, q, m.sub(first, h));
  F g = m.mul(h, r);
  F rest = m.fma(hRest, r, m.fma(h, r, m.neg(g)));
  rest = m.fma(g, m.fma(excess, e.tail, excess), rest);
  F lower = scaleByPowerOfTwo(m, m.add(g, m.fma(g, e.tail, rest)), e.n);
  F y = m.select(m.lt(m.constant(0.0f), x), m.sub(one, lower), lower);
  return m.select(m.isNan(x), x, y);
}

} // namespace intq

// GELU, tanh and ReLU with their derivatives, and dropout, an element at a time (Spec, section GELU).
#pragma once
#include "intq/Format/Math.h"

namespace intq {

template <class M> typename M::F gelu(M &m, typename M::F x) { return m.mul(x, normalCdf(m, x)); }

template <class M> typename M::F geluGrad(M &m, typename M::F dy, typename M::F x) {
  using F = typename M::F;
  F density = m.mul(m.constant(0x1.988454p-2f), exp(m, m.mul(m.constant(-0.5f), m.mul(x, x))));
  return m.mul(dy, m.fma(x, density, normalCdf(m, x)));
}

/// tanh(√(2/π)·(x + 0.044715·x³)), evaluated as tanh((√(2/π)·x)·(1 + 0.044715·x²)).
template <class M> typename M::F geluTanhInner(M &m, typename M::F x) {
  typename M::F square = m.mul(x, x), one = m.constant(1.0f);
  return tanh(m, m.mul(m.mul(m.constant(0x1.988454p-1f), x),
                       m.fma(m.constant(0x1.6e4e26p-5f), square, one)));
}

template <class M> typename M::F geluTanh(M &m, typename M::F x) {
  return m.mul(m.mul(m.constant(0.5f), x), m.add(m.constant(1.0f), geluTanhInner(m, x)));
}

/// dy·(½(1 + t) + ½x·(1 − t²)·√(2/π)·(1 + 3·0.044715·x²)), t the inner tanh.
template <class M> typename M::F geluTanhGrad(M &m, typename M::F dy, typename M::F x) {
  using F = typename M::F;
  F one = m.constant(1.0f), half = m.constant(0.5f), t = geluTanhInner(m, x);
  F slope = m.mul(m.constant(0x1.988454p-1f), m.fma(m.constant(0x1.12ba9ep-3f), m.mul(x, x), one));
  F bend = m.mul(m.mul(half, x), m.fma(m.neg(t), t, one));
  return m.mul(dy, m.fma(bend, slope, m.mul(half, m.add(one, t))));
}

/// From y = tanh(x).
template <class M> typename M::F tanhGrad(M &m, typename M::F dy, typename M::F y) {
  return m.mul(dy, m.fma(m.neg(y), y, m.constant(1.0f)));
}

/// +0 below 0; NaN stays NaN.
template <class M> typename M::F relu(M &m, typename M::F x) {
  return m.select(m.le(x, m.constant(0.0f)), m.constant(0.0f), x);
}

/// From y = relu(x).
template <class M> typename M::F reluGrad(M &m, typename M::F dy, typename M::F y) {
  return m.select(m.lt(m.constant(0.0f), y), dy, m.constant(0.0f));
}

/// What a dropout ratio means: an element is dropped iff its 16-bit draw is < `threshold`.
struct DropoutRule {
  int32_t threshold; // round(ratio·65536), halves up
  float keepFactor;  // f32(65536/(65536 − threshold))
  explicit DropoutRule(float ratio)
      : threshold(static_cast<int32_t>(static_cast<double>(ratio) * 65536.0 + 0.5)),
        keepFactor(static_cast<float>(65536.0 / (65536.0 - threshold))) {}
};

template <class M>
typename M::F dropout(M &m, typename M::F x, typename M::I draw, const DropoutRule &rule) {
  return m.select(m.ltI(draw, m.constantI(rule.threshold)), m.constant(0.0f),
                  m.mul(x, m.constant(rule.keepFactor)));
}

} // namespace intq

// The weights of nn.select_rows as integers, and the bounds that keep what follows from them exact.
#pragma once
#include "intq/Format/Quantize.h"

namespace intq {

/// Fraction bits of the largest of `rows` weights: as many as let the sum of all stay within 2^30.
constexpr int weightBits(int64_t rows) {
  int bits = 30;
  for (int64_t reach = 1; reach < rows; reach *= 2)
    --bits;
  return bits < 23 ? bits : 23;
}

/// Weight w as an integer in [1, 2^bits], relative to the largest; 0 where it is ±0.
template <class M> typename M::I integerWeight(M &m, typename M::F w, typename M::F largest, int bits) {
  float full = static_cast<float>(1 << bits);
  typename M::F scaled = m.roundeven(m.mul(m.div(w, largest), m.constant(full)));
  typename M::I weight = m.toInt(clamp(m, scaled, 1.0f, full));
  return m.selectI(m.eqI(magnitudeBits(m, w), m.constantI(0)), m.constantI(0), weight);
}

/// Score of c certain rows, binary64: what is left over, or its square, a row still to draw.
template <class M> typename M::D selectionScore(M &m, typename M::D rest, typename M::D draws, bool squared) {
  return m.divD(squared ? m.mulD(rest, rest) : rest, draws);
}

} // namespace intq

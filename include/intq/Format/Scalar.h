// Scalar arithmetic as an interface, so that each formula of the Spec is written once
// and has two readers: the reference interpreter computes it, a code generator emits it.
//
// A formula is a template over a machine M:
//
//   template <class M> typename M::F gelu(M &m, typename M::F x) {
//     return m.mul(x, normalCdf(m, x));
//   }
//
// M::F is a binary32 value (or a vector of them), M::D binary64, M::I a 32-bit
// integer (two's complement, wrapping), M::B a truth value. ScalarMachine below
// computes on one element; Target/Cpu has the machine that emits vector code. Both
// must give equal bits, so the interface has only operations that are exact or
// correctly rounded (Spec N2).
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

namespace intq {

struct ScalarMachine {
  using F = float;
  using D = double;
  using I = int32_t;
  using B = bool;

  F constant(float v) { return v; }
  D constantD(double v) { return v; }
  I constantI(int32_t v) { return v; }

  F add(F a, F b) { return a + b; }
  F sub(F a, F b) { return a - b; }
  F mul(F a, F b) { return a * b; }
  F div(F a, F b) { return a / b; }
  F fma(F a, F b, F c) { return std::fma(a, b, c); }
  F sqrt(F a) { return std::sqrt(a); }
  F neg(F a) { return -a; }
  F abs(F a) { return std::fabs(a); }
  F roundeven(F a) { return std::nearbyint(a); } // the mode is to-nearest-even

  D addD(D a, D b) { return a + b; }
  D subD(D a, D b) { return a - b; }
  D mulD(D a, D b) { return a * b; }
  D divD(D a, D b) { return a / b; }
  D sqrtD(D a) { return std::sqrt(a); }
  D extend(F a) { return a; }
  F truncate(D a) { return static_cast<float>(a); }

  // Ordered comparisons: false where an operand is NaN.
  B ltD(D a, D b) { return a < b; }
  B lt(F a, F b) { return a < b; }
  B le(F a, F b) { return a <= b; }
  B eq(F a, F b) { return a == b; }
  B isNan(F a) { return a != a; }
  B ltI(I a, I b) { return a < b; }
  B ltU(I a, I b) { return static_cast<uint32_t>(a) < static_cast<uint32_t>(b); }
  B eqI(I a, I b) { return a == b; }
  B both(B a, B b) { return a && b; }
  B either(B a, B b) { return a || b; }
  F select(B c, F a, F b) { return c ? a : b; }
  D selectD(B c, D a, D b) { return c ? a : b; }
  I selectI(B c, I a, I b) { return c ? a : b; }

  I bitsOf(F a) { return cast<int32_t>(a); }
  F floatOf(I a) { return cast<float>(a); }
  I toInt(F a) { return static_cast<int32_t>(a); } // the caller has clamped a to the range of i32
  F toFloat(I a) { return static_cast<float>(a); } // round to nearest even

  I addI(I a, I b) { return wrap(u(a) + u(b)); }
  I subI(I a, I b) { return wrap(u(a) - u(b)); }
  I mulI(I a, I b) { return wrap(u(a) * u(b)); }
  I andI(I a, I b) { return a & b; }
  I orI(I a, I b) { return a | b; }
  I xorI(I a, I b) { return a ^ b; }
  I shl(I a, int n) { return wrap(u(a) << n); }
  I shrU(I a, int n) { return wrap(u(a) >> n); } // logical
  I shrS(I a, int n) { return a >> n; }          // arithmetic
  I minI(I a, I b) { return a < b ? a : b; }     // signed
  I maxI(I a, I b) { return a < b ? b : a; }
  // High half of the unsigned 32×32-bit product; mulI is the low half.
  I mulHighU(I a, I b) { return wrap(static_cast<uint32_t>((uint64_t(u(a)) * u(b)) >> 32)); }

private:
  static uint32_t u(I a) { return static_cast<uint32_t>(a); }
  static I wrap(uint32_t a) { return static_cast<I>(a); }
  template <class To, class From> static To cast(From from) {
    To to;
    std::memcpy(&to, &from, sizeof(To));
    return to;
  }
};

} // namespace intq

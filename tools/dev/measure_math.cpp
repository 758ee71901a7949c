// Measures the largest error of every function of Format/Math.h over all binary32 inputs
// against binary64 libm, and checks the special values.
//
//   clang++ -O2 -march=native -ffp-contract=off -Iinclude tools/dev/measure_math.cpp && ./a.out [stride]
#include "intq/Format/Math.h"
#include <cstdio>
#include <cstdlib>

static float fromBits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// Distance in ulps of the binade of `want`; infinite where only one of both is finite or NaN.
static double ulps(float got, double want) {
  float rounded = static_cast<float>(want);
  if (std::isnan(want) || std::isnan(got))
    return std::isnan(want) && std::isnan(got) ? 0 : HUGE_VAL;
  if (std::isinf(rounded) || std::isinf(got))
    return rounded == got ? 0 : std::fabs(want) < 0x1.fffffp+127 ? HUGE_VAL : 1;
  int exponent = -125;
  if (want != 0)
    std::frexp(want, &exponent);
  return std::fabs(got - want) / std::ldexp(1.0, (exponent < -125 ? -125 : exponent) - 24);
}

template <class Got, class Want> static void measure(const char *name, uint64_t stride, Got got, Want want) {
  double worst = 0;
  float where = 0;
  for (uint64_t bits = 0; bits <= 0xffffffff; bits += stride) {
    float x = fromBits(static_cast<uint32_t>(bits));
    double error = ulps(got(x), want(x));
    if (error > worst)
      worst = error, where = x;
  }
  std::printf("%-10s %.3f ulp at %a\n", name, worst, where);
}

int main(int argc, char **argv) {
  uint64_t stride = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  intq::ScalarMachine m;
  measure("exp", stride, [&](float x) { return intq::exp(m, x); }, [](double x) { return std::exp(x); });
  measure("log", stride, [&](float x) { return intq::log(m, x); }, [](double x) { return std::log(x); });
  measure("tanh", stride, [&](float x) { return intq::tanh(m, x); }, [](double x) { return std::tanh(x); });
  measure("normalCdf", stride, [&](float x) { return intq::normalCdf(m, x); },
          [](double x) { return 0.5 * std::erfc(-x * 0.70710678118654752440); });
}

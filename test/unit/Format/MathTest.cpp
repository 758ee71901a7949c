// exp, log, tanh and Φ: largest errors on a sample of all binary32 inputs, and special values.
#include "intq/Format/Math.h"
#include "Expect.h"

using namespace intq;

static ScalarMachine m;

static double ulps(float got, double want) {
  float rounded = static_cast<float>(want);
  if (got == rounded || (std::isnan(got) && std::isnan(rounded)))
    return 0;
  if (std::isnan(got) || std::isnan(rounded) || std::isinf(want))
    return HUGE_VAL;
  int exponent = -125;
  if (want != 0)
    std::frexp(want, &exponent);
  return std::fabs(got - want) / std::ldexp(1.0, std::max(exponent, -125) - 24);
}

// The bounds are those that Math.h states, rounded up.
template <class Got, class Want>
static void sample(const char *name, double bound, Got got, Want want) {
  for (uint64_t bits = 0; bits <= 0xffffffff; bits += 4999) {
    float x = m.floatOf(static_cast<int32_t>(bits));
    expect(ulps(got(x), want(x)) <= bound,
           llvm::Twine(name) + " within its bound at bits " + llvm::Twine(bits));
  }
}

template <class F> static void value(const char *name, F f, float x, float wanted) {
  float got = f(m, x);
  expect(m.bitsOf(got) == m.bitsOf(wanted) || (std::isnan(got) && std::isnan(wanted)),
         llvm::Twine(name) + " of a special value to be right");
}

int main() {
  auto e = [](auto &m, float x) { return intq::exp(m, x); };
  auto l = [](auto &m, float x) { return intq::log(m, x); };
  auto t = [](auto &m, float x) { return intq::tanh(m, x); };
  auto p = [](auto &m, float x) { return normalCdf(m, x); };
  sample("exp", 1.03, [&](float x) { return e(m, x); }, [](double x) { return std::exp(x); });
  sample("log", 0.87, [&](float x) { return l(m, x); }, [](double x) { return std::log(x); });
  sample("tanh", 0.95, [&](float x) { return t(m, x); }, [](double x) { return std::tanh(x); });
  sample(
      "normalCdf", 2.19, [&](float x) { return p(m, x); },
      [](double x) { return 0.5 * std::erfc(-x * 0.70710678118654752440); });
  const float infinity = std::numeric_limits<float>::infinity();
  for (float x : {0.0f, -0.0f}) {
    value("exp", e, x, 1);
    value("log", l, x, -infinity);
    value("tanh", t, x, x);
    value("normalCdf", p, x, 0.5f);
  }
  value("exp", e, infinity, infinity);
  value("exp", e, -infinity, 0);
  value("log", l, infinity, infinity);
  value("log", l, -infinity, NAN);
  value("log", l, -1e-45f, NAN);
  value("log", l, 1, 0);
  value("tanh", t, infinity, 1);
  value("tanh", t, -infinity, -1);
  value("normalCdf", p, infinity, 1);
  value("normalCdf", p, -infinity, 0);
  value("exp", e, NAN, NAN);
  value("log", l, NAN, NAN);
  value("tanh", t, NAN, NAN);
  value("normalCdf", p, NAN, NAN);
  return failures != 0;
}

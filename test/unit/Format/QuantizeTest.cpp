// Encoders and decoders: every code of every format up to 8 bits (Spec F6), scales (F2), clipping,
// and the distribution of stochastic rounding (F4).
#include "intq/Format/Quantize.h"
#include "Expect.h"
#include "intq/Format/Philox.h"
#include <cmath>
#include <random>
#include <string>

using namespace intq;

static ScalarMachine m;

static void everyCode() {
  for (int width = 2; width <= 8; ++width)
    for (float amax : {1.0f, 0.37f, 127.0f, 3.3e38f, 1e-30f, 1.1754944e-38f}) {
      int32_t q = maxCode(width);
      for (float scale :
           {scaleF32(m, m.bitsOf(amax), width), scalePow2(m, m.bitsOf(amax), width)}) {
        float r = reciprocal(m, scale);
        bool exact = std::ldexp(1.0f, std::ilogb(scale)) == scale;
        for (int32_t code = -q; code <= q; ++code) {
          float x = decode(m, code, scale);
          if (!std::isfinite(x)) // a code that no finite block of so large an amax has
            continue;
          expect(encodeNearest(m, x, r, true, width) == code,
                 "code " + llvm::Twine(code) + " of " + llvm::Twine(width) +
                     " bits with a scale of exponent " + std::to_string(std::ilogb(scale)) +
                     " to survive decode and encode");
          expect(encodeNearest(m, x, r, false, width) == 0, "code 0 in a non-finite block");
          // On the grid a power-of-two scale leaves nothing to chance.
          for (int32_t n : {0, 1, 0x8000, 0xffff})
            if (exact)
              expect(encodeStochastic(m, x, r, true, n, width) == code,
                     "a code to survive stochastic rounding");
        }
        for (float x : {INFINITY, -INFINITY, 3.4e38f, -3.4e38f, NAN}) {
          int32_t near = encodeNearest(m, x, 1e30f, true, width);
          int32_t random = encodeStochastic(m, x, 1e30f, true, 0xffff, width);
          expect(std::abs(near) == q && std::abs(random) == q, "codes clipped to ±Q");
        }
      }
    }
}

static void scales() {
  std::mt19937 bits(1);
  for (int i = 0; i < 200000; ++i) {
    int32_t amaxBits = int32_t(bits() % uint32_t(kNonfiniteBits - 1)) + 1;
    float amax = m.floatOf(amaxBits);
    int width = 2 + i % 15;
    double q = maxCode(width), pow2 = scalePow2(m, amaxBits, width),
           f32 = scaleF32(m, amaxBits, width);
    expect(pow2 == 0x1p+127 || amax <= q * pow2, "a power of two that holds amax");
    expect(pow2 == 0x1p-126 || amax > q * pow2 / 2, "the least power of two that holds amax");
    expect(f32 == std::fmax(double(amax / float(q)), 0x1p-126), "amax/Q, at least 2^-126");
  }
  for (int32_t amaxBits : {0, kNonfiniteBits, kNonfiniteBits + 1, INT32_MAX})
    expect(scaleF32(m, amaxBits, 8) == 1 && scalePow2(m, amaxBits, 8) == 1,
           "scale 1 for zeros and non-finite blocks");
}

// Over all random numbers the mean of the code is exactly t/2^R.
static void exactMean() {
  std::mt19937 bits(2);
  std::uniform_real_distribution<float> uniform(-1.2f, 1.2f);
  for (int width : {2, 4, 8, 12, 13, 16}) {
    int R = stochasticBits(width);
    double grid = std::ldexp(1.0, R), q = maxCode(width);
    for (int i = 0; i < 8; ++i) {
      float x = uniform(bits) * float(q), r = 1.0f;
      double t = std::fmax(std::fmin(std::nearbyint(x * grid), q * grid), -q * grid), sum = 0;
      for (int32_t n = 0; n < 1 << R; ++n)
        sum += encodeStochastic(m, x, r, true, n, width);
      expect(sum == t, "an unbiased stochastic code of " + llvm::Twine(width) + " bits");
    }
  }
}

static void meanOverStreams() {
  for (int width : {4, 8, 16}) {
    float x = 2.3f;
    double sum = 0, count = 65536;
    for (int32_t stream = 0; stream < 65536; ++stream) {
      RandomBits random({7, 8, 9, 0, stream}, stochasticBits(width));
      sum += encodeStochastic(m, x, 1.0f, true, random(stream % 11), width);
    }
    double sigma = std::sqrt(0.3 * 0.7 / count);
    expect(std::fabs(sum / count - 2.3) < 5 * sigma, "a mean within five standard deviations");
  }
}

int main() {
  everyCode();
  scales();
  exactMean();
  meanOverStreams();
  return failures != 0;
}

// Codes of second moments (Spec, section Moments in 8 bits): every code of every base, the range, the mean.
#include "intq/Format/Moments.h"
#include "Expect.h"
#include <cmath>
#include <random>

using namespace intq;

static ScalarMachine m;

static void everyCode() {
  for (int32_t base = 0; base <= (kMaxFloatBits >> kMomentShift) - 254; ++base)
    for (int32_t code = 0; code <= 255; ++code) {
      float v = decodeSecondMoment(m, code, base);
      if (!std::isfinite(v)) // rounding stops at the last code below
        continue;
      expect((v == 0) == (code == 0), "0 for the code 0 alone");
      for (int32_t n : {0, 1, 0x8000, 0xffff})
        expect(encodeSecondMoment(m, secondMomentBits(m, v), base, n) == code, "a code to survive decode and encode");
    }
}

/// Any block: codes of 0 … 255, a positive value never 0, the largest within its code's neighbours.
static void anyBlock() {
  std::mt19937 bits(1);
  for (int i = 0; i < 300000; ++i) {
    int32_t largest = int32_t(bits() % 0x7f800000u), other = int32_t(bits() % (uint32_t(largest) + 1));
    int32_t base = secondMomentBase(m, largest), random = int32_t(bits() & 0xffff);
    for (int32_t b : {largest, other}) {
      int32_t code = encodeSecondMoment(m, b, base, random);
      float value = decodeSecondMoment(m, code, base);
      expect(code >= (b ? 1 : 0) && code <= 255 && std::isfinite(value), "a code that stands for a finite value");
      expect((value == 0) == (b == 0), "no positive value to become 0");
      if (code > 1)
        expect(std::abs(m.bitsOf(value) - b) < 1 << kMomentShift, "a neighbour of the value");
      else
        expect(m.bitsOf(value) >= b >> kMomentShift << kMomentShift, "small values rounded up");
    }
  }
}

/// The mean over all draws is the value, to the 16 bits of a draw.
static void exactMean() {
  for (float v : {1.0f, 1.06f, 1.99f, 3e-7f}) {
    int32_t b = secondMomentBits(m, v), base = secondMomentBase(m, secondMomentBits(m, 1e3f));
    double sum = 0;
    for (int32_t n = 0; n < 1 << 16; ++n)
      sum += decodeSecondMoment(m, encodeSecondMoment(m, b, base, n), base);
    expect(std::fabs(sum / 65536 / v - 1) < 0x1p-18, "an unbiased code");
  }
}

static void notFinite() {
  for (float v : {INFINITY, NAN, -NAN, 3.4028234e38f})
    for (int32_t n : {0, 0xffff}) {
      int32_t largest = secondMomentBits(m, v), base = secondMomentBase(m, largest);
      float value = decodeSecondMoment(m, encodeSecondMoment(m, largest, base, n), base);
      expect(value == 0x1.ep127f, "the largest value of a code");
    }
}

int main() {
  everyCode();
  anyBlock();
  exactMean();
  notFinite();
  return failures != 0;
}

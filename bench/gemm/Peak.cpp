// Peak rates by loops of sixteen independent instructions.
#include "Peak.h"
#include <algorithm>
#include <ctime>
#include <map>

using namespace intq::cpu;

static constexpr long kIterations = 4000000;
static constexpr int kUnrolled = 12; // accumulators 0 … 11, operands 14 and 15

/// Seconds of kIterations × 12 instructions; `I(n)` is the text of the one on accumulator n.
#define INTQ_MEASURE(I)                                                                            \
  [] {                                                                                             \
    long n = kIterations;                                                                          \
    double start = threadSeconds();                                                                \
    asm volatile("1:\n" I("0") I("1") I("2") I("3") I("4") I("5") I("6") I("7") I("8") I("9")      \
                     I("10") I("11") "dec %0\njnz 1b\n"                                            \
                 : "+r"(n)::"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",        \
                   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "cc");                      \
    return threadSeconds() - start;                                                                \
  }
#define INTQ_VPDPBUSD(n) "vpdpbusd %%zmm14, %%zmm15, %%zmm" n "\n"
#define INTQ_VPDPWSSD(n) "vpdpwssd %%zmm14, %%zmm15, %%zmm" n "\n"
#define INTQ_AVXVPDPBUSD(n) "%{vex%} vpdpbusd %%ymm14, %%ymm15, %%ymm" n "\n"
#define INTQ_AVXVPDPWSSD(n) "%{vex%} vpdpwssd %%ymm14, %%ymm15, %%ymm" n "\n"
#define INTQ_FMA512(n) "vfmadd231ps %%zmm14, %%zmm15, %%zmm" n "\n"
#define INTQ_FMA256(n) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" n "\n"
#define INTQ_PAIRS256(n)                                                                           \
  "vpmaddwd %%ymm14, %%ymm15, %%ymm13\nvpaddd %%ymm13, %%ymm" n ", %%ymm" n "\n"
#define INTQ_PAIRS128(n)                                                                           \
  "movdqa %%xmm14, %%xmm13\npmaddwd %%xmm15, %%xmm13\npaddd %%xmm13, %%xmm" n "\n"

template <class F> static double rate(double operations, F measure) {
  double best = 1e9;
  for (int i = 0; i < 12; ++i)
    best = std::min(best, measure());
  return operations * kUnrolled * kIterations / best * 1e-9;
}

static double measureNow(GemmDot dot, Isa isa) {
  switch (dot) {
  case GemmDot::VnniBytes:
    return isa == Isa::AvxVnni ? rate(64, INTQ_MEASURE(INTQ_AVXVPDPBUSD))
                               : rate(128, INTQ_MEASURE(INTQ_VPDPBUSD));
  case GemmDot::VnniPairs:
    return isa == Isa::AvxVnni ? rate(32, INTQ_MEASURE(INTQ_AVXVPDPWSSD))
                               : rate(64, INTQ_MEASURE(INTQ_VPDPWSSD));
  case GemmDot::Float:
    if (isa == Isa::Generic)
      return 0;
    return isa <= Isa::AvxVnni ? rate(16, INTQ_MEASURE(INTQ_FMA256))
                               : rate(32, INTQ_MEASURE(INTQ_FMA512));
  case GemmDot::Pairs:
    return isa == Isa::Avx2 ? rate(32, INTQ_MEASURE(INTQ_PAIRS256))
                            : rate(16, INTQ_MEASURE(INTQ_PAIRS128));
  case GemmDot::AmxBytes:
    break;
  }
  return 0;
}

double threadSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double measurePeak(GemmDot dot, Isa isa) {
  // The best of the run: a neighbour on the machine lowers a rate, nothing raises it.
  static std::map<GemmDot, double> best;
  double &rate = best[dot];
  return rate = std::max(rate, measureNow(dot, isa));
}

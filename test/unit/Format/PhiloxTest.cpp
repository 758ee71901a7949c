// Philox4x32-10 against the known answers of Random123, the rule from element to bits, stream ids.
#include "intq/Format/Philox.h"
#include "Expect.h"
#include "intq/Format/Stream.h"

using namespace intq;

static ScalarMachine m;

static Words4<ScalarMachine> words(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return {int32_t(a), int32_t(b), int32_t(c), int32_t(d)};
}

static void knownAnswers() {
  auto check = [](Words4<ScalarMachine> counter, uint32_t key0, uint32_t key1,
                  Words4<ScalarMachine> answer) {
    expect(philox4x32(m, counter, {int32_t(key0), int32_t(key1)}) == answer,
           "the known answer of Philox4x32-10");
  };
  uint32_t ones = 0xffffffff;
  check(words(0, 0, 0, 0), 0, 0, words(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  check(words(ones, ones, ones, ones), ones, ones,
        words(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  check(words(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344), 0xa4093822, 0x299f31d0,
        words(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

// Element i of every width of draw, beyond 32 bits of group number too, straight from N5.
static void elements() {
  RandomKey<ScalarMachine> key{1, 2, 3, 4, 5};
  for (int bits : {1, 15, 16, 17, 18, 31})
    for (int64_t base : {int64_t(0), int64_t(12345), int64_t(1) << 36}) {
      RandomBits random(key, bits);
      for (int64_t i = base; i < base + 40; ++i) {
        int64_t group = bits > 16 ? i >> 2 : i >> 3;
        uint32_t high = (uint32_t(group >> 32) & 0xffff) | 4u << 16;
        auto w = philox4x32(m, words(uint32_t(group), high, 3, 5), {1, 2});
        uint32_t half = uint32_t(w[(i & 7) >> 1]) >> (i & 1 ? 16 : 0) & 0xffff;
        uint32_t wanted = bits > 16 ? uint32_t(w[i & 3]) >> (32 - bits) : half >> (16 - bits);
        expect(uint32_t(random(i)) == wanted, "the draw of N5 at element " + llvm::Twine(i));
      }
    }
}

int main() {
  knownAnswers();
  elements();
  expect(streamId("") == 0x7852b855, "the last four bytes of SHA-256 of nothing");
  expect(streamId("abc") == 0xf20015ad, "the last four bytes of SHA-256 of abc");
  return failures != 0;
}

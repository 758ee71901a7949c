// Counter-based random numbers: Philox4x32-10 and the rule from element index to bits (Spec N5).
#pragma once
#include "intq/Format/Scalar.h"
#include <array>

namespace intq {

template <class M> using Words4 = std::array<typename M::I, 4>;
template <class M> using Words2 = std::array<typename M::I, 2>;

/// Ten rounds of Philox4x32 (Salmon et al., 2011).
template <class M> Words4<M> philox4x32(M &m, Words4<M> counter, Words2<M> key) {
  auto i = [&](uint32_t v) { return m.constantI(static_cast<int32_t>(v)); };
  for (int round = 0; round < 10; ++round) {
    typename M::I high0 = m.mulHighU(i(0xD2511F53), counter[0]);
    typename M::I low0 = m.mulI(i(0xD2511F53), counter[0]);
    typename M::I high1 = m.mulHighU(i(0xCD9E8D57), counter[2]);
    typename M::I low1 = m.mulI(i(0xCD9E8D57), counter[2]);
    counter = {m.xorI(m.xorI(high1, counter[1]), key[0]), low1,
               m.xorI(m.xorI(high0, counter[3]), key[1]), low0};
    key = {m.addI(key[0], i(0x9E3779B9)), m.addI(key[1], i(0xBB67AE85))};
  }
  return counter;
}

/// What a draw depends on beside the element: the four words of an `%rng` operand and the stream
/// id.
template <class M> struct RandomKey {
  typename M::I seedLow, seedHigh, step, microbatch, stream;
};

/// The 128 bits of one group of elements: eight (16 bits each) or four (more than 16 bits).
/// `groupLow`, `groupHigh`: the 64-bit group number, element index >> 3 or >> 2.
template <class M>
Words4<M> randomGroup(M &m, const RandomKey<M> &key, typename M::I groupLow,
                      typename M::I groupHigh) {
  typename M::I high = m.orI(m.andI(groupHigh, m.constantI(0xffff)), m.shl(key.microbatch, 16));
  return philox4x32(m, {groupLow, high, key.step, key.stream}, {key.seedLow, key.seedHigh});
}

/// Elements that one group serves: eight up to 16 bits, four above.
constexpr int groupShift(int bits) { return bits > 16 ? 2 : 3; }

/// The random bits of element `position` of a group: the high `bits` bits of its 16-bit half (low
/// half of a word first), above 16 bits of its word.
template <class M> typename M::I draw(M &m, const Words4<M> &words, int position, int bits) {
  if (bits > 16)
    return m.shrU(words[position], 32 - bits);
  typename M::I word = words[position >> 1];
  if (position % 2 == 0)
    word = m.shl(word, 16);
  return m.shrU(word, 32 - bits);
}

/// The draws of consecutive elements, for scalar code: one Philox call a group.
class RandomBits {
public:
  RandomBits(const RandomKey<ScalarMachine> &key, int bits) : key(key), bits(bits) {}

  int32_t operator()(int64_t element) {
    int shift = groupShift(bits), position = static_cast<int>(element & ((1 << shift) - 1));
    int64_t wanted = element >> shift;
    ScalarMachine m;
    if (wanted != group) {
      group = wanted;
      words = randomGroup(m, key, static_cast<int32_t>(group), static_cast<int32_t>(group >> 32));
    }
    return draw(m, words, position, bits);
  }

private:
  RandomKey<ScalarMachine> key;
  int bits;
  int64_t group = -1;
  Words4<ScalarMachine> words = {};
};

} // namespace intq

// Encoding to NF4, once, when weights are loaded (Spec, section NF4).
#include "intq/Format/Nf4.h"
#include <algorithm>
#include <cmath>

using namespace intq;

// Midpoints of neighbouring codes; a tie goes to the lower code.
static constexpr std::array<float, 15> kThresholds = {
    -0.8480964004993439f, -0.6106329262256622f, -0.4599952697753906f, -0.33967943489551544f, -0.23460740596055984f,
    -0.13791173323988914f, -0.045525018125772476f, 0.03979014977812767f, 0.1202552504837513f, 0.2035212516784668f,
    0.2920137718319893f, 0.3893125355243683f, 0.5016634166240692f, 0.6427869200706482f, 0.8614784178118011f,
};

const std::array<float, 256> nf4::kAbsmaxCodes = {
    -0.99296874f, -0.9789063f, -0.96484375f, -0.9507812f, -0.93671876f, -0.92265624f, -0.9085938f,
    -0.89453125f, -0.8804687f, -0.86640626f, -0.85234374f, -0.8382813f, -0.82421875f, -0.8101562f,
    -0.79609376f, -0.78203124f, -0.7679688f, -0.75390625f, -0.7398437f, -0.72578126f, -0.7117188f,
    -0.6976563f, -0.68359375f, -0.6695312f, -0.65546876f, -0.6414063f, -0.6273438f, -0.61328125f,
    -0.5992187f, -0.58515626f, -0.5710938f, -0.5570313f, -0.54296875f, -0.5289062f, -0.5148437f,
    -0.50078124f, -0.4867187f, -0.47265625f, -0.45859373f, -0.44453126f, -0.43046874f, -0.41640624f,
    -0.40234375f, -0.38828123f, -0.37421876f, -0.36015624f, -0.34609374f, -0.33203125f, -0.31796873f,
    -0.30390626f, -0.28984374f, -0.27578127f, -0.26171875f, -0.24765624f, -0.23359375f, -0.21953125f,
    -0.20546874f, -0.19140625f, -0.17734376f, -0.16328125f, -0.14921875f, -0.13515624f, -0.12109375f,
    -0.107031256f, -0.09859375f, -0.09578126f, -0.092968754f, -0.09015625f, -0.08734375f, -0.08453125f,
    -0.08171876f, -0.07890625f, -0.07609375f, -0.07328125f, -0.070468746f, -0.067656256f, -0.06484375f,
    -0.06203125f, -0.059218753f, -0.05640625f, -0.05359375f, -0.05078125f, -0.04796875f, -0.04515625f,
    -0.042343747f, -0.03953125f, -0.036718752f, -0.03390625f, -0.03109375f, -0.028281251f, -0.02546875f,
    -0.02265625f, -0.019843752f, -0.01703125f, -0.01421875f, -0.01140625f, -0.00971875f, -0.009156249f,
    -0.00859375f, -0.00803125f, -0.00746875f, -0.00690625f, -0.00634375f, -0.00578125f, -0.0052187503f,
    -0.0046562497f, -0.00409375f, -0.0035312497f, -0.00296875f, -0.00240625f, -0.00184375f, -0.0012812499f,
    -0.0009437501f, -0.00083125f, -0.00071875006f, -0.0006062501f, -0.00049375003f, -0.00038125002f,
    -0.00026875004f, -0.00015625001f, -8.875e-05f, -6.625e-05f, -4.375e-05f, -2.1249998e-05f, -7.75e-06f,
    -3.2500002e-06f, -5.5000004e-07f, 0.0f, 5.5000004e-07f, 3.2500002e-06f, 7.75e-06f, 2.1249998e-05f,
    4.375e-05f, 6.625e-05f, 8.875e-05f, 0.00015625001f, 0.00026875004f, 0.00038125002f, 0.00049375003f,
    0.0006062501f, 0.00071875006f, 0.00083125f, 0.0009437501f, 0.0012812499f, 0.00184375f, 0.00240625f,
    0.00296875f, 0.0035312497f, 0.00409375f, 0.0046562497f, 0.0052187503f, 0.00578125f, 0.00634375f,
    0.00690625f, 0.00746875f, 0.00803125f, 0.00859375f, 0.009156249f, 0.00971875f, 0.01140625f, 0.01421875f,
    0.01703125f, 0.019843752f, 0.02265625f, 0.02546875f, 0.028281251f, 0.03109375f, 0.03390625f,
    0.036718752f, 0.03953125f, 0.042343747f, 0.04515625f, 0.04796875f, 0.05078125f, 0.05359375f,
    0.05640625f, 0.059218753f, 0.06203125f, 0.06484375f, 0.067656256f, 0.070468746f, 0.07328125f,
    0.07609375f, 0.07890625f, 0.08171876f, 0.08453125f, 0.08734375f, 0.09015625f, 0.092968754f, 0.09578126f,
    0.09859375f, 0.107031256f, 0.12109375f, 0.13515624f, 0.14921875f, 0.16328125f, 0.17734376f, 0.19140625f,
    0.20546874f, 0.21953125f, 0.23359375f, 0.24765624f, 0.26171875f, 0.27578127f, 0.28984374f, 0.30390626f,
    0.31796873f, 0.33203125f, 0.34609374f, 0.36015624f, 0.37421876f, 0.38828123f, 0.40234375f, 0.41640624f,
    0.43046874f, 0.44453126f, 0.45859373f, 0.47265625f, 0.4867187f, 0.50078124f, 0.5148437f, 0.5289062f,
    0.54296875f, 0.5570313f, 0.5710938f, 0.58515626f, 0.5992187f, 0.61328125f, 0.6273438f, 0.6414063f,
    0.65546876f, 0.6695312f, 0.68359375f, 0.6976563f, 0.7117188f, 0.72578126f, 0.7398437f, 0.75390625f,
    0.7679688f, 0.78203124f, 0.79609376f, 0.8101562f, 0.82421875f, 0.8382813f, 0.85234374f, 0.86640626f,
    0.8804687f, 0.89453125f, 0.9085938f, 0.92265624f, 0.93671876f, 0.9507812f, 0.96484375f, 0.9789063f,
    0.99296874f, 1.0f,
};

static float largestMagnitude(llvm::ArrayRef<float> values) {
  float largest = 0;
  for (float value : values)
    largest = std::max(largest, std::fabs(value));
  return largest;
}

/// The number of thresholds below the value.
static int32_t codeOf(float value, float reciprocal) {
  float x = std::clamp(value * reciprocal, -1.0f, 1.0f);
  return std::lower_bound(kThresholds.begin(), kThresholds.end(), x) - kThresholds.begin();
}

/// The nearest code of the map; a tie goes to the lower one.
static int32_t absmaxCodeOf(float x) {
  const auto &map = nf4::kAbsmaxCodes;
  auto above = std::lower_bound(map.begin(), map.end(), x);
  if (above == map.begin())
    return 0;
  if (above == map.end())
    return map.size() - 1;
  bool isLower = x - *(above - 1) <= *above - x;
  return above - map.begin() - isLower;
}

nf4::Encoded nf4::encode(llvm::ArrayRef<float> values) {
  int64_t blocks = values.size() / kBlock;
  Encoded out;
  out.codes.assign(values.size() / 8, 0);
  out.absmax.assign((blocks + 3) / 4, 0);
  std::vector<float> absmax(blocks);
  double sum = 0;
  for (int64_t block = 0; block < blocks; ++block) {
    llvm::ArrayRef<float> part = values.slice(block * kBlock, kBlock);
    sum += absmax[block] = largestMagnitude(part);
    float reciprocal = 1.0f / std::max(absmax[block], 1e-38f);
    for (int64_t i = 0; i < kBlock; ++i)
      out.codes[(block * kBlock + i) / 8] |= static_cast<uint32_t>(codeOf(part[i], reciprocal)) << shiftOf(i % 8);
  }
  out.offset = static_cast<float>(sum / static_cast<double>(std::max<int64_t>(blocks, 1)));
  for (float &value : absmax)
    value -= out.offset;
  for (int64_t first = 0; first < blocks; first += kOuterBlock) {
    llvm::ArrayRef<float> part = llvm::ArrayRef(absmax).slice(first, std::min(kOuterBlock, blocks - first));
    out.scales.push_back(largestMagnitude(part));
    float reciprocal = 1.0f / std::max(out.scales.back(), 1e-38f);
    for (auto [i, value] : llvm::enumerate(part)) {
      int64_t block = first + static_cast<int64_t>(i);
      uint32_t code = absmaxCodeOf(std::clamp(value * reciprocal, -1.0f, 1.0f));
      out.absmax[block / 4] |= code << (8 * (block % 4));
    }
  }
  return out;
}

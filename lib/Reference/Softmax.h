// One row of softmax (Spec, section Softmax), which attention and cross-entropy share.
#pragma once
#include "intq/Format/Math.h"
#include "intq/Format/Reduce.h"

namespace intq::reference {

/// The largest kept element; NaN is never larger, −Inf where nothing is kept. `keep` (null: all
/// kept) has one entry an element.
inline float rowMax(int64_t count, const float *x, const int32_t *keep) {
  float max = -std::numeric_limits<float>::infinity();
  for (int64_t j = 0; j < count; ++j)
    if ((!keep || keep[j]) && max < x[j])
      max = x[j];
  return max;
}

/// p = div(e, Σ e), e = exp(sub(x, max)); +0 where not kept, and everywhere in a row without a
/// kept element. `p` may be `x`.
inline void softmaxRow(int64_t count, const float *x, const int32_t *keep, float *p) {
  ScalarMachine m;
  float max = rowMax(count, x, keep);
  bool any = !keep;
  for (int64_t j = 0; j < count; ++j) {
    bool kept = !keep || keep[j];
    any |= kept;
    p[j] = kept ? exp(m, x[j] - max) : 0.0f;
  }
  float sum = sumLanes(count, [&](int64_t j) { return p[j]; });
  for (int64_t j = 0; j < count; ++j)
    p[j] = any && (!keep || keep[j]) ? p[j] / sum : 0.0f;
}

} // namespace intq::reference

// AdamW, its schedule, and the coefficient of gradient clipping (Spec, section AdamW).
#pragma once
#include "intq/Format/Scalar.h"
#include <array>

namespace intq {

/// Constants of the update, computed in binary64 and rounded once.
struct AdamWConstants {
  float beta1, oneMinusBeta1, beta2, oneMinusBeta2, epsilon;
  AdamWConstants(double beta1, double beta2, double epsilon)
      : beta1(static_cast<float>(beta1)), oneMinusBeta1(static_cast<float>(1.0 - beta1)),
        beta2(static_cast<float>(beta2)), oneMinusBeta2(static_cast<float>(1.0 - beta2)),
        epsilon(static_cast<float>(epsilon)) {}
};

/// What one step multiplies by: see nn.adamw_schedule.
template <class M> struct AdamWSchedule {
  typename M::F size, root, decay;
};
template <class M> struct AdamWScheduleStep {
  AdamWSchedule<M> schedule;
  typename M::D power1, power2; // β1^t, β2^t
};

template <class M>
AdamWScheduleStep<M> adamWSchedule(M &m, typename M::D lr, typename M::D power1,
                                   typename M::D power2, double beta1, double beta2,
                                   double weightDecay, bool ort) {
  using D = typename M::D;
  D one = m.constantD(1.0);
  power1 = m.mulD(power1, m.constantD(beta1));
  power2 = m.mulD(power2, m.constantD(beta2));
  D c1 = m.subD(one, power1), root = m.sqrtD(m.subD(one, power2));
  D decay = m.mulD(lr, m.constantD(weightDecay));
  if (ort)
    return {{m.neg(m.truncate(m.divD(m.mulD(lr, root), c1))), m.constant(1.0f),
             m.neg(m.truncate(decay))},
            power1,
            power2};
  return {{m.neg(m.truncate(m.divD(lr, c1))), m.truncate(root), m.truncate(m.subD(one, decay))},
          power1,
          power2};
}

template <class M> struct AdamWState {
  typename M::F parameter, moment1, moment2;
};

/// One element; `gradient` is already multiplied by the clip coefficient.
template <class M>
AdamWState<M> adamW(M &m, AdamWState<M> s, typename M::F gradient, const AdamWSchedule<M> &schedule,
                    const AdamWConstants &c, bool decay, bool ort) {
  using F = typename M::F;
  s.moment1 = m.fma(m.constant(c.beta1), s.moment1, m.mul(m.constant(c.oneMinusBeta1), gradient));
  s.moment2 = m.fma(m.constant(c.beta2), s.moment2,
                    m.mul(m.mul(m.constant(c.oneMinusBeta2), gradient), gradient));
  F root = m.sqrt(s.moment2);
  if (decay && !ort)
    s.parameter = m.mul(s.parameter, schedule.decay);
  F step = m.div(s.moment1, m.add(ort ? root : m.div(root, schedule.root), m.constant(c.epsilon)));
  s.parameter = m.fma(schedule.size, step, s.parameter);
  if (decay && ort)
    s.parameter = m.fma(schedule.decay, s.parameter, s.parameter);
  return s;
}

/// min(1, maxNorm/(norm + 1e-6)) in binary64, rounded once; 1 where the norm is NaN.
template <class M> typename M::F clipCoefficient(M &m, typename M::D norm, double maxNorm) {
  typename M::D one = m.constantD(1.0);
  typename M::D ratio = m.divD(m.constantD(maxNorm), m.addD(norm, m.constantD(1e-6)));
  return m.truncate(m.selectD(m.ltD(ratio, one), ratio, one));
}

} // namespace intq

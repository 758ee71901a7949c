// An optimizer's moments between the codes of the state and the floats of a checkpoint.
#pragma once
#include "Program.h"

namespace intq::runtime {

/// A moment of the state: an entry of floats, or one of codes with its scales or bases beside it.
struct Moment {
  StateEntry *entry = nullptr, *side = nullptr;

  /// The one whose entry is `entry`.
  Moment(Program &program, StateEntry *entry);
  bool isEncoded() const { return side; }
  mlir::RankedTensorType floatType() const;
  /// Its values.
  void decode(float *values) const;
  /// Takes values as codes, rounded to nearest.
  void encode(const float *values) const;
};

} // namespace intq::runtime

// Verifiers of the optimizer ops of nn.
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/VerifierChecks.h"

using namespace mlir;
using namespace intq;
using namespace intq::nn;

LogicalResult AdamWScheduleOp::verify() {
  if (failed(expectBeta(*this, "beta1", getBeta1())) ||
      failed(expectBeta(*this, "beta2", getBeta2()))) // adamw_schedule_c1
    return failure();
  return expectNotNegative(*this, "weight_decay", getWeightDecay()); // adamw_schedule_c2
}

LogicalResult AdamWOp::verify() {
  ArrayRef<int64_t> shape = getParameter().getType().getShape();
  std::pair<StringRef, Value> others[] = {
      {"moment1", getMoment1()},          {"moment2", getMoment2()},
      {"a gradient", getGradient()},      {"a new parameter", getNewParameter()},
      {"new moment1", getNewMoment1()},   {"new moment2", getNewMoment2()}};
  for (auto [name, value] : others)
    if (failed(expectShape(*this, name, cast<RankedTensorType>(value.getType()).getShape(),
                           shape))) // adamw_c1
      return failure();
  if (failed(expectBeta(*this, "beta1", getBeta1())) ||
      failed(expectBeta(*this, "beta2", getBeta2()))) // adamw_c2
    return failure();
  return expectNotNegative(*this, "epsilon", getEpsilon()); // adamw_c3
}

LogicalResult ClipCoefficientOp::verify() {
  if (getGradients().empty()) // clip_coefficient_c1
    return emitOpError() << "expected at least one gradient, but got none";
  double maxNorm = getMaxNorm().convertToDouble();
  if (maxNorm > 0) // false for NaN
    return success();
  return emitOpError() << "expected max_norm > 0, but got " << maxNorm; // clip_coefficient_c2
}

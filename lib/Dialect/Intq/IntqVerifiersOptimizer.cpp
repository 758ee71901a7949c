// Verifier of the optimizer on codes.
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/VerifierChecks.h"
#include "intq/Format/Moments.h"

using namespace mlir;
using namespace intq;

LogicalResult AdamWOp::verify() {
  RankedTensorType parameter = getParameter().getType();
  auto expectShapes = [&](ArrayRef<std::pair<StringRef, Value>> values, ArrayRef<int64_t> shape) -> LogicalResult {
    for (auto [name, value] : values)
      if (failed(expectShape(*this, name, cast<RankedTensorType>(value.getType()).getShape(), shape)))
        return failure();
    return success();
  };
  if (failed(expectShapes({{"moment1", getMoment1()},
                           {"moment2", getMoment2()},
                           {"a gradient", getGradient()},
                           {"a new parameter", getNewParameter()},
                           {"new moment1", getNewMoment1()},
                           {"new moment2", getNewMoment2()}},
                          parameter.getShape()))) // adamw_c1
    return failure();
  if (failed(expectShapes({{"scales", getScale1()},
                           {"bases", getBase2()},
                           {"new scales", getNewScale1()},
                           {"new bases", getNewBase2()}},
                          momentBlocks(parameter.getNumElements())))) // adamw_c2
    return failure();
  if (failed(expectBeta(*this, "beta1", getBeta1())) || failed(expectBeta(*this, "beta2", getBeta2()))) // adamw_c3
    return failure();
  return expectNotNegative(*this, "epsilon", getEpsilon()); // adamw_c4
}

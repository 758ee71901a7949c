// intq-opt: mlir-opt with the dialects, passes and pipelines of intq.
#include "intq/AutoDiff/AutoDiff.h"
#include "intq/Conversion/OnnxToNN.h"
#include "intq/Dialect/Check/Check.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Pipelines/Training.h"
#include "intq/Dialect/Onnx/Onnx.h"
#include "intq/Quantize/Passes.h"
#include "intq/Target/Cpu/Passes.h"
#include "intq/Transforms/Passes.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<intq::IntqDialect, intq::nn::NNDialect, intq::check::CheckDialect,
                  intq::onnx::OnnxDialect>();
  intq::registerDerivativeRules(registry);
  mlir::registerAllPasses();
  intq::registerIntqAutoDiffPasses();
  intq::registerIntqConversionPasses();
  intq::registerIntqQuantizePasses();
  intq::registerIntqTransformsPasses();
  intq::cpu::registerIntqTargetCpuPasses();
  intq::cpu::registerCpuPipelines();
  intq::registerPipelines();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "intq optimizer driver\n", registry));
}

// intq-training-pipeline: from an imported nn module to integer functions.
#include "intq/Pipelines/Training.h"
#include "intq/AutoDiff/AutoDiff.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Quantize/Passes.h"
#include "intq/Transforms/Passes.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace intq;

static NNAttachOptimizerPassOptions optimizerPass(const OptimizerOptions &o, bool accumulate) {
  NNAttachOptimizerPassOptions pass;
  pass.mode = o.mode;
  pass.beta1 = o.beta1;
  pass.beta2 = o.beta2;
  pass.epsilon = o.epsilon;
  pass.weightDecay = o.weightDecay;
  pass.decayAll = o.decayAll;
  pass.maxGradNorm = o.maxGradNorm;
  pass.accumulate = accumulate;
  return pass;
}

static IntqWtaCrsPassOptions samplingPass(const SamplingOptions &o, StringRef recipe) {
  IntqWtaCrsPassOptions pass;
  pass.ratio = o.ratio;
  pass.minimalK = o.minimalK;
  pass.sampler = o.sampler;
  pass.criterion = o.criterion;
  pass.defensive = o.defensive;
  pass.shareSiblings = o.shareSiblings;
  pass.cache = o.cache;
  // Where products are of integers, a GELU's input is cheaper computed again than kept.
  pass.exactBeforeGelu = recipe != "float" && o.sites.empty();
  pass.sites.assign(o.sites.begin(), o.sites.end());
  return pass;
}

static IntqQDyLoRAPassOptions adapterPass(const AdapterOptions &o) {
  IntqQDyLoRAPassOptions pass;
  pass.targets.assign(o.targets.begin(), o.targets.end());
  pass.ranks.assign(o.ranks.begin(), o.ranks.end());
  pass.evalRanks.assign(o.evalRanks.begin(), o.evalRanks.end());
  pass.alpha = o.alpha;
  pass.scale = o.scale;
  pass.frozen = o.frozen;
  pass.update = o.update;
  pass.weight = o.weight;
  return pass;
}

static void addSimplification(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void intq::buildTrainingPipeline(OpPassManager &pm, const TrainingOptions &options, bool hasBackward) {
  if (options.dropout)
    pm.addPass(createNNSetDropoutPass({*options.dropout}));
  addSimplification(pm);
  pm.addPass(createNNAnnotateInputRangesPass());
  if (!options.adapter.ranks.empty()) {
    pm.addPass(createIntqQDyLoRAPass(adapterPass(options.adapter)));
    hasBackward = false;
  }
  bool trains = options.wants(program::kGrad) || options.wants(program::kStep) ||
                options.wants(program::kUpdate);
  if (trains && !hasBackward)
    pm.addPass(createNNDifferentiatePass());
  if (options.wants(program::kEval))
    pm.addPass(createNNExtractEvalPass());
  if (options.wants(program::kStep))
    pm.addPass(createNNAttachOptimizerPass(optimizerPass(options.optimizer, false)));
  if (options.wants(program::kUpdate))
    pm.addPass(createNNAttachOptimizerPass(optimizerPass(options.optimizer, true)));
  IntqKeepFunctionsPassOptions keep;
  keep.names.assign(options.functions.begin(), options.functions.end());
  pm.addPass(createIntqKeepFunctionsPass(keep));
  if (options.sampling.ratio > 0.0)
    pm.addPass(createIntqWtaCrsPass(samplingPass(options.sampling, options.recipe)));
  pm.addPass(createNNQuantizePass({options.recipe, options.optimizer.moments}));
  addSimplification(pm);
  if (options.checkpointing)
    pm.addPass(createIntqCheckpointPass());
  pm.addPass(createIntqVerifyIntegerPass());
  pm.addPass(createIntqVerifyStreamsPass());
}

namespace {
struct TrainingPipelineOptions : PassPipelineOptions<TrainingPipelineOptions> {
  Option<std::string> recipe{*this, "recipe", llvm::cl::desc("named recipe or .mlir file"),
                             llvm::cl::init("row8")};
  ListOption<std::string> functions{*this, "functions", llvm::cl::desc("of grad, step, update, eval")};
  Option<bool> hasBackward{*this, "has-backward", llvm::cl::desc("the module came with @grad"),
                           llvm::cl::init(false)};
};
} // namespace

void intq::registerPipelines() {
  PassPipelineRegistration<TrainingPipelineOptions>(
      "intq-training-pipeline", "from an imported nn module to integer functions",
      [](OpPassManager &pm, const TrainingPipelineOptions &o) {
        TrainingOptions options;
        options.recipe = o.recipe;
        options.functions.assign(o.functions.begin(), o.functions.end());
        if (options.functions.empty())
          options.functions = {program::kStep.str()};
        buildTrainingPipeline(pm, options, o.hasBackward);
      });
}

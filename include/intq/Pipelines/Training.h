// The named route from an imported nn module to what an engine runs.
#pragma once
#include "mlir/Pass/PassManager.h"
#include <optional>
#include <string>

namespace intq {

/// AdamW, as nn-attach-optimizer takes it.
struct OptimizerOptions {
  std::string mode = "torch";
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.0, maxGradNorm = 1.0;
  bool decayAll = false;
  std::string moments; ///< f32 or i8, as nn-quantize takes it; empty: as the recipe says
};

/// Weight gradients from a sample of rows, as intq-wta-crs takes it; ratio 0: none.
struct SamplingOptions {
  double ratio = 0.0, defensive = 0.1;
  unsigned minimalK = 10;
  std::string sampler = "wta", criterion = "paper", cache = "none";
  bool shareSiblings = true;
  std::vector<std::string> sites;
};

/// Low-rank adapters, as intq-qdylora takes them; no ranks: none.
struct AdapterOptions {
  llvm::SmallVector<int64_t> ranks, evalRanks;
  std::vector<std::string> targets;
  double alpha = 16.0;
  std::string scale = "alpha/b", update = "dense", weight = "keep";
  bool frozen = false;
  uint64_t seed = 0; ///< of the initial values
};

struct TrainingOptions {
  std::string recipe = "row8";
  std::optional<double> dropout;
  /// What is compiled: of grad, step, update, eval.
  llvm::SmallVector<std::string> functions;
  OptimizerOptions optimizer;
  SamplingOptions sampling;
  /// The backward of a layer computes its forward again from its input (intq-checkpoint).
  bool checkpointing = false;
  AdapterOptions adapter;

  bool wants(llvm::StringRef function) const { return llvm::is_contained(functions, function); }
};

/// Differentiate, extract, attach the optimizer, quantize, and verify the integer contract.
/// `hasBackward`: the module came with @grad (forms A and C).
void buildTrainingPipeline(mlir::OpPassManager &pm, const TrainingOptions &options, bool hasBackward);

/// `--intq-training-pipeline` for intq-opt.
void registerPipelines();

} // namespace intq

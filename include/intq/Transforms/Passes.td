// Passes on whole programs: optimizer, evaluation, input checks, contract.
#ifndef INTQ_TRANSFORMS_PASSES
#define INTQ_TRANSFORMS_PASSES
include "mlir/Pass/PassBase.td"

def IntqCheckpointPass : Pass<"intq-checkpoint", "::mlir::ModuleOp"> {
  let summary = "activation checkpointing: the backward of a layer computes its forward again from its input";
  let description = [{
    Of each layer but the last only the input stays alive between forward and backward; whatever else the backward reads
    is computed again right before its first use there. Layers begin at the last place before a softmax that one
    activation alone crosses. Random numbers are counted, not stored (Spec N5), so every bit is that of the
    program without checkpoints. Runs last, on nn and intq ops: common-subexpression elimination would undo it. A function
    with a backward but without such layers is an error.
    Example: test/Transforms/checkpoint.mlir.
  }];
  let statistics = [Statistic<"layers", "layers", "layers whose forward is computed again">,
                    Statistic<"ops", "ops", "ops that are computed again">];
}

def IntqKeepFunctionsPass : Pass<"intq-keep-functions", "::mlir::ModuleOp"> {
  let summary = "erase all functions but the named ones";
  let description = [{
    What a module holds after the stages that make functions from each other.
    Example: test/Transforms/keep-functions.mlir.
  }];
  let options = [ListOption<"names", "names", "std::string", "functions to keep">];
  let statistics = [Statistic<"erased", "erased", "functions erased">];
}

def IntqQDyLoRAPass : Pass<"intq-qdylora", "::mlir::ModuleOp"> {
  let summary = "low-rank adapters: LoRA, DyLoRA, QDyLoRA";
  let description = [{
    Runs before nn-differentiate. Parameters get the role `frozen`, except those of the head, so that no
    gradient, update or moment of theirs is ever made. Each linear layer that `targets` name gets two new
    parameters, A [r, in] (`<module>.lora_A.weight`, Kaiming-uniform) and B [out, r]
    (`<module>.lora_B.weight`, zero), r the largest rank, and computes lin(x) + B_b·(s·A_b·x) with their first b
    rows and columns. One function a rank: @forward becomes @forward_r1, @forward_r8…, unless there is one rank.
    `targets`: as PEFT's target_modules (a module's name or its last parts), globs, or all-linear.
    `frozen`: only row and column b − 1 are trained. `update=masked`: an update touches no row or column that
    was not trained; `dense`: momentum and decay go on there, as in the published code. A file that brought
    its backward loses it: the next pass differentiates what is left. docs/Adapters.md.
    Example: test/Transforms/qdylora.mlir.
  }];
  let options = [
    ListOption<"targets", "targets", "std::string", "linear layers to adapt">,
    ListOption<"ranks", "ranks", "int64_t", "ranks to train, in rising order">,
    ListOption<"evalRanks", "eval-ranks", "int64_t", "ranks to evaluate; none: those that are trained">,
    Option<"alpha", "alpha", "double", "16.0", "numerator of the scale">,
    Option<"scale", "scale", "std::string", "\"alpha/b\"", "alpha/b, alpha/sqrt(b), or constant: alpha/r">,
    Option<"frozen", "frozen", "bool", "false", "train row and column b - 1 alone">,
    Option<"update", "update", "std::string", "\"dense\"", "dense or masked">,
    Option<"weight", "weight", "std::string", "\"keep\"", "the adapted weights: keep, or nf4">];
  let statistics = [Statistic<"adapted", "adapted", "linear layers that got an adapter">];
  let dependentDialects = ["::intq::nn::NNDialect"];
}

def IntqVerifyIntegerPass : Pass<"intq-verify-integer", "::mlir::ModuleOp"> {
  let summary = "prove that the layers of the recipe are integer";
  let description = [{
    Fails at the first op that computes a layer which the module's `intq.recipe` makes integer (linear,
    layer norm, embedding, attention product; forward or backward) in float, and names it: the contract of
    docs/Spec.md, section Integer contract. Runs at the end of every integer pipeline.
    Example: test/Transforms/verify-integer.mlir.
  }];
  let statistics = [Statistic<"integerOps", "integer-ops", "integer products, norms and embeddings seen">];
}

def IntqVerifyStreamsPass : Pass<"intq-verify-streams", "::mlir::ModuleOp"> {
  let summary = "no two random streams share an id";
  let description = [{
    Stream names are hashed to 32 bits (Spec N5). Two names with one hash in a function would draw the
    same numbers: an error that names both. Example: test/Transforms/verify-streams.mlir.
  }];
  let statistics = [Statistic<"streams", "streams", "distinct streams">];
}

def IntqWtaCrsPass : Pass<"intq-wta-crs", "::mlir::ModuleOp"> {
  let summary = "weight gradients of linear layers from a sample of rows, so that the layers' inputs need not be kept";
  let description = [{
    dW = dYᵀ·X becomes a product over k of the T rows (docs/Sampling.md): in the forward nn.select_rows picks rows by
    their norms and nn.gather_rows keeps them, so that X dies there; in the backward the same rows of dY, times
    their factors, meet them. Unbiased; dX, bias gradients and the loss do not change. Runs on nn ops, before
    nn-quantize. A layer is left alone, and the reason noted in the module's `intq.sampling`, where X would live on.
    Rows that the attention mask drops are never picked where the loss provably does not depend on them.
    Example: test/Transforms/wta-crs.mlir.
  }];
  let options = [
    Option<"ratio", "ratio", "double", "0.3", "share of the rows that are kept, 0 < ratio ≤ 1">,
    Option<"minimalK", "minimal-k", "int64_t", "10", "rows that are kept at least">,
    Option<"sampler", "sampler", "std::string", "\"wta\"", "wta or pps">,
    Option<"criterion", "criterion", "std::string", "\"paper\"", "of wta: paper or squared">,
    Option<"defensive", "defensive", "double", "0.1", "share of the distribution that is uniform, 0 to 0.5">,
    Option<"shareSiblings", "share-siblings", "bool", "true", "one choice of rows for all layers that read the same X">,
    Option<"cache", "cache", "std::string", "\"none\"",
           "gradient norms of the sample's last visit: none, token or sample (an input and an output of the function)">,
    Option<"exactBeforeGelu", "exact-before-gelu", "bool", "false",
           "leave the layer before a GELU exact: the GELU's input is computed again from that layer's input">,
    ListOption<"sites", "sites", "std::string", "parts of names of the weights; none: all linear layers on tokens">];
  let statistics = [Statistic<"sampled", "sampled", "weight gradients from a sample">];
  let dependentDialects = ["::intq::nn::NNDialect"];
}

def NNAnnotateInputRangesPass : Pass<"nn-annotate-input-ranges", "::mlir::ModuleOp"> {
  let summary = "which values each integer input may have, from how it is used";
  let description = [{
    An input that indexes a table of V rows must be in [0, V); labels of a cross-entropy over C classes
    in [0, C), or ignore_index; a mask 0 or 1. Follows layout ops. Sets `intq.range` and `intq.ignore`, which
    the runtime checks before each run. Example: test/Transforms/annotate-input-ranges.mlir.
  }];
  let statistics = [Statistic<"annotated", "annotated", "inputs that got a range">];
}

def NNAttachOptimizerPass : Pass<"nn-attach-optimizer", "::mlir::ModuleOp"> {
  let summary = "make @step out of @grad: AdamW on every parameter, inside the step";
  let description = [{
    Clones @grad to @step, adds moments, powers and %lr to its arguments, and replaces the gradients
    among its results by the new state. Without clipping each update stands right after its gradient, so
    that no gradient outlives its use. With `accumulate`, makes @update instead: the same update with the
    gradients as inputs. Weight decay skips rank-1 parameters (biases and norm weights), as Hugging
    Face does, unless `decay-all`.
    Example: test/Transforms/attach-optimizer.mlir.
  }];
  let options = [
    Option<"mode", "mode", "std::string", "\"torch\"", "whose AdamW: torch or ort">,
    Option<"beta1", "beta1", "double", "0.9", "decay of the first moment">,
    Option<"beta2", "beta2", "double", "0.999", "decay of the second moment">,
    Option<"epsilon", "epsilon", "double", "1e-8", "term added to the denominator">,
    Option<"weightDecay", "weight-decay", "double", "0.0", "decoupled weight decay">,
    Option<"decayAll", "decay-all", "bool", "false", "decay biases and norm weights too">,
    Option<"maxGradNorm", "max-grad-norm", "double", "1.0", "clip the global gradient norm; 0: do not">,
    Option<"accumulate", "accumulate", "bool", "false", "make @update instead of @step">];
  let statistics = [Statistic<"updates", "updates", "parameters with an update">];
  let dependentDialects = ["::intq::nn::NNDialect"];
}

def NNExtractEvalPass : Pass<"nn-extract-eval", "::mlir::ModuleOp"> {
  let summary = "make @eval: the outputs alone, without dropout";
  let description = [{
    Clones @forward (or @grad, where the file brought its backward) to @eval, drops gradients from the
    results, dropout, and everything that nothing reads any more.
    Example: test/Transforms/extract-eval.mlir.
  }];
  let statistics = [Statistic<"dropouts", "dropouts", "dropout ops removed">];
}

def NNSetDropoutPass : Pass<"nn-set-dropout", "::mlir::ModuleOp"> {
  let summary = "replace every dropout ratio";
  let description = [{
    Sets the ratio of every nn.dropout; ratio 0 removes the op.
    Example: test/Transforms/set-dropout.mlir.
  }];
  let options = [Option<"ratio", "ratio", "double", "0.0", "the new ratio, 0 ≤ ratio < 1">];
  let statistics = [Statistic<"changed", "changed", "dropout ops changed">];
}
#endif

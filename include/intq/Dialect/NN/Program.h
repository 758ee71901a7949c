// Names of the attributes that describe a program (docs/Program.md), and the few
// queries that every stage makes.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/JSON.h"

namespace intq::program {

// Functions.
inline constexpr llvm::StringLiteral kForward = "forward", kGrad = "grad", kStep = "step",
                                     kUpdate = "update", kEval = "eval";
// Attributes of arguments.
inline constexpr llvm::StringLiteral kInput = "intq.input", kDtype = "intq.dtype",
                                     kRange = "intq.range", kIgnore = "intq.ignore",
                                     kState = "intq.state", kRole = "intq.role",
                                     kFile = "intq.file", kTransposed = "intq.transposed",
                                     kRows = "intq.rows", kUsers = "intq.users", kRng = "intq.rng", kLr = "intq.lr",
                                     kInit = "intq.init", kTrained = "intq.trained", kMasked = "intq.masked",
                                     kEncoded = "intq.nf4";
// Attributes of results.
inline constexpr llvm::StringLiteral kOutput = "intq.output", kLoss = "intq.loss",
                                     kGradient = "intq.grad";
// Attributes of the module.
inline constexpr llvm::StringLiteral kRecipe = "intq.recipe", kForm = "intq.form",
                                     kNormCache = "norm_cache",
                                     kSampling = "intq.sampling",
                                     kRanks = "intq.ranks", kEvalRanks = "intq.eval_ranks";
// Attribute of a function: no gradient is wanted of it.
inline constexpr llvm::StringLiteral kEvalOnly = "intq.eval_only";

inline constexpr llvm::StringLiteral kParameter = "parameter", kFrozen = "frozen",
                                     kMoment1 = "moment1", kMoment2 = "moment2",
                                     kPowers = "powers";
// Names of what stands beside the codes of a moment: <parameter>/moment1_scale, <parameter>/moment2_base.
inline constexpr llvm::StringLiteral kScaleSuffix = "_scale", kBaseSuffix = "_base";

/// The string attribute `name` of argument `index`, or "".
llvm::StringRef argString(mlir::func::FuncOp func, unsigned index, llvm::StringRef name);
/// The string attribute `name` of result `index`, or "".
llvm::StringRef resultString(mlir::func::FuncOp func, unsigned index, llvm::StringRef name);
/// Whether argument `index` is a trainable parameter.
bool isTrainable(mlir::func::FuncOp func, unsigned index);
/// The index of the loss among the results, or failure with an error on the function.
llvm::FailureOr<unsigned> lossResult(mlir::func::FuncOp func);
/// The random-number key of the function; appended to its arguments where it is missing.
mlir::Value getOrAddRng(mlir::func::FuncOp func);
/// Values that depend on the seed of the loss: cotangents, and what the optimizer makes of them.
llvm::DenseSet<mlir::Value> cotangents(mlir::func::FuncOp func);
/// The names of the gradients among the results, in order: (result index, parameter).
llvm::SmallVector<std::pair<unsigned, llvm::StringRef>> gradients(mlir::func::FuncOp func);
/// Makes @grad of a file @forward, for intq's own differentiation; nothing where there is no @grad.
void dropBackward(mlir::ModuleOp module);
/// The functions of a stage: @base, or one a rank of the adapters: @base_r1, @base_r8… (docs/Adapters.md).
llvm::SmallVector<mlir::func::FuncOp> variants(mlir::ModuleOp module, llvm::StringRef base);
/// Whether `name` is that of a function of the stage `base`.
bool isVariant(llvm::StringRef name, llvm::StringRef base);
/// The name of the variant `func` of stage `from` at stage `to`: @forward_r8 → grad_r8.
std::string variantName(mlir::func::FuncOp func, llvm::StringRef from, llvm::StringRef to);
/// Bytes of a tensor or buffer in its dense form.
int64_t denseBytes(mlir::ShapedType type);
/// What a pass reports, strings and integers, for the info.
llvm::json::Object toJson(mlir::DictionaryAttr report);

} // namespace intq::program

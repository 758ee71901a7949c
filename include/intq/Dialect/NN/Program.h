// Names of the attributes that describe a program (docs/Program.md), and the few
// queries that every stage makes.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace intq::program {

// Functions.
inline constexpr llvm::StringLiteral kForward = "forward", kGrad = "grad", kStep = "step",
                                     kUpdate = "update", kEval = "eval";
// Attributes of arguments.
inline constexpr llvm::StringLiteral kInput = "intq.input", kDtype = "intq.dtype",
                                     kRange = "intq.range", kIgnore = "intq.ignore",
                                     kState = "intq.state", kRole = "intq.role",
                                     kFile = "intq.file", kTransposed = "intq.transposed",
                                     kRows = "intq.rows", kUsers = "intq.users", kRng = "intq.rng", kLr = "intq.lr";
// Attributes of results.
inline constexpr llvm::StringLiteral kOutput = "intq.output", kLoss = "intq.loss",
                                     kGradient = "intq.grad";
// Attributes of the module.
inline constexpr llvm::StringLiteral kRecipe = "intq.recipe", kForm = "intq.form",
                                     kNormCache = "norm_cache",
                                     kSampling = "intq.sampling";

inline constexpr llvm::StringLiteral kParameter = "parameter", kFrozen = "frozen",
                                     kMoment1 = "moment1", kMoment2 = "moment2",
                                     kPowers = "powers";

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

} // namespace intq::program

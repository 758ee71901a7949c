// What intq_inspect says beyond the info of a program.
#pragma once
#include "intq/Dialect/Intq/Intq.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

namespace intq::runtime {

/// A line a kind of nn op: how many, and the formats of `recipe` for it, or why it stays float.
llvm::json::Array describeLayers(mlir::ModuleOp module, RecipeAttr recipe);

/// Kinds of the forward ops that read each state entry, in order: a parameter with several is tied.
llvm::StringMap<std::vector<std::string>> usesOfState(mlir::ModuleOp module);

} // namespace intq::runtime

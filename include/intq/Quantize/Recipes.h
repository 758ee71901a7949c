// The named recipes, and recipes from files.
#pragma once
#include "intq/Dialect/Intq/Intq.h"

namespace intq {

/// The recipe `name` (float, paper16, …, row8), or the one in the file `name` where it ends in .mlir:
/// a module with an `intq.recipe` attribute. Failure with an error at `loc`.
llvm::FailureOr<RecipeAttr> lookupRecipe(mlir::Location loc, llvm::StringRef name);

/// The names of the built-in recipes, sorted.
llvm::ArrayRef<llvm::StringRef> recipeNames();

} // namespace intq

// The named recipes: the files of lib/Quantize/recipes, embedded at build time.
#include "intq/Quantize/Recipes.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace intq;

namespace {
struct Embedded {
  StringRef name, text;
};
const Embedded embedded[] = {
#include "EmbeddedRecipes.inc"
};
} // namespace

ArrayRef<StringRef> intq::recipeNames() {
  static const SmallVector<StringRef> names =
      llvm::map_to_vector(embedded, [](const Embedded &e) { return e.name; });
  return names;
}

static FailureOr<RecipeAttr> parseRecipe(Location loc, StringRef text, StringRef origin) {
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, ParserConfig(loc.getContext()), origin);
  if (!module)
    return emitError(loc) << "expected a recipe in " << origin << ", but it does not parse";
  auto recipe = module.get()->getAttrOfType<RecipeAttr>("intq.recipe");
  if (!recipe)
    return emitError(loc) << "expected a module with an intq.recipe attribute in " << origin
                          << ", but got none";
  return recipe;
}

FailureOr<RecipeAttr> intq::lookupRecipe(Location loc, StringRef name) {
  for (const Embedded &e : embedded)
    if (e.name == name)
      return parseRecipe(loc, e.text, e.name);
  if (!name.ends_with(".mlir"))
    return emitError(loc) << "expected a recipe (" << llvm::join(recipeNames(), ", ")
                          << ", or the path of a .mlir file), but got '" << name << "'";
  auto file = llvm::MemoryBuffer::getFile(name, /*IsText=*/true);
  if (!file)
    return emitError(loc) << "cannot read the recipe " << name << ": " << file.getError().message();
  return parseRecipe(loc, (*file)->getBuffer(), name);
}

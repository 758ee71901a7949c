// What intq_inspect adds to the info of a program: the file itself, which layers use a parameter, and what
// a recipe quantizes of the layers and what not.
#include "Inspect.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Quantize/Recipes.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace intq;
using namespace intq::runtime;
namespace json = llvm::json;

/// How the keys of a recipe (docs/Recipes.md) for `op` begin; "" for what no recipe quantizes. A layer of the
/// forward has those of its gradients as well.
static StringRef keyPrefix(Operation *op) {
  if (isa<nn::LinearOp>(op))
    return "linear_";
  if (isa<nn::LinearInputGradOp, nn::BiasGradOp>(op))
    return "linear_input_grad";
  if (isa<nn::LinearWeightGradOp>(op))
    return "linear_weight_grad";
  if (auto product = dyn_cast<nn::MatmulOp>(op))
    return product.getType().getRank() < 3 ? "" : "matmul_";
  if (isa<nn::LayerNormOp, nn::LayerNormGradOp>(op))
    return "layer_norm_";
  return isa<nn::EmbeddingOp>(op) ? "embedding_" : isa<nn::EmbeddingGradOp>(op) ? "embedding_gradient" : "";
}

static json::Object formatsOf(RecipeAttr recipe, StringRef prefix) {
  json::Object formats;
  for (NamedAttribute entry : recipe.getFormats())
    if (!prefix.empty() && entry.getName().getValue().starts_with(prefix)) {
      std::string text;
      llvm::raw_string_ostream(text) << entry.getValue();
      StringRef inner = text;
      inner.consume_front("#intq.format<");
      inner.consume_back(">");
      formats[entry.getName().str()] = inner.str();
    }
  return formats;
}

/// Why `op` stays in binary32.
static std::string whyFloat(Operation *op, StringRef prefix, RecipeAttr recipe) {
  if (isa<nn::MatmulOp>(op) && prefix.empty())
    return "a product of rank 2 that is no linear layer: no recipe has a format for it, and only those without "
           "matmul formats (float, paper) take the file";
  if (prefix.empty())
    return "no product, norm or table: no recipe quantizes it";
  return "the recipe " + recipe.getName().str() + " has no format for it";
}

/// Moves of data compute nothing.
static bool computes(Operation *op) {
  return isa<nn::NNDialect>(op->getDialect()) &&
         !isa<nn::ConstantOp, nn::ReshapeOp, nn::TransposeOp, nn::SliceOp, nn::PadOp, nn::ConcatOp, nn::BroadcastOp>(op);
}

json::Array runtime::describeLayers(ModuleOp module, RecipeAttr recipe) {
  struct Kind {
    int64_t count = 0;
    json::Object formats;
    std::string reason;
  };
  llvm::MapVector<std::pair<StringRef, StringRef>, Kind> kinds; // by name and prefix of keys
  module.walk([&](Operation *op) {
    if (!computes(op))
      return;
    StringRef prefix = keyPrefix(op);
    auto [it, isNew] = kinds.insert({{op->getName().stripDialect(), prefix}, Kind()});
    ++it->second.count;
    if (!isNew)
      return;
    it->second.formats = formatsOf(recipe, prefix);
    if (it->second.formats.empty())
      it->second.reason = whyFloat(op, prefix, recipe);
  });
  json::Array layers;
  for (auto &[name, kind] : kinds) {
    json::Object layer{{"kind", name.first}, {"count", kind.count}, {"quantized", !kind.formats.empty()}};
    if (kind.formats.empty())
      layer["reason"] = kind.reason;
    else
      layer["formats"] = std::move(kind.formats);
    layers.push_back(std::move(layer));
  }
  return layers;
}

llvm::StringMap<std::vector<std::string>> runtime::usesOfState(ModuleOp module) {
  llvm::StringMap<std::vector<std::string>> uses;
  for (auto func : module.getOps<func::FuncOp>())
    for (unsigned i = 0; i < func.getNumArguments(); ++i) {
      StringRef name = program::argString(func, i, program::kState);
      if (name.empty())
        continue;
      auto &list = uses[name];
      llvm::SmallVector<Operation *> users(func.getArgument(i).getUsers());
      llvm::sort(users, [](Operation *a, Operation *b) { return a != b && a->isBeforeInBlock(b); });
      for (Operation *op : users)
        if (isa<nn::NNDialect>(op->getDialect()) && !op->getName().stripDialect().ends_with("_grad"))
          list.push_back(op->getName().stripDialect().str());
    }
  return uses;
}

// intq-qdylora: low-rank adapters in place of full fine-tuning, one function a rank (docs/Adapters.md).
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Format/Nf4.h"
#include "intq/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/GlobPattern.h"
#include <cmath>

namespace intq {
#define GEN_PASS_DEF_INTQQDYLORAPASS
#include "intq/Transforms/Passes.h.inc"
} // namespace intq

using namespace mlir;
using namespace intq;

/// Of a parameter `a.b.weight`: `a.b`.
static StringRef moduleOf(StringRef parameter) {
  parameter.consume_back(".weight");
  return parameter;
}

static StringRef nameOf(Value parameter) {
  auto arg = dyn_cast<BlockArgument>(parameter);
  auto func = arg ? dyn_cast<func::FuncOp>(arg.getOwner()->getParentOp()) : func::FuncOp();
  return func ? program::argString(func, arg.getArgNumber(), program::kState) : StringRef();
}

/// As PEFT reads target_modules: a whole name or its last parts; with `*`, `?` or `[`, a glob of the whole name.
static bool matches(StringRef module, StringRef pattern) {
  if (pattern.find_first_of("*?[") == StringRef::npos)
    return module == pattern || (module.ends_with(pattern) && module.drop_back(pattern.size()).ends_with("."));
  llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(pattern);
  if (!glob) {
    llvm::consumeError(glob.takeError());
    return false;
  }
  return glob->match(module);
}

namespace {
struct Settings {
  SmallVector<StringRef> targets;
  int64_t largest = 0;
  double alpha = 0;
  StringRef scale;
  bool frozen = false, masked = false, nf4 = false;

  float factor(int64_t rank) const {
    double b = scale == "constant" ? largest : rank;
    return static_cast<float>(alpha / (scale == "alpha/sqrt(b)" ? std::sqrt(b) : b));
  }
};

/// The first factor A [r, in] and the second B [out, r] of one weight.
struct Factors {
  Value a, b;
};

/// Adapts one function at one rank.
class Adapting {
public:
  Adapting(func::FuncOp func, const Settings &settings, int64_t rank)
      : func(func), settings(settings), rank(rank), b(func.getContext()) {}

  LogicalResult run();
  unsigned adapted = 0;

private:
  LogicalResult findTargets();
  void freeze();
  bool isHead(StringRef name) const;
  Value addParameter(const Twine &name, int64_t rows, int64_t columns, int64_t rankDimension);
  Value leadingRanks(Value factor, int64_t dimension);
  void adapt(nn::LinearOp op);
  LogicalResult encode(BlockArgument weight);

  func::FuncOp func;
  const Settings &settings;
  int64_t rank;
  OpBuilder b;
  SmallVector<nn::LinearOp> targets;
  std::string head; ///< what the names of the head's parameters begin with
  llvm::MapVector<Value, Factors> factors;
};
} // namespace

/// The head is the last linear layer, with everything that shares the first part of its name unless the
/// encoder's tables share it too: PEFT's modules_to_save of a classifier.
static std::string findHead(func::FuncOp func) {
  nn::LinearOp last;
  func.walk([&](nn::LinearOp op) { last = op; });
  if (!last)
    return "";
  StringRef name = nameOf(last.getWeight()), first = name.split('.').first;
  bool shared = false;
  func.walk([&](nn::EmbeddingOp op) { shared |= nameOf(op.getTable()).split('.').first == first; });
  return (shared ? moduleOf(name) : first).str() + ".";
}

bool Adapting::isHead(StringRef name) const { return name.starts_with(head); }

LogicalResult Adapting::findTargets() {
  head = findHead(func);
  SmallVector<StringRef> seen;
  func.walk([&](nn::LinearOp op) {
    StringRef name = nameOf(op.getWeight());
    if (name.empty() || isHead(name))
      return;
    seen.push_back(moduleOf(name));
    bool all = llvm::is_contained(settings.targets, "all-linear");
    if (all || llvm::any_of(settings.targets, [&](StringRef p) { return matches(moduleOf(name), p); }))
      targets.push_back(op);
  });
  for (StringRef pattern : settings.targets)
    if (pattern != "all-linear" && llvm::none_of(seen, [&](StringRef m) { return matches(m, pattern); }))
      return func.emitError() << "expected a target that names a linear layer before the head, but '" << pattern
                              << "' names none of " << llvm::join(seen, ", ");
  if (targets.empty())
    return func.emitError() << "expected a linear layer to adapt before the head, but the graph has none";
  return success();
}

/// Everything but the head stops being trained.
void Adapting::freeze() {
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    if (program::isTrainable(func, i) && !isHead(program::argString(func, i, program::kState)))
      func.setArgAttr(i, program::kRole, b.getStringAttr(program::kFrozen));
}

Value Adapting::addParameter(const Twine &name, int64_t rows, int64_t columns, int64_t rankDimension) {
  SmallVector<NamedAttribute> attrs = {b.getNamedAttr(program::kState, b.getStringAttr(name)),
                                       b.getNamedAttr(program::kRole, b.getStringAttr(program::kParameter))};
  if (rankDimension == 0)
    attrs.push_back(b.getNamedAttr(program::kInit, b.getStringAttr("kaiming_uniform")));
  if (settings.frozen || (settings.masked && rank < settings.largest))
    attrs.push_back(b.getNamedAttr(
        program::kTrained, b.getDenseI64ArrayAttr({rankDimension, settings.frozen ? rank - 1 : 0, rank})));
  if (settings.masked)
    attrs.push_back(b.getNamedAttr(program::kMasked, b.getUnitAttr()));
  unsigned index = func.getNumArguments();
  auto type = RankedTensorType::get({rows, columns}, b.getF32Type());
  (void)func.insertArgument(index, type, b.getDictionaryAttr(attrs), func.getLoc());
  return func.getArgument(index);
}

/// Truncation: no row or column at or above the rank is read.
Value Adapting::leadingRanks(Value factor, int64_t dimension) {
  return rank == settings.largest ? factor : nn::SliceOp::create(b, factor.getLoc(), factor, dimension, 0, rank).getResult();
}

/// y = lin(x, W) + B_b·(s·A_b·x); the scale stands on the small product.
void Adapting::adapt(nn::LinearOp op) {
  auto weight = cast<RankedTensorType>(op.getWeight().getType());
  StringRef module = moduleOf(nameOf(op.getWeight()));
  std::string nameA = (module + ".lora_A.weight").str(), nameB = (module + ".lora_B.weight").str();
  Factors &f = factors[op.getWeight()];
  if (!f.a) {
    f.a = addParameter(nameA, settings.largest, weight.getDimSize(1), 0);
    f.b = addParameter(nameB, weight.getDimSize(0), settings.largest, 1);
  }
  Location loc = op.getLoc();
  b.setInsertionPointAfter(op);
  auto y = cast<RankedTensorType>(op.getY().getType());
  SmallVector<int64_t> shape(y.getShape());
  shape.back() = rank;
  Value u = nn::LinearOp::create(b, loc, y.clone(shape), op.getX(), leadingRanks(f.a, 0), Value(),
                                 b.getStringAttr(nameA));
  u = nn::ScaleOp::create(b, loc, u.getType(), u, b.getF32FloatAttr(settings.factor(rank)));
  Value v = nn::LinearOp::create(b, loc, y, u, leadingRanks(f.b, 1), Value(), b.getStringAttr(nameB));
  auto sum = nn::AddOp::create(b, loc, y, op.getY(), v);
  op.getY().replaceAllUsesExcept(sum.getResult(), sum);
  ++adapted;
}

/// NF4 codes in the state in place of a frozen weight, decoded where it is read first.
LogicalResult Adapting::encode(BlockArgument weight) {
  auto type = cast<RankedTensorType>(weight.getType());
  StringRef name = nameOf(weight);
  int64_t elements = type.getNumElements();
  if (elements % nf4::kBlock != 0)
    return func.emitError() << "expected a weight with a multiple of " << nf4::kBlock << " elements for NF4, but got '"
                            << name << "' of " << type;
  auto blocks = elements / nf4::kBlock;
  auto words = RankedTensorType::get({elements / 8}, b.getI32Type());
  auto bytes = RankedTensorType::get({static_cast<int64_t>(llvm::divideCeil(blocks, 4))}, b.getI32Type());
  auto scales = RankedTensorType::get({static_cast<int64_t>(llvm::divideCeil(blocks, nf4::kOuterBlock))}, b.getF32Type());
  auto scalar = RankedTensorType::get({}, b.getF32Type());
  DictionaryAttr old = func.getArgAttrDict(weight.getArgNumber());
  SmallVector<Value> operands;
  for (auto [part, partType] : {std::pair<StringRef, RankedTensorType>{"codes", words}, {"absmax", bytes},
                                {"scales", scales}, {"offset", scalar}}) {
    NamedAttrList attrs(old);
    attrs.set(program::kState, b.getStringAttr(name + "/nf4_" + part));
    attrs.set(program::kEncoded, TypeAttr::get(type));
    unsigned index = func.getNumArguments();
    (void)func.insertArgument(index, partType, attrs.getDictionary(b.getContext()), func.getLoc());
    operands.push_back(func.getArgument(index));
  }
  Operation *first = nullptr;
  for (Operation *user : weight.getUsers())
    if (!first || user->isBeforeInBlock(first))
      first = user;
  b.setInsertionPoint(first);
  auto mapType = RankedTensorType::get({256}, b.getF32Type());
  operands.push_back(nn::ConstantOp::create(b, func.getLoc(), mapType,
                                            DenseElementsAttr::get(mapType, ArrayRef(nf4::kAbsmaxCodes))));
  Value decoded = nn::Nf4DequantizeOp::create(b, func.getLoc(), type, operands);
  weight.replaceAllUsesWith(decoded);
  (void)func.eraseArgument(weight.getArgNumber());
  return success();
}

LogicalResult Adapting::run() {
  if (failed(findTargets()))
    return failure();
  freeze();
  for (nn::LinearOp op : targets)
    adapt(op);
  if (settings.nf4)
    for (auto &[weight, pair] : factors)
      if (failed(encode(cast<BlockArgument>(weight))))
        return failure();
  return success();
}

namespace {
struct QDyLoRA : intq::impl::IntqQDyLoRAPassBase<QDyLoRA> {
  using IntqQDyLoRAPassBase::IntqQDyLoRAPassBase;

  LogicalResult check(ArrayRef<int64_t> values, StringRef name) {
    if (values.empty() || !llvm::is_sorted(values) || values.front() < 1 ||
        std::adjacent_find(values.begin(), values.end()) != values.end()) {
      auto error = getOperation().emitError() << "intq-qdylora: expected " << name << " of at least 1 in rising order, but got [";
      llvm::interleaveComma(values, error);
      return error << "]";
    }
    return success();
  }

  FailureOr<Settings> settings() {
    auto bad = [&](const Twine &expected, const Twine &got) {
      return getOperation().emitError() << "intq-qdylora: expected " << expected << ", but got " << got;
    };
    if (failed(check(ranks, "ranks")) || (!evalRanks.empty() && failed(check(evalRanks, "eval-ranks"))))
      return failure();
    int64_t largest = ArrayRef<int64_t>(ranks).back();
    if (!evalRanks.empty() && ArrayRef<int64_t>(evalRanks).back() > largest)
      return bad("eval-ranks up to the largest rank " + Twine(largest), Twine(ArrayRef<int64_t>(evalRanks).back()));
    if (!(alpha > 0.0 && std::isfinite(alpha)))
      return bad("alpha above 0", std::to_string(alpha));
    if (scale != "alpha/b" && scale != "alpha/sqrt(b)" && scale != "constant")
      return bad("a scale (alpha/b, alpha/sqrt(b), constant)", "'" + scale + "'");
    if (update != "dense" && update != "masked")
      return bad("an update (dense, masked)", "'" + update + "'");
    if (weight != "keep" && weight != "nf4")
      return bad("a weight (keep, nf4)", "'" + weight + "'");
    if (targets.empty())
      return bad("targets", "none");
    Settings s;
    s.targets.assign(targets.begin(), targets.end());
    s.largest = largest;
    s.alpha = alpha;
    s.scale = scale;
    s.frozen = frozen;
    s.masked = update == "masked";
    s.nf4 = weight == "nf4";
    return s;
  }

  /// @forward; of a file that brought its backward, what is left of @grad without the gradients: frozen layers
  /// need another backward than the file's.
  func::FuncOp forward() {
    ModuleOp module = getOperation();
    if (auto func = module.lookupSymbol<func::FuncOp>(program::kForward))
      return func;
    program::dropBackward(module);
    auto func = module.lookupSymbol<func::FuncOp>(program::kForward);
    if (!func)
      module.emitError() << "expected a function @" << program::kForward << " or @" << program::kGrad
                         << ", but got neither";
    return func;
  }

  void runOnOperation() override {
    FailureOr<Settings> chosen = settings();
    func::FuncOp source = succeeded(chosen) ? forward() : func::FuncOp();
    if (!source)
      return signalPassFailure();
    SmallVector<int64_t> trained(ranks.begin(), ranks.end()), evaluated(evalRanks.begin(), evalRanks.end());
    if (evaluated.empty())
      evaluated = trained;
    SmallVector<int64_t> all(trained);
    llvm::append_range(all, evaluated);
    llvm::sort(all);
    all.erase(llvm::unique(all), all.end());
    Builder b(&getContext());
    for (int64_t rank : all) {
      func::FuncOp variant = all.size() == 1 ? source : source.clone();
      if (variant != source) {
        variant.setName((program::kForward + "_r" + Twine(rank)).str());
        OpBuilder(source).insert(variant);
      }
      if (!llvm::is_contained(trained, rank))
        variant->setAttr(program::kEvalOnly, b.getUnitAttr());
      Adapting adapting(variant, *chosen, rank);
      if (failed(adapting.run()))
        return signalPassFailure();
      adapted += adapting.adapted;
    }
    if (all.size() > 1)
      source.erase();
    getOperation()->setAttr(program::kRanks, b.getDenseI64ArrayAttr(trained));
    getOperation()->setAttr(program::kEvalRanks, b.getDenseI64ArrayAttr(evaluated));
  }
};
} // namespace

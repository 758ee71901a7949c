// intq-wta-crs: weight gradients of linear layers from a sample of rows (docs/Sampling.md).
#include "NormCache.h"
#include "Reshapes.h"
#include "TokenRows.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

namespace intq {
#define GEN_PASS_DEF_INTQWTACRSPASS
#include "intq/Transforms/Passes.h.inc"
} // namespace intq

using namespace mlir;
using namespace intq;

static RankedTensorType tensorType(Value v) { return cast<RankedTensorType>(v.getType()); }
static int64_t rowsOf(Value x) { return tensorType(x).getNumElements() / tensorType(x).getShape().back(); }

/// The ops that read x, or x under another shape.
static void readers(Value x, SmallVectorImpl<Operation *> &found) {
  for (Operation *user : x.getUsers()) {
    if (auto reshape = dyn_cast<nn::ReshapeOp>(user))
      readers(reshape.getResult(), found);
    else
      found.push_back(user);
  }
}

/// Whether the gradient of a GELU reads the layer's output.
static bool feedsGeluGrad(nn::LinearOp op) {
  SmallVector<Operation *> users;
  readers(op.getY(), users);
  return llvm::any_of(users, [](Operation *user) { return isa<nn::GeluGradOp>(user); });
}

namespace {
struct Settings {
  double ratio, defensive;
  int64_t minimalK;
  nn::Sampler sampler;
  nn::Criterion criterion;
  bool shareSiblings, exactBeforeGelu;
  NormCache::Kind cache;
  ArrayRef<std::string> sites;
};

/// The weight gradients that read one X, and the layer whose forward reads it first.
struct Siblings {
  nn::LinearOp forward;
  SmallVector<nn::LinearWeightGradOp> gradients;
};

/// What is reported of a layer: rows kept of how many, or why it was left alone.
struct Report {
  int64_t kept = 0, of = 0;
  std::string reason;
};
using Reports = llvm::MapVector<StringRef, Report>;

class Sampling {
public:
  Sampling(func::FuncOp func, const Settings &settings, Reports &reports)
      : func(func), settings(settings), reports(reports), isGradient(program::cotangents(func)),
        tokens(func, isGradient), cache(func, settings.cache), b(func.getContext()) {}

  unsigned run();

private:
  llvm::MapVector<Value, Siblings> findSiblings();
  bool isWanted(StringRef site) const;
  std::string whyNot(Value x, const Siblings &siblings, int64_t kept);
  int64_t rowsKept(int64_t rows) const;
  bool areAtAnchor(const Siblings &siblings) const;
  void sample(nn::LinearOp forward, ArrayRef<nn::LinearWeightGradOp> gradients, int64_t kept);
  void keepAnchorRows(const Siblings &siblings);
  void keepRows(nn::LinearOp forward, ArrayRef<nn::LinearWeightGradOp> gradients, Value rows, Value scales);
  void leaveAlone(const Siblings &siblings, const std::string &reason);

  func::FuncOp func;
  const Settings &settings;
  Reports &reports;
  DenseSet<Value> isGradient;
  TokenRows tokens;
  NormCache cache;
  OpBuilder b;
};
} // namespace

bool Sampling::isWanted(StringRef site) const {
  return settings.sites.empty() ||
         llvm::any_of(settings.sites, [&](const std::string &part) { return site.contains(part); });
}

llvm::MapVector<Value, Siblings> Sampling::findSiblings() {
  llvm::MapVector<Value, Siblings> found;
  func.walk([&](nn::LinearWeightGradOp op) { found[rootOf(op.getX())].gradients.push_back(op); });
  func.walk([&](nn::LinearOp op) {
    auto it = found.find(rootOf(op.getX()));
    if (it != found.end() && !it->second.forward)
      it->second.forward = op;
  });
  return found;
}

int64_t Sampling::rowsKept(int64_t rows) const {
  return std::max(static_cast<int64_t>(static_cast<double>(rows) * settings.ratio), settings.minimalK);
}

/// Empty where the gradients can and should come from a sample.
std::string Sampling::whyNot(Value x, const Siblings &siblings, int64_t kept) {
  nn::LinearWeightGradOp first = siblings.gradients.front();
  if (!llvm::all_of(siblings.gradients, [&](nn::LinearWeightGradOp op) { return isWanted(op.getSite()); }))
    return "not among the chosen sites";
  if (first.getSite().contains("lora_B"))
    return "the second factor of an adapter stays exact: its input is small";
  if (tensorType(first.getX()).getRank() < 3)
    return "its rows are not tokens";
  if (isGradient.contains(x) || !siblings.forward)
    return "no forward layer reads its input";
  if (kept >= rowsOf(first.getX()))
    return ("all " + Twine(rowsOf(first.getX())) + " rows would be kept").str();
  SmallVector<Operation *> users;
  readers(x, users);
  for (Operation *user : users) {
    bool backward = llvm::any_of(user->getOperands(), [&](Value v) { return isGradient.contains(v); });
    if (backward && !llvm::is_contained(siblings.gradients, user))
      return ("its input lives on: " + user->getName().getStringRef() + " reads it in the backward").str();
  }
  if (settings.exactBeforeGelu && feedsGeluGrad(siblings.forward))
    return "its input lives on: the input of the GELU after it is computed again from it";
  return "";
}

bool Sampling::areAtAnchor(const Siblings &siblings) const {
  return llvm::all_of(siblings.gradients, [&](nn::LinearWeightGradOp op) {
    return tokens.isAtAnchor(op.getDy(), isGradient);
  });
}

void Sampling::leaveAlone(const Siblings &siblings, const std::string &reason) {
  for (nn::LinearWeightGradOp op : siblings.gradients)
    reports[op.getSite()].reason = reason;
}

void Sampling::sample(nn::LinearOp forward, ArrayRef<nn::LinearWeightGradOp> gradients, int64_t kept) {
  Location loc = forward.getLoc();
  Value x = forward.getX(), rng = program::getOrAddRng(func);
  int64_t rows = rowsOf(x);
  b.setInsertionPointAfter(forward);
  Value weights = nn::RowNormOp::create(b, loc, RankedTensorType::get({rows}, b.getF32Type()), x);
  weights = cache.weigh(b, weights, x, llvm::map_to_vector(gradients, [](nn::LinearWeightGradOp op) -> Value {
    return op.getDy();
  }));
  nn::LinearWeightGradOp first = gradients.front();
  auto stream = b.getStringAttr(first.getSite() + "/rows");
  auto select = nn::SelectRowsOp::create(
      b, loc, TypeRange{RankedTensorType::get({kept}, b.getI32Type()), RankedTensorType::get({kept}, b.getF32Type())},
      weights, rng, tokens.mask(rows), nn::SamplerAttr::get(b.getContext(), settings.sampler),
      nn::CriterionAttr::get(b.getContext(), settings.criterion), b.getF64FloatAttr(settings.defensive),
      b.getI64IntegerAttr(tokens.anchor(rows)), stream);
  keepRows(forward, gradients, select.getRows(), select.getScales());
}

/// Only B rows have a gradient: they are kept, and the product is exact.
void Sampling::keepAnchorRows(const Siblings &siblings) {
  nn::LinearOp forward = siblings.forward;
  b.setInsertionPointAfter(forward);
  Location loc = forward.getLoc();
  SmallVector<int32_t> numbers = tokens.anchorRows();
  int64_t count = numbers.size();
  auto rows = RankedTensorType::get({count}, b.getI32Type()), scales = RankedTensorType::get({count}, b.getF32Type());
  Value constantRows = nn::ConstantOp::create(b, loc, rows, DenseElementsAttr::get(rows, ArrayRef(numbers)));
  Value ones = nn::ConstantOp::create(b, loc, scales, DenseElementsAttr::get(scales, 1.0f));
  keepRows(forward, siblings.gradients, constantRows, ones);
}

/// X's rows are gathered in the forward, those of its output gradients, times `scales`, in the backward.
void Sampling::keepRows(nn::LinearOp forward, ArrayRef<nn::LinearWeightGradOp> gradients, Value rows, Value scales) {
  Value x = forward.getX();
  int64_t kept = tensorType(rows).getDimSize(0);
  auto type = RankedTensorType::get({kept, tensorType(x).getShape().back()}, b.getF32Type());
  Value sampled = nn::GatherRowsOp::create(b, forward.getLoc(), type, x, rows, Value());
  for (nn::LinearWeightGradOp op : gradients) {
    b.setInsertionPoint(op);
    auto gradientType = RankedTensorType::get({kept, tensorType(op.getDy()).getShape().back()}, b.getF32Type());
    Value g = nn::GatherRowsOp::create(b, op.getLoc(), gradientType, op.getDy(), rows, scales);
    op.getDyMutable().assign(g);
    op.getXMutable().assign(sampled);
    reports[op.getSite()] = {kept, rowsOf(x), ""};
  }
}

unsigned Sampling::run() {
  unsigned count = 0;
  for (auto &[x, siblings] : findSiblings()) {
    bool atAnchor = areAtAnchor(siblings);
    nn::LinearWeightGradOp first = siblings.gradients.front();
    int64_t kept = atAnchor ? tokens.anchorRows().size() : rowsKept(rowsOf(first.getX()));
    if (std::string reason = whyNot(x, siblings, kept); !reason.empty()) {
      leaveAlone(siblings, reason);
      continue;
    }
    count += siblings.gradients.size();
    if (atAnchor)
      keepAnchorRows(siblings);
    else if (settings.shareSiblings)
      sample(siblings.forward, siblings.gradients, kept);
    else
      for (nn::LinearWeightGradOp op : siblings.gradients)
        sample(siblings.forward, op, kept);
  }
  cache.finish();
  return count;
}

static ArrayAttr reportAttr(MLIRContext *context, const Reports &reports) {
  Builder b(context);
  SmallVector<Attribute> entries;
  for (auto &[site, report] : reports) {
    SmallVector<NamedAttribute> entry = {b.getNamedAttr("site", b.getStringAttr(site))};
    if (report.reason.empty()) {
      entry.push_back(b.getNamedAttr("kept", b.getI64IntegerAttr(report.kept)));
      entry.push_back(b.getNamedAttr("of", b.getI64IntegerAttr(report.of)));
    } else {
      entry.push_back(b.getNamedAttr("reason", b.getStringAttr(report.reason)));
    }
    entries.push_back(b.getDictionaryAttr(entry));
  }
  return b.getArrayAttr(entries);
}

namespace {
struct WtaCrs : intq::impl::IntqWtaCrsPassBase<WtaCrs> {
  using IntqWtaCrsPassBase::IntqWtaCrsPassBase;

  FailureOr<Settings> settings() {
    auto bad = [&](const Twine &expected, const Twine &got) {
      return getOperation().emitError() << "intq-wta-crs: expected " << expected << ", but got " << got;
    };
    if (!(ratio > 0.0 && ratio <= 1.0))
      return bad("0 < ratio <= 1", Twine(std::to_string(ratio)));
    if (minimalK < 1)
      return bad("minimal-k of at least 1", Twine(minimalK.getValue()));
    if (!(defensive >= 0.0 && defensive <= 0.5))
      return bad("0 <= defensive <= 0.5", Twine(std::to_string(defensive)));
    std::optional<nn::Sampler> how = nn::symbolizeSampler(sampler);
    if (!how)
      return bad("a sampler (wta, pps)", "'" + sampler + "'");
    std::optional<nn::Criterion> score = nn::symbolizeCriterion(criterion);
    if (!score)
      return bad("a criterion (paper, squared)", "'" + criterion + "'");
    std::optional<NormCache::Kind> kind = NormCache::parse(cache);
    if (!kind)
      return bad("a cache (none, token, sample)", "'" + cache + "'");
    return Settings{ratio, defensive, minimalK, *how, *score, shareSiblings, exactBeforeGelu, *kind, ArrayRef<std::string>(sites)};
  }

  void runOnOperation() override {
    FailureOr<Settings> chosen = settings();
    if (failed(chosen))
      return signalPassFailure();
    Reports reports;
    for (auto func : getOperation().getOps<func::FuncOp>())
      sampled += Sampling(func, *chosen, reports).run();
    getOperation()->setAttr(program::kSampling, reportAttr(&getContext(), reports));
  }
};
} // namespace

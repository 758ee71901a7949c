// Parsing of the options of intq_compile.
#include "Options.h"
#include "intq/Dialect/NN/Program.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace intq;
using namespace intq::runtime;

namespace {
/// Reads the members of one JSON object, collecting everything that is wrong with them.
class Reader {
public:
  Reader(const json::Object &members, StringRef where, std::string &errors)
      : members(members), where(where), errors(errors) {}

  void text(StringRef key, std::string &value) {
    if (const json::Value *v = take(key)) {
      if (auto s = v->getAsString())
        value = s->str();
      else
        wrong(key, "a string", *v);
    }
  }
  void number(StringRef key, double &value) {
    if (const json::Value *v = take(key)) {
      if (auto n = v->getAsNumber())
        value = *n;
      else
        wrong(key, "a number", *v);
    }
  }
  void flag(StringRef key, bool &value) {
    if (const json::Value *v = take(key)) {
      if (auto b = v->getAsBoolean())
        value = *b;
      else
        wrong(key, "true or false", *v);
    }
  }
  void natural(StringRef key, unsigned &value) {
    if (const json::Value *v = take(key)) {
      if (auto n = v->getAsInteger(); n && *n >= 0 && *n <= 4096)
        value = *n;
      else
        wrong(key, "a whole number from 0 to 4096", *v);
    }
  }
  void oneOf(StringRef key, std::string &value, ArrayRef<StringRef> allowed) {
    text(key, value);
    if (!is_contained(allowed, StringRef(value)))
      wrong(key, "one of " + join(allowed, ", "), json::Value(value));
  }
  /// The member `key`, an object, read by `read`.
  void object(StringRef key, function_ref<void(const json::Object &)> read) {
    if (const json::Value *v = take(key)) {
      if (const json::Object *o = v->getAsObject())
        read(*o);
      else
        wrong(key, "an object", *v);
    }
  }
  const json::Value *take(StringRef key) {
    known.insert(key);
    const json::Value *v = members.get(key);
    return v && v->kind() != json::Value::Null ? v : nullptr;
  }
  void wrong(StringRef key, const Twine &expected, const json::Value &got) {
    errors += (Twine(where) + "option '" + key + "': expected " + expected + ", but got ").str();
    raw_string_ostream(errors) << got << "\n";
  }
  void rejectUnknown() {
    for (const auto &entry : members)
      if (!known.contains(entry.first))
        errors += (Twine(where) + "option '" + StringRef(entry.first) + "' is not known\n").str();
  }

private:
  const json::Object &members;
  StringRef where;
  std::string &errors;
  StringSet<> known;
};
} // namespace

static void readOptimizer(const json::Object &object, OptimizerOptions &o, std::string &errors) {
  Reader r(object, "optimizer ", errors);
  r.oneOf("mode", o.mode, {"torch", "ort"});
  r.number("beta1", o.beta1);
  r.number("beta2", o.beta2);
  r.number("epsilon", o.epsilon);
  r.number("weight_decay", o.weightDecay);
  r.number("max_grad_norm", o.maxGradNorm);
  r.flag("decay_all", o.decayAll);
  r.rejectUnknown();
}

static void readTexts(Reader &r, StringRef key, std::vector<std::string> &texts) {
  const json::Value *v = r.take(key);
  if (!v)
    return;
  const json::Array *list = v->getAsArray();
  if (!list || any_of(*list, [](const json::Value &entry) { return !entry.getAsString(); }))
    return r.wrong(key, "a list of strings", *v);
  for (const json::Value &entry : *list)
    texts.push_back(entry.getAsString()->str());
}

static void readSampling(const json::Object &object, SamplingOptions &o, std::string &errors) {
  Reader r(object, "sampling ", errors);
  r.number("ratio", o.ratio);
  r.number("defensive", o.defensive);
  r.natural("minimal_k", o.minimalK);
  r.oneOf("sampler", o.sampler, {"wta", "pps"});
  r.oneOf("criterion", o.criterion, {"paper", "squared"});
  r.oneOf("cache", o.cache, {"none", "token", "sample"});
  r.flag("share_siblings", o.shareSiblings);
  readTexts(r, "sites", o.sites);
  r.rejectUnknown();
  if (!(o.ratio > 0.0 && o.ratio <= 1.0))
    r.wrong("ratio", "a number above 0, at most 1", json::Value(o.ratio));
}

static void readRanks(Reader &r, StringRef key, SmallVectorImpl<int64_t> &values) {
  const json::Value *v = r.take(key);
  if (!v)
    return;
  const json::Array *list = v->getAsArray();
  for (const json::Value &entry : list ? *list : json::Array()) {
    auto rank = entry.getAsInteger();
    if (!rank || *rank < 1 || *rank > 4096)
      return r.wrong(key, "ranks from 1 to 4096", *v);
    values.push_back(*rank);
  }
  if (!list || list->empty())
    r.wrong(key, "a list of ranks", *v);
}

static void readAdapter(const json::Object &object, AdapterOptions &o, std::string &errors) {
  Reader r(object, "adapter ", errors);
  readRanks(r, "ranks", o.ranks);
  readRanks(r, "eval_ranks", o.evalRanks);
  readTexts(r, "targets", o.targets);
  r.number("alpha", o.alpha);
  r.oneOf("scale", o.scale, {"alpha/b", "alpha/sqrt(b)", "constant"});
  r.flag("frozen", o.frozen);
  r.oneOf("update", o.update, {"dense", "masked"});
  r.oneOf("weight", o.weight, {"keep", "nf4"});
  if (const json::Value *v = r.take("seed")) {
    if (auto seed = v->getAsUINT64())
      o.seed = *seed;
    else
      r.wrong("seed", "a whole number from 0 to 2^64 - 1", *v);
  }
  r.rejectUnknown();
  if (o.ranks.empty() && errors.empty())
    errors += "adapter option 'ranks': expected a list of ranks, but got none\n";
}

static void readFunctions(Reader &r, TrainingOptions &training) {
  const StringRef known[] = {program::kGrad, program::kStep, program::kUpdate, program::kEval};
  const json::Value *v = r.take("functions");
  if (!v) {
    training.functions = {program::kGrad.str()};
    return;
  }
  const json::Array *list = v->getAsArray();
  if (!list || list->empty())
    return r.wrong("functions", "a list of functions", *v);
  for (const json::Value &entry : *list) {
    auto name = entry.getAsString();
    if (!name || !is_contained(known, *name))
      return r.wrong("functions", "names of " + join(ArrayRef<StringRef>(known), ", "), entry);
    training.functions.push_back(name->str());
  }
}

static void readSizes(Reader &r, StringRef key, int64_t least, StringMap<int64_t> &sizes) {
  const json::Value *v = r.take(key);
  if (!v)
    return;
  const json::Object *object = v->getAsObject();
  if (!object)
    return r.wrong(key, "an object of names and numbers", *v);
  for (const auto &entry : *object) {
    auto size = entry.second.getAsInteger();
    if (!size || *size < least)
      return r.wrong(key, "a number of at least " + Twine(least) + " for '" + StringRef(entry.first) + "'", entry.second);
    sizes[StringRef(entry.first)] = *size;
  }
}

// Limits of what a file may ask for (docs/Import.md); only the file's own size has an upper bound.
static void readLimits(Reader &r, Options &o) {
  const json::Value *v = r.take("limits");
  if (!v)
    return;
  const json::Object *object = v->getAsObject();
  if (!object)
    return r.wrong("limits", "an object of names and numbers", *v);
  const std::pair<StringRef, int64_t *> known[] = {{"bytes", &o.file.maxBytes}, {"nodes", &o.file.maxNodes},
                                                   {"elements", &o.file.maxElements},
                                                   {"external", &o.file.maxExternal}, {"folded", &o.maxFolded}};
  const int64_t maxBytes = FileOptions().maxBytes;
  for (const auto &entry : *object) {
    auto it = find_if(known, [&](auto &limit) { return limit.first == StringRef(entry.first); });
    auto value = entry.second.getAsInteger();
    if (it == std::end(known) || !value || *value < 1 || (it->first == "bytes" && *value > maxBytes))
      r.wrong("limits", "bytes (up to 2^31 - 1), nodes, elements, external or folded, each with a number of at least 1",
              json::Object{{entry.first, entry.second}});
    else
      *it->second = *value;
  }
}

Expected<Options> intq::runtime::parseOptions(StringRef text) {
  Expected<json::Value> value = json::parse(text.empty() ? "{}" : text);
  if (!value)
    return value.takeError();
  const json::Object *object = value->getAsObject();
  if (!object)
    return createStringError("expected a JSON object of options, but got " + text);
  Options o;
  std::string errors;
  Reader r(*object, "", errors);
  r.text("recipe", o.training.recipe);
  r.oneOf("engine", o.engine, {"cpu", "reference"});
  r.oneOf("cpu_isa", o.isa, {"auto", "generic", "avx2", "avx-vnni", "avx512-vnni", "amx"});
  r.natural("threads", o.threads);
  r.text("checkpoint", o.checkpoint);
  std::string loss = "none";
  r.oneOf("loss", loss, {"none", "cross-entropy", "mse", "span", "mlm"});
  o.loss = loss == "none" ? "" : loss;
  r.text("dump_stages", o.dumpStages);
  r.text("cache_dir", o.cacheDir);
  r.flag("profile", o.profile);
  if (r.take("dropout"))
    r.number("dropout", o.training.dropout.emplace(0.0));
  readFunctions(r, o.training);
  r.flag("derive_backward", o.deriveBackward);
  readSizes(r, "bind", 1, o.bind);
  readSizes(r, "padding", 0, o.padding);
  readTexts(r, "train", o.train);
  readTexts(r, "freeze", o.freeze);
  readTexts(r, "logits", o.logits);
  readLimits(r, o);
  r.text("link_root", o.file.linkRoot);
  r.flag("checkpointing", o.training.checkpointing);
  r.object("sampling", [&](const json::Object &given) { readSampling(given, o.training.sampling, errors); });
  r.object("adapter", [&](const json::Object &given) { readAdapter(given, o.training.adapter, errors); });
  r.object("optimizer", [&](const json::Object &given) { readOptimizer(given, o.training.optimizer, errors); });
  r.rejectUnknown();
  if (!errors.empty())
    return createStringError(StringRef(errors).rtrim());
  return o;
}

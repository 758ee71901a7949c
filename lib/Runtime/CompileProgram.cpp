// From a file to a program: import, passes, state, engine; and the same again for a variant.
#include "Inspect.h"
#include "Program.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Import/ImportModel.h"
#include "intq/Quantize/Recipes.h"
#include "intq/Support/Stage.h"
#include <chrono>

using namespace mlir;
using namespace intq;
using namespace intq::runtime;

static FailureOr<ImportedModel> import(MLIRContext &context, StringRef path, const Options &options) {
  ImportOptions importOptions;
  importOptions.file = options.file;
  importOptions.conversion.maxFolded = options.maxFolded;
  importOptions.conversion.bind = options.bind;
  importOptions.conversion.padding = options.padding;
  importOptions.conversion.train = options.train;
  importOptions.conversion.freeze = options.freeze;
  importOptions.conversion.loss = options.loss;
  importOptions.conversion.logits = options.logits;
  importOptions.checkpoint = options.checkpoint;
  return importModel(context, path, importOptions);
}

LogicalResult Program::describe(ModuleOp module, ParameterStore &store, StringRef suffix) {
  size_t known = states.size();
  for (auto func : module.getOps<func::FuncOp>())
    if (failed(describe(func, suffix)))
      return failure();
  return initialize(store, known);
}

FailureOr<std::string> Program::inspect(MLIRContext &context, StringRef path, const Options &options) {
  FailureOr<ImportedModel> model = import(context, path, options);
  if (failed(model))
    return failure();
  Program program;
  if (failed(program.describe(*model->module, model->store)))
    return failure();
  FailureOr<RecipeAttr> recipe = lookupRecipe((*model->module)->getLoc(), options.training.recipe);
  if (failed(recipe))
    return failure();
  auto uses = usesOfState(*model->module);
  for (auto &entry : program.states)
    entry->uses = uses.lookup(entry->name);
  llvm::json::Object opsets;
  for (const auto &[domain, version] : model->opsets)
    opsets[domain] = version;
  program.form = model->form;
  program.notes = model->notes;
  program.writeInfo(options, llvm::json::Object{{"opsets", std::move(opsets)},
                                       {"ir_version", model->irVersion},
                                       {"producer", model->producer},
                                       {"nodes", model->nodes},
                                       {"layers", describeLayers(*model->module, *recipe)}});
  return program.infoText;
}

/// What intq-wta-crs noted, layer by layer.
static llvm::json::Array samplingJson(ArrayAttr report) {
  llvm::json::Array layers;
  for (auto layer : report.getAsRange<DictionaryAttr>())
    layers.push_back(program::toJson(layer));
  return layers;
}

/// The time since `start`, which becomes now.
static double lap(std::chrono::steady_clock::time_point &start) {
  auto now = std::chrono::steady_clock::now();
  return std::chrono::duration<double>(now - std::exchange(start, now)).count();
}

LogicalResult Program::add(MLIRContext &context, StringRef suffix, StringRef path, const Options &options) {
  auto start = std::chrono::steady_clock::now();
  llvm::json::Object times;
  FailureOr<ImportedModel> model = import(context, path, options);
  if (failed(model))
    return failure();
  times["import"] = lap(start);
  ModuleOp module = *model->module;
  PassManager pm(&context);
  if (options.deriveBackward) // H22
    program::dropBackward(module);
  bool hasBackward = bool(module.lookupSymbol<func::FuncOp>(program::kGrad));
  buildTrainingPipeline(pm, options.training, hasBackward);
  if (failed(writeStage(module, options.dumpStages, "0-imported.mlir"))) // the engine writes the others
    return failure();
  if (failed(pm.run(module)))
    return failure();
  times["passes"] = lap(start);

  size_t known = functions.size(), firstState = states.size();
  if (failed(describe(module, model->store, suffix)))
    return failure();
  if (compiled.empty() && failed(loadMoments(model->store, model->optimizerStep, options.training.optimizer)))
    return failure();
  model->store = ParameterStore(); // the file's bytes, before the engine needs memory for itself
  times["state"] = lap(start);
  const Engine *sibling = compiled.empty() ? nullptr : compiled.front().engine.get();
  auto engine = options.engine == "reference" ? createReferenceEngine(module)
                                              : createCpuEngine(module, options, sibling);
  if (failed(engine))
    return failure();
  for (auto &[name, function] : llvm::drop_begin(functions, known))
    function->engine = engine->get();
  llvm::append_range(notes, (*engine)->notes());
  if (compiled.empty()) {
    seconds = std::move(times);
    form = model->form;
    details = llvm::json::Object{{"optimizer_step", model->optimizerStep}};
    for (StringRef key : {program::kRanks, program::kEvalRanks})
      if (auto ranks = module->getAttrOfType<DenseI64ArrayAttr>(key))
        details[key.drop_front(StringRef("intq.").size())] = llvm::json::Array(ranks.asArrayRef());
    if (auto report = module->getAttrOfType<ArrayAttr>(program::kSampling))
      details["sampling"] = samplingJson(report);
    this->options = options;
    notes.insert(notes.begin(), model->notes.begin(), model->notes.end());
  }
  compiled.push_back({{}, std::move(*engine)});
  initializeAdapters(options.training.adapter.seed, firstState);
  if (options.engine == "reference")
    compiled.back().module = std::move(model->module); // what the interpreter reads
  writeInfo(this->options, details);
  return success();
}

FailureOr<std::unique_ptr<Program>> Program::compile(MLIRContext &context, StringRef path,
                                                     const Options &options) {
  auto program = std::make_unique<Program>();
  if (failed(program->add(context, "", path, options)))
    return failure();
  return program;
}

LogicalResult Program::addVariant(MLIRContext &context, StringRef variant, StringRef path, const Options &options) {
  if (options.engine != this->options.engine)
    return emitError(UnknownLoc::get(&context)) << "variant '" << variant << "': expected the engine '"
                                                << this->options.engine << "', but got '" << options.engine << "'";
  std::string suffix = ("@" + variant).str();
  for (const std::string &name : functionNames)
    if (StringRef(name).ends_with(suffix))
      return emitError(UnknownLoc::get(&context)) << "expected a new variant, but got '" << variant << "' again";
  return add(context, suffix, path, options);
}

// Compiling a file to a program, and running it.
#include "Program.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Import/ImportModel.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace mlir;
using namespace intq;
using namespace intq::runtime;

uint64_t intq::runtime::denseBytes(RankedTensorType type) {
  return type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

StringRef intq::runtime::dtypeName(RankedTensorType type) {
  Type element = type.getElementType();
  return element.isInteger(32) ? "int32" : element.isF64() ? "float64" : "float32";
}

uint64_t StateEntry::bytes() const { return denseBytes(type); }

/// Zeroed memory for a tensor; untouched pages of it cost nothing.
static std::unique_ptr<char[]> allocate(RankedTensorType type) {
  return std::make_unique<char[]>(denseBytes(type));
}

StateEntry *Program::state(StringRef name) {
  auto it = stateIndex.find(name);
  return it == stateIndex.end() ? nullptr : states[it->second].get();
}

Function *Program::function(StringRef name) {
  auto it = functions.find(name);
  return it == functions.end() ? nullptr : it->second.get();
}

FailureOr<size_t> Program::addState(func::FuncOp func, unsigned index) {
  auto type = cast<RankedTensorType>(func.getArgumentTypes()[index]);
  StringRef name = program::argString(func, index, program::kState);
  auto [it, isNew] = stateIndex.try_emplace(name, states.size());
  if (!isNew) {
    if (states[it->second]->type != type)
      return func.emitError() << "expected state '" << name << "' of type " << states[it->second]->type
                              << ", but got " << type;
    return it->second;
  }
  auto entry = std::make_unique<StateEntry>();
  entry->name = name.str();
  entry->role = program::argString(func, index, program::kRole).str();
  entry->file = program::argString(func, index, program::kFile).str();
  entry->type = type;
  entry->transposed = bool(func.getArgAttr(index, program::kTransposed));
  if (auto rows = func.getArgAttrOfType<DenseI64ArrayAttr>(index, program::kRows))
    entry->rows = rows.asArrayRef();
  entry->data = allocate(type);
  states.push_back(std::move(entry));
  return states.size() - 1;
}

static Port makePort(StringRef name, RankedTensorType type, StringRef dtype) {
  Port port;
  port.name = name.str();
  port.type = type;
  port.shape.assign(type.getShape().begin(), type.getShape().end());
  port.dtype = (dtype.empty() ? dtypeName(type) : dtype).str();
  return port;
}

static Port makeInput(func::FuncOp func, unsigned index) {
  Port port = makePort(program::argString(func, index, program::kInput),
                       cast<RankedTensorType>(func.getArgumentTypes()[index]),
                       program::argString(func, index, program::kDtype));
  port.data = allocate(port.type);
  if (auto range = func.getArgAttrOfType<DenseI64ArrayAttr>(index, program::kRange))
    port.range = {range[0], range[1]};
  if (auto ignore = func.getArgAttrOfType<IntegerAttr>(index, program::kIgnore))
    port.ignore = ignore.getInt();
  return port;
}

LogicalResult Program::describe(func::FuncOp func) {
  auto out = std::make_unique<Function>();
  using Source = Function::Source;
  for (unsigned i = 0; i < func.getNumArguments(); ++i) {
    if (func.getArgAttr(i, program::kInput)) {
      out->arguments.push_back({Source::Input, out->inputs.size()});
      out->inputs.push_back(makeInput(func, i));
    } else if (func.getArgAttr(i, program::kState)) {
      FailureOr<size_t> index = addState(func, i);
      if (failed(index))
        return failure();
      out->arguments.push_back({Source::State, *index});
    } else if (func.getArgAttr(i, program::kRng)) {
      out->arguments.push_back({Source::Rng, 0});
    } else if (func.getArgAttr(i, program::kLr)) {
      out->arguments.push_back({Source::Lr, 0});
    } else {
      return func.emitError() << "expected argument " << i << " of @" << func.getName()
                              << " to say what it is (docs/Program.md), but it does not";
    }
  }
  for (unsigned i = 0; i < func.getNumResults(); ++i) {
    if (StringRef name = program::resultString(func, i, program::kState); !name.empty()) {
      auto it = stateIndex.find(name);
      if (it == stateIndex.end())
        return func.emitError() << "expected an argument for the state '" << name << "', but got none";
      out->results.push_back({Source::State, it->second});
      continue;
    }
    StringRef gradient = program::resultString(func, i, program::kGradient);
    std::string name = gradient.empty() ? program::resultString(func, i, program::kOutput).str()
                                        : ("grad/" + gradient).str();
    out->results.push_back({Source::Output, out->outputs.size()});
    out->outputs.push_back(makePort(name, cast<RankedTensorType>(func.getResultTypes()[i]), ""));
    out->outputs.back().isLoss = bool(func.getResultAttr(i, program::kLoss));
  }
  functionNames.push_back(func.getName().str());
  functions.insert({StringAttr::get(func.getContext(), func.getName()).getValue(), std::move(out)});
  return success();
}

/// Index of the first NaN or Inf, or -1.
static int64_t firstNonfinite(const float *data, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(data[i]))
      return i;
  return -1;
}

static void loadRows(const char *source, StateEntry &entry) {
  auto shape = entry.type.getShape();
  auto *to = reinterpret_cast<float *>(entry.data.get());
  if (!entry.transposed) {
    std::memcpy(to, source, entry.bytes());
    return;
  }
  for (int64_t r = 0; r < shape[0]; ++r)
    for (int64_t c = 0; c < shape[1]; ++c)
      std::memcpy(to + r * shape[1] + c, source + 4 * (c * shape[0] + r), 4);
}

LogicalResult Program::initialize(const ParameterStore &store) {
  bool ok = true;
  for (auto &entry : states) {
    if (entry->role == program::kPowers)
      std::fill_n(reinterpret_cast<double *>(entry->data.get()), entry->type.getNumElements(), 1.0);
    bool isParameter = entry->role == program::kParameter || entry->role == program::kFrozen;
    entry->initialized = !isParameter || entry->file.empty();
    if (entry->initialized)
      continue;
    const StoredTensor *value = store.lookup(entry->file);
    if (!value)
      continue;
    if (value->bytes != entry->bytes()) {
      ok = false;
      emitError(UnknownLoc::get(entry->type.getContext()))
          << "parameter '" << entry->file << "': expected " << entry->bytes() << " bytes for "
          << entry->type << ", but got " << value->bytes;
      continue;
    }
    loadRows(static_cast<const char *>(value->data), *entry);
    entry->initialized = true;
    int64_t bad = firstNonfinite(reinterpret_cast<float *>(entry->data.get()), entry->type.getNumElements());
    if (bad >= 0) {
      ok = false;
      emitError(UnknownLoc::get(entry->type.getContext()))
          << "parameter '" << entry->name << "': expected finite values, but element " << bad << " is "
          << reinterpret_cast<float *>(entry->data.get())[bad];
    }
  }
  return success(ok);
}

static llvm::json::Object portJson(const Port &port) {
  llvm::json::Object o{{"name", port.name}, {"dtype", port.dtype}, {"shape", llvm::json::Array(port.shape)}};
  if (port.range)
    o["range"] = llvm::json::Array{port.range->first, port.range->second};
  if (port.ignore)
    o["ignore"] = *port.ignore;
  if (port.isLoss)
    o["loss"] = true;
  return o;
}

void Program::writeInfo(const Options &options, StringRef form, ArrayRef<std::string> notes) {
  namespace json = llvm::json;
  json::Object functionsJson;
  for (auto &[name, function] : functions) {
    json::Array inputs, outputs;
    for (const Port &port : function->inputs)
      inputs.push_back(portJson(port));
    for (const Port &port : function->outputs)
      outputs.push_back(portJson(port));
    functionsJson[name] = json::Object{{"inputs", std::move(inputs)}, {"outputs", std::move(outputs)}};
  }
  json::Array state;
  for (auto &entry : states) {
    json::Object o{{"name", entry->name},   {"role", entry->role},
                   {"dtype", dtypeName(entry->type)}, {"shape", json::Array(entry->type.getShape())},
                   {"file", entry->file},   {"transposed", entry->transposed},
                   {"initialized", entry->initialized}};
    if (!entry->rows.empty())
      o["rows"] = json::Array(entry->rows);
    state.push_back(std::move(o));
  }
  json::Object info{{"form", form},
                    {"recipe", options.training.recipe},
                    {"engine", options.engine},
                    {"functions", std::move(functionsJson)},
                    {"state", std::move(state)},
                    {"notes", json::Array(notes)}};
  if (engine) {
    info["cpu_isa"] = engine->isa();
    info["threads"] = engine->threads();
    info["plan_bytes"] = static_cast<int64_t>(engine->planBytes());
  }
  llvm::raw_string_ostream(infoText) << json::Value(std::move(info));
}

static FailureOr<ImportedModel> import(MLIRContext &context, StringRef path, const Options &options) {
  ImportOptions importOptions;
  importOptions.conversion.bind = options.bind;
  importOptions.conversion.loss = options.loss;
  importOptions.checkpoint = options.checkpoint;
  return importModel(context, path, importOptions);
}

/// The first stage; the engine writes the others.
static LogicalResult dumpImported(ModuleOp module, StringRef folder) {
  if (folder.empty())
    return success();
  SmallString<128> path(folder);
  std::error_code error = llvm::sys::fs::create_directories(folder);
  llvm::sys::path::append(path, "0-imported.mlir");
  llvm::raw_fd_ostream out(path, error);
  if (error)
    return module.emitError() << "cannot write " << path << ": " << error.message();
  module.print(out);
  return success();
}

LogicalResult Program::describe(ModuleOp module, const ParameterStore &store) {
  for (auto func : module.getOps<func::FuncOp>())
    if (failed(describe(func)))
      return failure();
  return initialize(store);
}

FailureOr<std::string> Program::inspect(MLIRContext &context, StringRef path, const Options &options) {
  FailureOr<ImportedModel> model = import(context, path, options);
  if (failed(model))
    return failure();
  Program program;
  if (failed(program.describe(*model->module, model->store)))
    return failure();
  program.writeInfo(options, model->form, model->notes);
  return program.infoText;
}

FailureOr<std::unique_ptr<Program>> Program::compile(MLIRContext &context, StringRef path,
                                                     const Options &options) {
  FailureOr<ImportedModel> model = import(context, path, options);
  if (failed(model))
    return failure();
  ModuleOp module = *model->module;
  PassManager pm(&context);
  bool hasBackward = bool(module.lookupSymbol<func::FuncOp>(program::kGrad));
  buildTrainingPipeline(pm, options.training, hasBackward);
  if (failed(dumpImported(module, options.dumpStages)))
    return failure();
  if (failed(pm.run(module)))
    return failure();

  auto program = std::make_unique<Program>();
  if (failed(program->describe(module, model->store)))
    return failure();
  auto engine = options.engine == "reference" ? createReferenceEngine(module)
                                              : createCpuEngine(module, options.isa, options.threads, options.dumpStages);
  if (failed(engine))
    return failure();
  program->engine = std::move(*engine);
  program->writeInfo(options, model->form, model->notes);
  if (options.engine == "reference")
    program->module = std::move(model->module); // what the interpreter reads
  return program;
}

static bool checkOutput(const intq_array &array, const Port &port, std::string &error) {
  bool sameType = array.dtype == (port.type.getElementType().isInteger(32) ? INTQ_INT32 : INTQ_FLOAT);
  if (sameType && llvm::ArrayRef<int64_t>(array.shape, array.rank) == llvm::ArrayRef<int64_t>(port.shape))
    return true;
  error += "output '" + port.name + "': expected the shape and type of intq_info\n";
  return false;
}

template <typename Ports>
static std::vector<const intq_array *> match(llvm::ArrayRef<intq_array> arrays, Ports &ports,
                                             StringRef kind, bool required, std::string &error) {
  std::vector<const intq_array *> matched(ports.size(), nullptr);
  for (const intq_array &array : arrays) {
    auto it = llvm::find_if(ports, [&](const Port &p) { return p.name == array.name; });
    if (it == ports.end())
      error += (kind + " '" + array.name + "' is not one of this function\n").str();
    else
      matched[it - ports.begin()] = &array;
  }
  for (auto [port, array] : llvm::zip(ports, matched))
    if (required && !array)
      error += (kind + " '" + port.name + "': expected a value, but got none\n").str();
  return matched;
}

int Program::run(StringRef name, ArrayRef<intq_array> inputs, ArrayRef<intq_array> outputs,
                 const intq_run_options &options, std::string &error) {
  Function *f = function(name);
  if (!f) {
    error = ("expected a compiled function (" + llvm::join(functionNames, ", ") + "), but got '" + name + "'").str();
    return 2;
  }
  auto in = match(inputs, f->inputs, "input", true, error);
  auto out = match(outputs, f->outputs, "output", false, error);
  for (auto [array, port] : llvm::zip(in, f->inputs))
    if (array)
      readInput(*array, port, error);
  for (auto [array, port] : llvm::zip(out, f->outputs))
    if (array)
      checkOutput(*array, port, error);
  for (auto &slot : f->arguments)
    if (slot.source == Function::Source::State && !states[slot.index]->initialized)
      error += "parameter '" + states[slot.index]->name +
               "': expected a value from the file, a checkpoint or the caller, but got none\n";
  if (!error.empty())
    return 2;

  int32_t rng[4] = {static_cast<int32_t>(options.seed), static_cast<int32_t>(options.seed >> 32),
                    static_cast<int32_t>(options.step), static_cast<int32_t>(options.microbatch)};
  double lr = options.learning_rate;
  SmallVector<void *> arguments, results;
  for (auto &slot : f->arguments)
    arguments.push_back(slot.source == Function::Source::Input   ? f->inputs[slot.index].data.get()
                        : slot.source == Function::Source::State ? states[slot.index]->data.get()
                        : slot.source == Function::Source::Rng   ? static_cast<void *>(rng)
                                                                 : static_cast<void *>(&lr));
  for (auto &slot : f->results) {
    if (slot.source == Function::Source::State) {
      results.push_back(states[slot.index]->data.get());
      continue;
    }
    Port &port = f->outputs[slot.index];
    if (!out[slot.index] && !port.data)
      port.data = allocate(port.type);
    results.push_back(out[slot.index] ? out[slot.index]->data : port.data.get());
  }
  SmallVector<std::string> nonfinite;
  if (failed(engine->run(name, arguments, results, nonfinite))) {
    error = "the run failed";
    return 2;
  }
  for (auto &slot : f->results)
    if (slot.source == Function::Source::Output && f->outputs[slot.index].isLoss) {
      float loss;
      std::memcpy(&loss, out[slot.index] ? out[slot.index]->data : f->outputs[slot.index].data.get(), 4);
      if (!std::isfinite(loss))
        nonfinite.push_back("the loss");
    }
  if (nonfinite.empty())
    return 0;
  error = "step " + std::to_string(options.step + 1) + ": expected finite values, but got NaN or Inf in " +
          llvm::join(nonfinite, ", ");
  return 3;
}

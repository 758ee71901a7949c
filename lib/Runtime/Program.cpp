// What a program consists of, its state, and its description.
#include "Program.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Import/ParameterStore.h"
#include <cmath>
#include <sys/mman.h>

using namespace mlir;
using namespace intq;
using namespace intq::runtime;

StringRef intq::runtime::dtypeName(RankedTensorType type) {
  Type element = type.getElementType();
  return element.isInteger(32) ? "int32" : element.isF64() ? "float64" : "float32";
}

uint64_t StateEntry::bytes() const { return program::denseBytes(type); }

void PageDeleter::operator()(char *data) const { munmap(data, bytes); }

HostBuffer intq::runtime::allocate(RankedTensorType type) {
  uint64_t bytes = std::max<uint64_t>(program::denseBytes(type), 1);
  void *pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return HostBuffer(pages == MAP_FAILED ? nullptr : static_cast<char *>(pages), PageDeleter{bytes});
}

StateEntry *Program::state(StringRef name) {
  auto it = stateIndex.find(name);
  return it == stateIndex.end() ? nullptr : states[it->second].get();
}

Function *Program::function(StringRef name) {
  auto it = functions.find(name);
  return it == functions.end() || !it->second->engine ? nullptr : it->second.get();
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
  entry->init = program::argString(func, index, program::kInit).str();
  if (auto encoded = func.getArgAttrOfType<TypeAttr>(index, program::kEncoded))
    entry->encoded = cast<RankedTensorType>(encoded.getValue());
  entry->type = type;
  entry->transposed = bool(func.getArgAttr(index, program::kTransposed));
  if (auto rows = func.getArgAttrOfType<DenseI64ArrayAttr>(index, program::kRows))
    entry->rows = rows.asArrayRef();
  if (auto users = func.getArgAttrOfType<ArrayAttr>(index, program::kUsers))
    for (auto user : users.getAsRange<StringAttr>())
      entry->users.push_back(user.str());
  entry->data = allocate(type);
  if (!entry->data)
    return func.emitError() << "cannot allocate " << program::denseBytes(type) << " bytes for state '" << name << "'";
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

LogicalResult Program::describe(func::FuncOp func, StringRef suffix) {
  auto out = std::make_unique<Function>();
  out->name = func.getName().str();
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
  auto name = StringAttr::get(func.getContext(), func.getName() + suffix);
  functionNames.push_back(name.str());
  functions.insert({name.getValue(), std::move(out)});
  return success();
}

int64_t intq::runtime::firstNonfinite(const float *data, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(data[i]))
      return i;
  return -1;
}

void intq::runtime::transpose(const char *from, int64_t rows, int64_t columns, char *to) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      std::memcpy(to + 4 * (c * rows + r), from + 4 * (r * columns + c), 4);
}

void intq::runtime::loadRows(const char *source, StateEntry &entry, bool transposed) {
  if (transposed)
    transpose(source, entry.type.getDimSize(1), entry.type.getDimSize(0), entry.data.get());
  else
    std::memcpy(entry.data.get(), source, entry.bytes());
}

LogicalResult intq::runtime::loadEntry(const ParameterStore &store, StateEntry &entry) {
  const StoredTensor *value = store.lookup(entry.file);
  if (!value)
    return success();
  Location loc = UnknownLoc::get(entry.type.getContext());
  if (value->bytes != entry.bytes())
    return emitError(loc) << "parameter '" << entry.file << "': expected " << entry.bytes() << " bytes for "
                          << entry.type << ", but got " << value->bytes;
  loadRows(static_cast<const char *>(value->data), entry, entry.transposed);
  entry.initialized = true;
  auto *elements = reinterpret_cast<float *>(entry.data.get());
  int64_t bad = firstNonfinite(elements, entry.type.getNumElements());
  if (bad >= 0)
    return emitError(loc) << "parameter '" << entry.name << "': expected finite values, but element " << bad
                          << " is " << elements[bad];
  return success();
}

LogicalResult Program::initialize(const ParameterStore &store, size_t first) {
  bool ok = succeeded(encodeWeights(store, first));
  for (auto &entry : llvm::drop_begin(states, first)) {
    if (entry->role == program::kPowers)
      std::fill_n(reinterpret_cast<double *>(entry->data.get()), entry->type.getNumElements(), 1.0);
    bool isParameter = entry->role == program::kParameter || entry->role == program::kFrozen;
    entry->initialized |= !isParameter || entry->file.empty();
    if (!entry->initialized && !entry->encoded && failed(loadEntry(store, *entry)))
      ok = false;
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

void Program::writeInfo(const Options &options, llvm::json::Object info) {
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
    if (!entry->users.empty())
      o["users"] = json::Array(entry->users);
    if (!entry->uses.empty())
      o["uses"] = json::Array(entry->uses);
    state.push_back(std::move(o));
  }
  info["form"] = form;
  info["recipe"] = options.training.recipe;
  info["engine"] = options.engine;
  info["functions"] = std::move(functionsJson);
  info["state"] = std::move(state);
  info["notes"] = json::Array(notes);
  if (!compiled.empty())
    writeEngine(info);
  infoText.clear();
  llvm::raw_string_ostream(infoText) << json::Value(std::move(info));
}

llvm::json::Object Program::profile() const {
  llvm::json::Object cycles;
  for (const Compiled &c : compiled)
    for (const auto &[kernel, ticks] : c.engine->profile())
      cycles[kernel] = cycles.getInteger(kernel).value_or(0) + static_cast<int64_t>(ticks);
  return cycles;
}

void Program::writeEngine(llvm::json::Object &info) const {
  const Engine &engine = *compiled.front().engine;
  info["cpu_isa"] = engine.isa();
  info["threads"] = engine.threads();
  info["plan_bytes"] = static_cast<int64_t>(engine.planBytes());
  if (llvm::json::Object plans = engine.plans(); !plans.empty())
    info["plan"] = planJson(std::move(plans));
  llvm::json::Object compilation = engine.compilation(), all = seconds;
  if (const llvm::json::Object *own = compilation.getObject("seconds"))
    for (const auto &[phase, time] : *own)
      all[phase] = time;
  compilation["seconds"] = std::move(all);
  info["compile"] = std::move(compilation);
}

/// Bytes that the program needs: its arena and its state, by purpose.
llvm::json::Object Program::planJson(llvm::json::Object functions) const {
  int64_t total = compiled.front().engine->planBytes();
  llvm::MapVector<StringRef, int64_t> roles;
  for (auto &entry : states) {
    roles[entry->role] += entry->bytes();
    total += entry->bytes();
  }
  llvm::json::Object stateJson;
  for (auto [role, bytes] : roles)
    stateJson[role] = bytes;
  return llvm::json::Object{{"total", total}, {"state", std::move(stateJson)}, {"functions", std::move(functions)}};
}

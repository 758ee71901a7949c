// Which argument holds which parameter, and the name it had in torch: exporters merge,
// rename, transpose and fold parameters.
#include "Converter.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Import/ParameterStore.h"
#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/Regex.h"
#include <cstring>

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

static constexpr llvm::StringLiteral kFxNode = "pkg.torch.onnx.fx_node",
                                     kFoldedFrom = "pkg.onnxscript.optimizer.folded_from",
                                     kSignature = "pkg.torch.export.ExportedProgram.graph_signature";

// Lines `p_m_bert_…_weight: PARAMETER target='m.bert.….weight'` of the graph's metadata.
void Converter::readSignature() {
  auto text = graph.getMetadata() ? graph.getMetadata()->getAs<StringAttr>(kSignature) : StringAttr();
  if (!text)
    return;
  llvm::Regex line("^([A-Za-z0-9_]+): PARAMETER target='([^']*)'");
  llvm::SmallVector<llvm::StringRef> lines, match;
  text.getValue().split(lines, '\n');
  for (llvm::StringRef entry : lines)
    if (line.match(entry, &match)) {
      signatureOrder.try_emplace(match[2], signatureOrder.size());
      signature.try_emplace(match[1], match[2].str());
    }
}

llvm::StringRef Converter::fxArgument(onnx::NodeOp node, llvm::StringRef op, unsigned index) const {
  auto text = node && node.getMetadata() ? node.getMetadata()->getAs<StringAttr>(kFxNode) : StringAttr();
  if (!text || op.empty())
    return "";
  auto [head, rest] = text.getValue().split("](args = (");
  if (!head.contains(("aten." + op + ".").str()))
    return "";
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i < rest.size(); ++i) {
    char ch = rest[i];
    depth += (ch == '(' || ch == '[') - (ch == ')' || ch == ']');
    if (depth < 0 || (depth == 0 && ch == ',')) {
      if (index-- == 0)
        return rest.slice(start, i).trim();
      if (depth < 0)
        break;
      start = i + 1;
    }
  }
  return "";
}

// Names that an exporter made up.
static bool isAnonymous(llvm::StringRef name) {
  static const llvm::Regex pattern("^(val_[0-9]+|onnx::[A-Za-z]+_[0-9]+|ortshared_.*|.*qkv_weights.*|[0-9]+)$");
  return pattern.match(name);
}

static llvm::SmallVector<std::string> foldedFrom(const Source &source) {
  llvm::SmallVector<std::string> names;
  auto text = source.metadata ? source.metadata.getAs<StringAttr>(kFoldedFrom) : StringAttr();
  if (!text)
    return names;
  llvm::SmallVector<llvm::StringRef> parts;
  text.getValue().split(parts, '\'');
  for (size_t i = 1; i < parts.size(); i += 2)
    names.push_back(parts[i].str());
  return names;
}

static std::string dotted(llvm::StringRef scope) {
  std::string text = scope.str();
  std::replace(text.begin(), text.end(), '/', '.');
  return text;
}

// Rules of docs/Import.md, section Names of parameters: the use decides first.
std::string Converter::canonicalName(const Val &val, onnx::NodeOp node, llvm::StringRef fxOp, unsigned fxArg,
                                     llvm::StringRef suffix) {
  const Source &source = *val.source;
  if (form != "D")
    return source.name;
  llvm::StringRef argument = fxArgument(node, fxOp, fxArg);
  if (argument.consume_front("%"))
    if (auto it = signature.find(argument); it != signature.end())
      return it->getValue();
  if (!val.rename.empty())
    return val.rename;
  llvm::StringRef name = source.name;
  auto folded = foldedFrom(source);
  if (isAnonymous(name) && folded.size() == 1 && !isAnonymous(folded[0]))
    return folded[0];
  llvm::StringRef scope = node ? node.getName() : "";
  scope.consume_front("fused ");
  scope.consume_back("/MatMulAddFusion"); // what ONNX Runtime's optimizer appends
  if (isAnonymous(name) && !suffix.empty() && scope.starts_with("/")) {
    std::string sibling = dotted(scope.drop_front().rsplit('/').first) + "." + suffix.str();
    // Layers that share a matrix use one initializer: it stays one parameter (decision 8), under its first name.
    auto [known, isNew] = scopeNames.try_emplace(&source, sibling);
    if (isNew && parameters.contains(sibling))
      known->second = name.str();
    return known->second;
  }
  if (source.isTransposed)
    name.consume_back("_transposed");
  return name.str();
}

bool Converter::isParameter(const Val &val, int64_t rank) const {
  return val.is(Val::Kind::Parameter) && val.rank() == rank &&
         int64_t(val.source->shape.size()) == rank;
}

llvm::StringRef Converter::parameterName(Value argument) const {
  auto it = names.find(argument);
  return it == names.end() ? llvm::StringRef() : llvm::StringRef(it->second);
}

Value Converter::addArgument(Type type, NamedAttrList attributes, std::pair<unsigned, unsigned> order) {
  Value value = block->addArgument(type, graph.getLoc());
  arguments.push_back({value, std::move(attributes), order});
  return value;
}

static constexpr unsigned kInputs = 0, kParameters = 1, kRandom = 2;
static constexpr unsigned kAfterSignature = 1u << 24; // parameters that the metadata do not name

Value Converter::rng() {
  if (!rngArgument) {
    NamedAttrList attributes;
    attributes.set(program::kRng, builder.getUnitAttr());
    rngArgument = addArgument(RankedTensorType::get({4}, builder.getI32Type()), attributes, {kRandom, 0});
  }
  return rngArgument;
}

static bool matches(llvm::StringRef name, llvm::StringRef glob) {
  auto pattern = llvm::GlobPattern::create(glob);
  if (pattern)
    return pattern->match(name);
  llvm::consumeError(pattern.takeError());
  return glob == name;
}

bool Converter::isTrained(llvm::StringRef name, bool canBe) {
  auto matchesAny = [&](llvm::ArrayRef<std::string> globs) {
    bool any = false;
    for (const std::string &glob : globs)
      if (matches(name, glob))
        any = usedGlobs[glob] = true;
    return any;
  };
  bool isFrozen = matchesAny(options.freeze);
  bool isChosen = options.train.empty() || matchesAny(options.train);
  return canBe && isChosen && !isFrozen;
}

void Converter::checkGlobs() {
  for (const auto *globs : {&options.train, &options.freeze})
    for (const std::string &glob : *globs)
      if (!usedGlobs.contains(glob))
        errors.push_back("expected a parameter whose name matches '" + glob + "' (--train, --freeze), but there is none");
  for (const auto &entry : options.padding)
    if (llvm::none_of(graph.getBody().getOps<onnx::InputOp>(),
                      [&](onnx::InputOp input) { return input.getName() == entry.getKey(); }))
      errors.push_back("expected an input '" + entry.getKey().str() + "' (--padding-idx), but there is none");
}

// Constant folding copies a matrix that two layers share into its transpose: the file then has
// two parameters where the model had one (decision 8). `stored`: bytes of `source`.
static bool isTransposeOf(const StoredTensor &stored, const StoredTensor &other) {
  if (other.shape.size() != 2 || stored.shape[0] != other.shape[1] || stored.shape[1] != other.shape[0])
    return false;
  const char *a = static_cast<const char *>(stored.data), *b = static_cast<const char *>(other.data);
  int64_t rows = stored.shape[0], columns = stored.shape[1];
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      if (std::memcmp(a + (r * columns + c) * sizeof(float), b + (c * rows + r) * sizeof(float), sizeof(float)) != 0)
        return false;
  return true;
}

void Converter::noteUntied(const Source &source, llvm::StringRef name) {
  const StoredTensor *stored = store ? store->lookup(source.name) : nullptr;
  if (!stored || !source.isTransposed || stored->dtype != 1)
    return;
  for (const auto &other : sources)
    if (const StoredTensor *table = other->isTransposed ? nullptr : store->lookup(other->name))
      if (table->dtype == 1 && isTransposeOf(*stored, *table))
        notes.push_back("'" + name.str() + "' equals '" + other->name + "': if they were tied, the export untied them, and "
                        "they are trained apart; export with do_constant_folding=False to keep the tie");
}

Value Converter::sourceArgument(const Source &source, llvm::StringRef name, bool inPosition) {
  if (auto it = parameters.find(name); it != parameters.end())
    return it->getValue();
  bool hasGradient = llvm::any_of(gradients, [&](const auto &entry) { return entry.second == name; });
  bool isState = !source.isInput || hasGradient || (store && store->lookup(source.name)) ||
                 (form == "D" && inPosition);
  NamedAttrList attributes;
  std::pair<unsigned, unsigned> order{kInputs, source.order};
  if (isState) {
    bool trained = isTrained(name, form == "D" ? inPosition && !source.isBuffer : hasGradient);
    if (!trained && form == "D" && !inPosition)
      notes.push_back("'" + name.str() + "' is no weight, bias or table of a known layer: it is not trained");
    attributes.set(program::kState, builder.getStringAttr(name));
    attributes.set(program::kRole, builder.getStringAttr(trained ? program::kParameter : program::kFrozen));
    attributes.set(program::kFile, builder.getStringAttr(source.name));
    if (source.isTransposed)
      attributes.set(program::kTransposed, builder.getUnitAttr());
    auto it = signatureOrder.find(name);
    order = {kParameters, it == signatureOrder.end() ? kAfterSignature + source.order : it->getValue()};
  } else {
    attributes.set(program::kInput, builder.getStringAttr(source.name));
    attributes.set(program::kDtype, builder.getStringAttr("float32"));
  }
  Shape shape = source.shape;
  if (source.isTransposed)
    std::swap(shape[0], shape[1]);
  Value argument = addArgument(f32(shape), attributes, order);
  parameters[name] = argument;
  names[argument] = name.str();
  noteUntied(source, name);
  return argument;
}

Value Converter::parameter(const Val &val, onnx::NodeOp node, llvm::StringRef fxOp, unsigned fxArg,
                           llvm::StringRef suffix) {
  std::string name = canonicalName(val, node, fxOp, fxArg, suffix);
  noteUser(name, val, node);
  return sourceArgument(*val.source, name, bool(node));
}

void Converter::addUser(llvm::StringRef parameter, unsigned operand, llvm::StringRef result) {
  users[parameter].insert(builder.getStringAttr(llvm::Twine(operand) + ":" + result));
}

// Which node of the file reads the initializer for this parameter: where an exporter merged several into one, a trained
// copy of the file gives each its own and rewires that node.
void Converter::noteUser(llvm::StringRef parameter, const Val &val, onnx::NodeOp node) {
  if (!val.rename.empty())
    return addUser(parameter, 0, val.rename);
  while (node) {
    llvm::SmallVector<unsigned> reading;
    for (auto [i, input] : llvm::enumerate(node.getInputs()))
      if (get(input).source == val.source && get(input).is(Val::Kind::Parameter))
        reading.push_back(i);
    if (reading.size() != 1)
      return; // behind a recognized layer, or several operands of one value: not known
    Value read = node.getInputs()[reading[0]];
    if (read.getDefiningOp<onnx::InitializerOp>())
      return addUser(parameter, reading[0], outputName(node));
    node = read.getDefiningOp<onnx::NodeOp>();
  }
}

void Converter::placeUsers() {
  llvm::StringMap<unsigned> shares; // how many parameters an initializer holds
  auto fileOf = [](const Argument &a) { return dyn_cast_or_null<StringAttr>(a.attributes.get(program::kFile)); };
  for (const Argument &argument : arguments)
    if (StringAttr file = fileOf(argument))
      ++shares[file];
  for (Argument &argument : arguments) {
    auto found = users.find(parameterName(argument.value));
    StringAttr file = fileOf(argument);
    if (found != users.end() && argument.attributes.get(program::kState) && (!file || shares.lookup(file) > 1))
      argument.attributes.set(program::kUsers, builder.getArrayAttr(found->second.getArrayRef()));
  }
}

Value Converter::droppedParameter(onnx::NodeOp node, llvm::StringRef fxOp, unsigned fxArg,
                                  llvm::ArrayRef<int64_t> shape) {
  llvm::StringRef argument = fxArgument(node, fxOp, fxArg);
  if (!argument.consume_front("%"))
    return {};
  auto it = signature.find(argument);
  if (it == signature.end())
    return {};
  const std::string &name = it->getValue();
  addUser(name, fxArg, outputName(node));
  if (parameters.contains(name))
    return parameters[name];
  NamedAttrList attributes;
  attributes.set(program::kState, builder.getStringAttr(name));
  attributes.set(program::kRole, builder.getStringAttr(isTrained(name, true) ? program::kParameter : program::kFrozen));
  Value value = addArgument(f32(shape), attributes, {kParameters, signatureOrder[name]});
  parameters[name] = value;
  names[value] = name;
  notes.push_back("'" + name + "' is not in the file, which dropped it as zero: it starts at zero");
  return value;
}

// The exporter looked the rows of a table up while folding constants: all that is left are
// the rows, in the place of the lookup.
Value Converter::foldedTable(const Val &val) {
  const Source &source = *val.source;
  if (Value known = foldedTables.lookup(&source))
    return known;
  std::string table;
  llvm::StringRef scope = source.name; // without metadata: the name of the lookup's result
  if (scope.consume_front("/") && scope.consume_back("/Gather_output_0"))
    table = dotted(scope) + ".weight";
  for (const std::string &name : foldedFrom(source))
    if (signatureOrder.contains(name)) {
      if (!table.empty())
        return {};
      table = name;
    }
  const StoredTensor *stored = store ? store->lookup(source.name) : nullptr;
  if (table.empty() || parameters.contains(table) || !llvm::StringRef(table).contains("embedding") || source.shape.size() < 2 || !stored)
    return {};
  int64_t width = source.shape.back(), count = *elementCount(source.shape) / width;
  const char *bytes = static_cast<const char *>(stored->data);
  size_t rowBytes = width * sizeof(float);
  bool isOneRow = true;
  for (int64_t row = 1; isOneRow && row < count; ++row)
    isOneRow = std::memcmp(bytes, bytes + row * rowBytes, rowBytes) == 0;
  int64_t rows = isOneRow ? 1 : count;
  StoredTensor narrowed = *stored;
  narrowed.shape = {rows, width};
  narrowed.bytes = rows * rowBytes;
  store->set(source.name, narrowed);

  NamedAttrList attributes;
  attributes.set(program::kState, builder.getStringAttr(table));
  attributes.set(program::kRole, builder.getStringAttr(isTrained(table, true) ? program::kParameter : program::kFrozen));
  attributes.set(program::kFile, builder.getStringAttr(source.name));
  attributes.set(program::kRows, builder.getDenseI64ArrayAttr({0, rows}));
  auto order = signatureOrder.find(table);
  Value argument = addArgument(f32({rows, width}), attributes,
                               {kParameters, order == signatureOrder.end() ? kAfterSignature + source.order : order->getValue()});
  parameters[table] = argument;
  names[argument] = table;
  notes.push_back("of '" + table + "' the file holds only rows 0 to " + std::to_string(rows - 1) +
                  ", folded into '" + source.name + "': these are trained, others are lost");

  llvm::SmallVector<int32_t> ids(count);
  for (int64_t i = 0; i < count; ++i)
    ids[i] = isOneRow ? 0 : int32_t(i);
  auto idType = RankedTensorType::get(llvm::ArrayRef(source.shape).drop_back(), builder.getI32Type());
  Value index = nn::ConstantOp::create(builder, graph.getLoc(),
                                       DenseElementsAttr::get(idType, llvm::ArrayRef<int32_t>(ids)));
  return foldedTables[&source] =
             nn::EmbeddingOp::create(builder, graph.getLoc(), f32(source.shape), argument, index,
                                     builder.getI64IntegerAttr(-1), builder.getStringAttr(table));
}

// Losses: the operator, its spelling in small operators, and one added to a file without.
#include "Match.h"
#include "intq/Dialect/NN/Program.h"

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

static constexpr int64_t kIgnoreIndex = -100; // torch's default

// Scores [N, C, d…] as [N·d, C]: the class axis is 1.
static Value classRows(Converter &c, const Val &scores) {
  Val last = scores;
  if (scores.rank() > 2) {
    Shape perm{0};
    for (int64_t d = 2; d < scores.rank(); ++d)
      perm.push_back(d);
    perm.push_back(1);
    last = c.transposed(scores, perm);
  }
  auto flat = c.reshaped(last, {*elementCount(last.shape) / last.shape.back(), last.shape.back()});
  return flat ? c.materialize(*flat) : Value();
}

static Value flatLabels(Converter &c, const Val &labels) {
  auto flat = c.reshaped(labels, {*elementCount(labels.shape)});
  return flat ? c.integers(*flat) : Value();
}

static void convertCrossEntropy(Converter &c, onnx::NodeOp node) {
  const Val &scores = c.operand(node, 0), &labels = c.operand(node, 1);
  auto fail = [&](const llvm::Twine &why) { c.setAll(node, c.defer(node, why)); };
  if (stringAttr(node, "reduction", "mean") != "mean" || !c.operand(node, 2).is(Val::Kind::Absent))
    return fail("expected reduction 'mean' without class weights");
  if (!scores.is(Val::Kind::Float) || scores.rank() < 2 || !isSelectable(labels) ||
      elementCount(labels.shape) != *elementCount(scores.shape) / scores.shape[1])
    return fail("expected float scores [N, C, …] and integer labels [N, …], but got " + shapeText(scores.shape) +
                " and " + shapeText(labels.shape));
  Value logits = classRows(c, scores), index = flatLabels(c, labels);
  if (!logits || !index)
    return fail("expected labels to be an integer input");
  int64_t ignored = kIgnoreIndex;
  if (node.getOpType() == "SoftmaxCrossEntropyLossInternal") {
    if (auto given = c.operand(node, 3).uniform())
      ignored = int64_t(*given);
  } else {
    ignored = intAttr(node, "ignore_index", kIgnoreIndex);
  }
  Value loss = nn::CrossEntropyOp::create(c.builder, c.loc(node), c.f32({}), logits, index,
                                          c.builder.getI64IntegerAttr(ignored));
  c.losses.insert(loss);
  c.set(node, 0, c.floating(loss));
  Val probability;
  probability.kind = Val::Kind::LogProbability;
  probability.shape = scores.shape;
  probability.base = loss;
  c.set(node, 1, probability);
}

// `value` behind nodes that change neither its elements nor their order: a slice here takes all of a dimension of 1.
static Value unshaped(Converter &c, Value value) {
  static constexpr llvm::StringLiteral kMoves[] = {"Reshape", "Squeeze", "Unsqueeze", "Cast", "Slice"};
  onnx::NodeOp node = c.definition(value);
  for (; node && llvm::is_contained(kMoves, opOf(node)); node = c.definition(value)) {
    if (opOf(node) == "Slice" && (c.operand(node, 1).uniform() != 0.0 || c.operand(node, 2).uniform() != 1.0))
      break;
    value = node.getInputs()[0];
  }
  return origin(c, value);
}

namespace {
/// −log softmax(scores)[label], 0 where the label is `ignored`.
struct SpelledLoss {
  Value scores, labels;
  int64_t ignored = kIgnoreIndex;
};
} // namespace

// Where(labels = ignored, zero, other): its `other`; the value itself where it is no such node.
static Value beyondIgnored(Converter &c, Value value, SpelledLoss &loss) {
  onnx::NodeOp where = defined(c, unshaped(c, value), "Where");
  onnx::NodeOp equal = where && c.operand(where, 1).uniform() == 0.0
                           ? defined(c, unshaped(c, where.getInputs()[0]), "Equal") : onnx::NodeOp();
  Value labels = besideConstant(c, equal, [&](double v) {
    loss.ignored = v >= -0x1p53 && v <= 0x1p53 ? int64_t(v) : kIgnoreIndex;
    return double(loss.ignored) == v;
  });
  if (!labels)
    return value;
  loss.labels = unshaped(c, labels);
  return where.getInputs()[2];
}

static std::optional<SpelledLoss> negativeLogLikelihood(Converter &c, Value value) {
  SpelledLoss loss;
  onnx::NodeOp neg = defined(c, unshaped(c, value), "Neg");
  Value taken = neg ? beyondIgnored(c, neg.getInputs()[0], loss) : Value();
  onnx::NodeOp gather = taken ? defined(c, unshaped(c, taken), "GatherElements") : onnx::NodeOp();
  onnx::NodeOp log = gather ? defined(c, unshaped(c, gather.getInputs()[0]), "LogSoftmax") : onnx::NodeOp();
  if (!log || intAttr(gather, "axis", 0) != 1 || normalizedAxis(intAttr(log, "axis", -1), c.operand(log, 0).rank()) != 1)
    return std::nullopt;
  Value labels = unshaped(c, beyondIgnored(c, gather.getInputs()[1], loss));
  if (loss.labels && labels != loss.labels)
    return std::nullopt;
  loss.scores = log.getInputs()[0];
  loss.labels = labels;
  return loss;
}

// The mean over the labels that count: Σ loss·weight / Σ weight, weight 0 where ignored and else 1; or a plain mean.
static bool recognizeSpelledLoss(Converter &c, onnx::NodeOp node) {
  Value mean = node.getInputs()[0];
  if (opOf(node) == "Div") {
    onnx::NodeOp sum = defined(c, mean, "ReduceSum"), count = defined(c, node.getInputs()[1], "ReduceSum");
    onnx::NodeOp mul = sum && count ? defined(c, sum.getInputs()[0], "Mul") : onnx::NodeOp();
    Value weight = count ? unshaped(c, count.getInputs()[0]) : Value();
    onnx::NodeOp where = weight ? defined(c, weight, "Where") : onnx::NodeOp();
    if (!mul || mul.getInputs().size() != 2 || !where || c.operand(where, 1).uniform() != 0.0 ||
        c.operand(where, 2).uniform() != 1.0)
      return false;
    unsigned weighted = unshaped(c, mul.getInputs()[0]) == weight ? 1 : 0;
    if (unshaped(c, mul.getInputs()[1 - weighted]) != weight)
      return false;
    mean = mul.getInputs()[weighted];
  }
  auto loss = negativeLogLikelihood(c, mean);
  const Val &scores = loss ? c.get(loss->scores) : c.get({});
  const Val &labels = loss ? c.get(loss->labels) : c.get({});
  if (!scores.is(Val::Kind::Float) || scores.rank() < 2 || !isSelectable(labels) ||
      elementCount(labels.shape) != *elementCount(scores.shape) / scores.shape[1])
    return false;
  Value logits = classRows(c, scores), index = flatLabels(c, labels);
  if (!logits || !index)
    return false;
  Value value = nn::CrossEntropyOp::create(c.builder, c.loc(node), c.f32({}), logits, index,
                                           c.builder.getI64IntegerAttr(loss->ignored));
  c.losses.insert(value);
  c.set(node, 0, c.floating(value));
  return true;
}

// Labels for a loss that is added: an input `name` of `shape`, the file's own where it has one.
Value Converter::addInput(llvm::StringRef name, llvm::ArrayRef<int64_t> shape, bool isInteger) {
  Type element = isInteger ? Type(builder.getI32Type()) : Type(builder.getF32Type());
  auto type = RankedTensorType::get(shape, element);
  for (const Argument &argument : arguments)
    if (argument.attributes.get(program::kInput) == builder.getStringAttr(name)) {
      if (argument.value.getType() == type)
        return argument.value;
      errors.push_back("input '" + name.str() + "': expected " + (isInteger ? "integer" : "float32") + " labels " +
                       shapeText(shape) + " for the added loss, but the file has an input of that name and another type");
    }
  NamedAttrList attributes;
  attributes.set(program::kInput, builder.getStringAttr(name));
  attributes.set(program::kDtype, builder.getStringAttr(isInteger ? "int64" : "float32"));
  constexpr unsigned kAfterInputs = 1u << 24;
  return addArgument(type, attributes, {0, kAfterInputs + unsigned(arguments.size())});
}

static Value crossEntropy(Converter &c, Value logits, Value labels, int64_t ignored) {
  auto shape = cast<RankedTensorType>(logits.getType()).getShape();
  int64_t classes = shape.back(), rows = *elementCount(shape) / classes;
  return nn::CrossEntropyOp::create(c.builder, c.builder.getUnknownLoc(), c.f32({}), c.reshape(logits, {rows, classes}),
                                    c.reshape(labels, {rows}), c.builder.getI64IntegerAttr(ignored));
}

static Shape shapeOf(Value v) { return Shape(cast<RankedTensorType>(v.getType()).getShape()); }

// The mean of the losses of start and end; labels S are ignored, as in Hugging Face's models.
static Value spanLoss(Converter &c, Value start, Value end) {
  int64_t batch = shapeOf(start)[0], length = shapeOf(start)[1];
  Value first = crossEntropy(c, start, c.addInput("start_positions", {batch}, true), length);
  Value second = crossEntropy(c, end, c.addInput("end_positions", {batch}, true), length);
  Location here = c.builder.getUnknownLoc();
  Value sum = nn::AddOp::create(c.builder, here, c.f32({}), first, second);
  return nn::ScaleOp::create(c.builder, here, c.f32({}), sum, APFloat(0.5f));
}

// Column `at` of scores [B, S, 2].
static Value column(Converter &c, Value scores, int64_t at) {
  Shape shape = shapeOf(scores);
  Value part = nn::SliceOp::create(c.builder, c.builder.getUnknownLoc(), scores, 2, at, at + 1);
  return c.reshape(part, {shape[0], shape[1]});
}

Value Converter::buildLoss(llvm::ArrayRef<Value> outputs) {
  Shape shape = outputs.empty() ? Shape() : shapeOf(outputs[0]);
  if ((options.loss == "cross-entropy" || options.loss == "mlm") && outputs.size() == 1 && shape.size() >= 2) {
    shape.pop_back();
    return crossEntropy(*this, outputs[0], addInput("labels", shape, true), kIgnoreIndex);
  }
  if (options.loss == "mse" && outputs.size() == 1) {
    if (shape.size() > 1 && shape.back() == 1)
      shape.pop_back();
    Value labels = addInput("labels", shape, false);
    return nn::MseOp::create(builder, builder.getUnknownLoc(), f32({}), reshape(outputs[0], shape), labels);
  }
  if (options.loss == "span" && outputs.size() == 2 && shape.size() == 2 && shapeOf(outputs[1]) == shape)
    return spanLoss(*this, outputs[0], outputs[1]);
  if (options.loss == "span" && outputs.size() == 1 && shape.size() == 3 && shape[2] == 2)
    return spanLoss(*this, column(*this, outputs[0], 0), column(*this, outputs[0], 1));
  return {};
}

// The outputs that the added loss is of: those of the option, else those with the names that exporters give
// them (hidden states and attentions may be outputs too), else all.
llvm::SmallVector<Value> Converter::chosenLogits(llvm::ArrayRef<Result> results) {
  llvm::StringMap<Value> byName;
  llvm::SmallVector<Value> all, chosen;
  for (const Result &result : results) {
    all.push_back(result.value);
    byName[cast<StringAttr>(result.attributes.get(program::kOutput)).getValue()] = result.value;
  }
  for (const std::string &name : options.logits)
    if (Value value = byName.lookup(name))
      chosen.push_back(value);
    else
      errors.push_back("logits: expected the names of float outputs, but got '" + name + "'");
  llvm::SmallVector<llvm::StringRef> usual{"logits"};
  if (options.loss == "span")
    usual.append({"start_logits", "end_logits"});
  if (options.logits.empty())
    for (llvm::StringRef name : usual)
      if (Value value = byName.lookup(name))
        chosen.push_back(value);
  return chosen.empty() ? all : chosen;
}

void Converter::addLoss(llvm::SmallVectorImpl<Result> &results) {
  if (options.loss.empty()) {
    if (!options.logits.empty())
      errors.push_back("logits: expected a loss to add (--loss) to the outputs named");
    if (llvm::none_of(results, [](const Result &r) { return r.attributes.get(program::kLoss); }))
      notes.push_back("the file has no loss; add one with --loss cross-entropy, mse, span or mlm to train it");
    return;
  }
  if (!errors.empty() || !required.empty())
    return;
  llvm::SmallVector<Value> logits = chosenLogits(results);
  if (!errors.empty())
    return;
  Value loss = form == "D" || form == "B" ? buildLoss(logits) : Value();
  if (!loss && errors.empty()) {
    std::string outputs;
    for (const Result &result : results)
      outputs += (outputs.empty() ? "'" : ", '") + cast<StringAttr>(result.attributes.get(program::kOutput)).str() + "' " +
                 shapeText(shapeOf(result.value));
    errors.push_back("loss '" + options.loss + "': expected a forward graph with one float output, or one "
                     "named logits or by --logits; for span one [batch, sequence, 2] or two [batch, sequence]; the outputs are " +
                     (outputs.empty() ? "none" : outputs));
  }
  if (!loss)
    return;
  NamedAttrList attributes;
  attributes.set(program::kOutput, builder.getStringAttr("loss"));
  attributes.set(program::kLoss, builder.getUnitAttr());
  results.insert(results.begin(), {loss, attributes});
}

void conversion::addLossNodes(Handlers &handlers) {
  handlers.recognizers["Div"].push_back(recognizeSpelledLoss);
  handlers.recognizers["ReduceMean"].push_back(recognizeSpelledLoss);
  handlers.nodes["SoftmaxCrossEntropyLoss"] = convertCrossEntropy;
  handlers.nodes["com.microsoft::SoftmaxCrossEntropyLossInternal"] = convertCrossEntropy;
}

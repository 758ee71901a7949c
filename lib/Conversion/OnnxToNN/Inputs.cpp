// Inputs and initializers of the file, and what is wrong with them: a finding for all that share it.
#include "Converter.h"
#include "intq/Dialect/NN/Program.h"
#include <numeric>

using namespace mlir;
using namespace intq;
using namespace intq::conversion;

static std::string elementText(Type type) {
  if (type.isBF16())
    return "bfloat16 (export the model in float32)";
  if (type.isF16())
    return "float16 (export the model in float32)";
  unsigned width = type.getIntOrFloatBitWidth();
  return (isa<FloatType>(type) ? "float" : type.isUnsignedInteger() ? "uint" : "int") + std::to_string(width);
}

void Converter::deferTensor(Val &val, llvm::StringRef name, const llvm::Twine &why) {
  auto [found, isNew] = tensorFindings.try_emplace(why.str(), unsigned(messages.size()), std::vector<std::string>());
  if (isNew)
    messages.emplace_back();
  found->second.second.push_back(name.str());
  val.kind = Val::Kind::Deferred;
  val.findings.insert(found->second.first);
}

// Whatever uses it; conversion goes on to the findings of the nodes.
void Converter::deferInput(Val &val, llvm::StringRef name, const llvm::Twine &why) {
  deferTensor(val, name, why);
  required.insert(val.findings.begin(), val.findings.end());
}

void Converter::writeTensorFindings(llvm::StringRef kind) {
  constexpr size_t kNamed = 4;
  for (const auto &[why, finding] : tensorFindings) {
    const auto &[index, names] = finding;
    std::string text = kind.str() + (names.size() > 1 ? "s " : " ");
    for (size_t i = 0; i < std::min(names.size(), kNamed); ++i)
      text += (i ? ", '" : "'") + names[i] + "'";
    if (names.size() > kNamed)
      text += " and " + std::to_string(names.size() - kNamed) + " more";
    messages[index] = text + ": " + why;
  }
  tensorFindings.clear();
}

void Converter::readInputs() {
  unsigned order = 0;
  for (auto input : graph.getBody().getOps<onnx::InputOp>()) {
    if (bookkeeping.contains(input.getResult()))
      continue;
    auto type = cast<RankedTensorType>(input.getType());
    Val val;
    val.elem = elemOf(type.getElementType());
    bool isBound = true;
    for (Attribute dim : input.getDims()) {
      int64_t size = 0;
      if (auto number = dyn_cast<IntegerAttr>(dim))
        size = number.getInt();
      else if (auto it = options.bind.find(cast<StringAttr>(dim).getValue()); it != options.bind.end())
        size = it->getValue();
      else {
        llvm::StringRef symbol = cast<StringAttr>(dim).getValue();
        deferInput(val, input.getName(), "expected a size for dimension '" + symbol + "'; give it with --bind " + symbol + "=<size>");
        isBound = false;
      }
      val.shape.push_back(size);
    }
    auto count = elementCount(val.shape);
    if (isBound && (!count || *count == 0 || *count > (int64_t(1) << 31)))
      deferInput(val, input.getName(), "expected between 1 and 2^31 elements, but got " + shapeText(val.shape));
    bool fits = !val.is(Val::Kind::Deferred);
    if (fits && val.elem == Elem::F32) {
      sources.push_back(std::make_unique<Source>());
      *sources.back() = {input.getName().str(), val.shape, true, false, false, order++, {}};
      val.kind = Val::Kind::Parameter;
      val.source = sources.back().get();
      val.view = View::identity(val.shape);
    } else if (fits && !isFloat(val.elem) && val.elem != Elem::Other && *count <= kMaxFolded) {
      NamedAttrList attributes;
      attributes.set(program::kInput, input.getNameAttr());
      attributes.set(program::kDtype, builder.getStringAttr(nameOf(val.elem)));
      val.kind = Val::Kind::Index;
      val.base = addArgument(RankedTensorType::get(val.shape, builder.getI32Type()), attributes, {0, order++});
      if (auto padding = options.padding.find(input.getName()); padding != options.padding.end())
        paddings[val.base] = padding->getValue();
      std::vector<int64_t> index(*count);
      std::iota(index.begin(), index.end(), 0);
      val.index = std::make_shared<const std::vector<int64_t>>(std::move(index));
    } else if (fits) {
      deferInput(val, input.getName(), "expected float32, int64, int32 or bool elements, but got " +
                                           elementText(type.getElementType()));
    }
    if (val.is(Val::Kind::Deferred))
      val.shape.clear();
    values[input.getResult()] = std::move(val);
  }
  writeTensorFindings("input");
}

void Converter::readInitializers() {
  constexpr int64_t kReadable = 64;
  unsigned order = 0;
  for (auto initializer : graph.getBody().getOps<onnx::InitializerOp>()) {
    auto type = cast<RankedTensorType>(initializer.getType());
    Val val;
    val.elem = elemOf(type.getElementType());
    val.shape.assign(type.getShape().begin(), type.getShape().end());
    bool isWeight = val.elem == Elem::F32 && type.getRank() > 0;
    auto value = initializer.getValueAttr();
    if (value && (!isWeight || type.getNumElements() <= kReadable))
      if (auto tensor = Tensor::fromAttribute(value))
        val.tensor = std::make_shared<const Tensor>(std::move(*tensor));
    if (isWeight && type.getNumElements() == 0) {
      deferTensor(val, initializer.getName(), "expected dimensions of at least 1, but got the shape " + shapeText(val.shape));
    } else if (isWeight) {
      sources.push_back(std::make_unique<Source>());
      Source &source = *sources.back();
      source = {initializer.getName().str(), val.shape, false, false, false, order++, initializer.getMetadataAttr()};
      if (source.metadata)
        if (auto kind = source.metadata.getAs<StringAttr>("pkg.torch.export.graph_signature.InputSpec.kind"))
          source.isBuffer = kind.getValue() == "BUFFER";
      val.kind = Val::Kind::Parameter;
      val.source = &source;
      val.view = View::identity(val.shape);
    } else if (val.tensor) {
      val.kind = Val::Kind::Constant;
    } else {
      deferTensor(val, initializer.getName(), "expected float32, or at most 2^24 int32, int64 or bool elements, but got " +
                                                  elementText(type.getElementType()));
    }
    values[initializer.getResult()] = std::move(val);
  }
  writeTensorFindings("initializer");
}

// The type !intq.q and the attributes #intq.format and #intq.recipe.
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Format/Moments.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace intq;

static ParseResult parseShape(AsmParser &p, SmallVector<int64_t> &shape) {
  return p.parseDimensionList(shape, /*allowDynamic=*/false,
                              /*withTrailingX=*/false);
}
static void printShape(AsmPrinter &p, ArrayRef<int64_t> shape) {
  p.printDimensionList(shape);
}

static ParseResult parseCodeWidth(AsmParser &p, unsigned &width) {
  IntegerType type;
  if (p.parseType(type))
    return failure();
  width = type.getWidth();
  return success();
}
static void printCodeWidth(AsmPrinter &p, unsigned width) { p << "i" << width; }

static ParseResult parseBlock(AsmParser &p, SmallVector<int64_t> &block) {
  return p.parseCommaSeparatedList([&]() -> ParseResult {
    if (succeeded(p.parseOptionalStar())) {
      block.push_back(QType::kWhole);
      return success();
    }
    return p.parseInteger(block.emplace_back());
  });
}
static void printBlock(AsmPrinter &p, ArrayRef<int64_t> block) {
  llvm::interleaveComma(block, p, [&](int64_t b) {
    if (b == QType::kWhole)
      p << "*";
    else
      p << b;
  });
}

#define GET_ATTRDEF_CLASSES
#include "intq/Dialect/Intq/IntqAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "intq/Dialect/Intq/IntqTypes.cpp.inc"

void IntqDialect::registerTypesAndAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "intq/Dialect/Intq/IntqAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "intq/Dialect/Intq/IntqTypes.cpp.inc"
      >();
}

static LogicalResult verifyWidthAndBlock(function_ref<InFlightDiagnostic()> emitError,
                                         unsigned width, ArrayRef<int64_t> block) {
  if (width < 2 || width > 16)
    return emitError() << "expected a code width of 2 to 16 bits, but got " << width; // q_c2
  for (int64_t b : block)
    if (b != QType::kWhole && b < 1)
      return emitError() << "expected block sizes of at least 1, but got " << b; // q_c3
  return success();
}

LogicalResult QType::verify(function_ref<InFlightDiagnostic()> emitError,
                            ArrayRef<int64_t> shape, unsigned width,
                            ArrayRef<int64_t> block, ScaleKind) {
  if (shape.empty() || llvm::any_of(shape, [](int64_t d) { return d < 1; }))
    return emitError() << "expected a static shape of rank 1 or more without empty dimensions"; // q_c1
  if (block.size() != shape.size())
    return emitError() << "expected one block size a dimension (" << shape.size()
                       << "), but got " << block.size(); // q_c3
  return verifyWidthAndBlock(emitError, width, block);
}

int64_t QType::getBlockSize(int64_t dim) const {
  int64_t block = getBlock()[dim];
  return block == kWhole ? getShape()[dim] : block;
}
SmallVector<int64_t> QType::getScaleShape() const {
  SmallVector<int64_t> shape;
  for (auto [dim, size] : llvm::enumerate(getShape()))
    shape.push_back(llvm::divideCeil(size, getBlockSize(dim)));
  return shape;
}
IntegerType QType::getStorageType() const {
  return IntegerType::get(getContext(), getWidth() <= 8 ? 8 : 16);
}
RankedTensorType QType::getCodesType() const {
  return RankedTensorType::get(getShape(), getStorageType());
}
RankedTensorType QType::getScalesType() const {
  return RankedTensorType::get(getScaleShape(), Float32Type::get(getContext()));
}
RankedTensorType QType::getFloatType() const {
  return RankedTensorType::get(getShape(), Float32Type::get(getContext()));
}

LogicalResult FormatAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 unsigned width, ArrayRef<int64_t> block,
                                 ScaleKind scale) {
  if (block.size() != 2)
    return emitError() << "expected a block [outside, along], but got " << block.size() << " entries";
  if (scale == ScaleKind::Unit)
    return emitError() << "expected a scale kind f32 or pow2, but got unit";
  return verifyWidthAndBlock(emitError, width, block);
}

FormatAttr FormatAttr::getForMoments(MLIRContext *context) {
  return get(context, 8, {1, kMomentBlock}, ScaleKind::F32);
}

// Keys of a recipe by family; a family is given whole or not at all (recipe_c2).
static const SmallVector<SmallVector<StringRef>> &recipeFamilies() {
  static const SmallVector<SmallVector<StringRef>> families = {
      {"linear_activation", "linear_weight", "linear_input_grad", "linear_weight_grad"},
      {"matmul_activation", "matmul_gradient"},
      {"layer_norm_activation", "layer_norm_input_grad", "layer_norm_weight_grad"},
      {"embedding_weight", "embedding_gradient"},
      {"moments"}};
  return families;
}

LogicalResult RecipeAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringAttr name, DictionaryAttr formats) {
  size_t known = 0;
  for (const auto &family : recipeFamilies()) {
    size_t present = llvm::count_if(family, [&](StringRef key) { return formats.contains(key); });
    if (present != 0 && present != family.size())
      return emitError() << "expected all of " << llvm::join(family, ", ")
                         << " or none of them in recipe " << name; // recipe_c2
    known += present;
  }
  if (known != formats.size())
    return emitError() << "expected only known keys in recipe " << name << ", but got " << formats; // recipe_c1
  for (NamedAttribute entry : formats)
    if (!isa<FormatAttr>(entry.getValue()))
      return emitError() << "expected a #intq.format for " << entry.getName() << ", but got "
                         << entry.getValue(); // recipe_c1
  auto moments = formats.getAs<FormatAttr>("moments");
  if (moments && moments != FormatAttr::getForMoments(moments.getContext()))
    return emitError() << "expected " << FormatAttr::getForMoments(moments.getContext()) << " for moments, but got "
                       << moments; // recipe_c3
  return success();
}

FormatAttr RecipeAttr::lookup(StringRef key) const {
  return getFormats().getAs<FormatAttr>(key);
}

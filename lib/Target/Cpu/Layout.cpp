// Kernels of the ops that move elements, and of constants.
#include "Copy.h"
#include "intq/Dialect/NN/NN.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

static ArrayRef<int64_t> shapeOf(Value v) { return cast<ShapedType>(v.getType()).getShape(); }

static LogicalResult emitTranspose(KernelBuilder &k) {
  auto op = cast<nn::TransposeOp>(k.op);
  SmallVector<int64_t> strides = denseStrides(shapeOf(op.getX()));
  StridedCopy copy;
  copy.sizes.assign(shapeOf(op.getResult()).begin(), shapeOf(op.getResult()).end());
  copy.toStrides = denseStrides(copy.sizes);
  for (int64_t p : op.getPerm())
    copy.fromStrides.push_back(strides[p]);
  emitCopy(k, copy, k.operand(0), k.result());
  return success();
}

static int64_t offsetOf(ArrayRef<int64_t> offsets, ArrayRef<int64_t> strides) {
  int64_t offset = 0;
  for (auto [o, s] : llvm::zip_equal(offsets, strides))
    offset += o * s;
  return offset;
}

static LogicalResult emitSlice(KernelBuilder &k) {
  auto op = cast<nn::SliceOp>(k.op);
  StridedCopy copy;
  copy.sizes.assign(shapeOf(op.getResult()).begin(), shapeOf(op.getResult()).end());
  copy.fromStrides = denseStrides(shapeOf(op.getX()));
  copy.toStrides = denseStrides(copy.sizes);
  copy.fromBase = offsetOf(op.getOffsets(), copy.fromStrides);
  emitCopy(k, copy, k.operand(0), k.result());
  return success();
}

static LogicalResult emitPad(KernelBuilder &k) {
  auto op = cast<nn::PadOp>(k.op);
  Value zero = k.vector().constant(0.0f);
  k.parallelLanes(cast<ShapedType>(op.getType()).getNumElements(),
                  [&](Lanes lanes) { k.store(zero, k.result(), {}, lanes); });
  StridedCopy copy;
  copy.sizes.assign(shapeOf(op.getX()).begin(), shapeOf(op.getX()).end());
  copy.fromStrides = denseStrides(copy.sizes);
  copy.toStrides = denseStrides(shapeOf(op.getResult()));
  copy.toBase = offsetOf(op.getOffsets(), copy.toStrides);
  emitCopy(k, copy, k.operand(0), k.result());
  return success();
}

static LogicalResult emitConcat(KernelBuilder &k) {
  auto op = cast<nn::ConcatOp>(k.op);
  SmallVector<int64_t> strides = denseStrides(shapeOf(op.getResult()));
  int64_t at = 0;
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    StridedCopy copy;
    copy.sizes.assign(shapeOf(input).begin(), shapeOf(input).end());
    copy.fromStrides = denseStrides(copy.sizes);
    copy.toStrides = strides;
    copy.toBase = at * strides[op.getAxis()];
    at += copy.sizes[op.getAxis()];
    emitCopy(k, copy, k.operand(i), k.result());
  }
  return success();
}

static LogicalResult emitBroadcast(KernelBuilder &k) {
  auto op = cast<nn::BroadcastOp>(k.op);
  ArrayRef<int64_t> from = shapeOf(op.getX());
  SmallVector<int64_t> strides = denseStrides(from);
  StridedCopy copy;
  copy.sizes.assign(shapeOf(op.getResult()).begin(), shapeOf(op.getResult()).end());
  copy.toStrides = denseStrides(copy.sizes);
  copy.fromStrides.assign(copy.sizes.size(), 0);
  for (size_t i = 0, d = copy.sizes.size() - from.size(); i < from.size(); ++i, ++d)
    if (from[i] != 1)
      copy.fromStrides[d] = strides[i];
  emitCopy(k, copy, k.operand(0), k.result());
  return success();
}

/// The elements of a dense or dense-resource attribute; else null.
static DenseElementsAttr denseValue(Attribute attr) {
  auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(attr);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (blob && int64_t(blob->getData().size()) ==
                  resource.getType().getNumElements() * (resource.getType().getElementTypeBitWidth() / 8))
    return DenseElementsAttr::getFromRawBuffer(resource.getType(), blob->getData());
  return dyn_cast_or_null<DenseElementsAttr>(attr);
}

/// Constants are data of the module, copied to where the plan wants them.
static LogicalResult emitConstant(KernelBuilder &k) {
  DenseElementsAttr value = denseValue(k.op->getAttr("value"));
  if (!value)
    return k.unsupported("a constant that is not a dense tensor");
  auto buffer = cast<MemRefType>(k.result().getType());
  auto flat = RankedTensorType::get(buffer.getShape(), buffer.getElementType());
  std::string name = (k.function.getName() + "_data").str();
  {
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPoint(k.function);
    memref::GlobalOp::create(k.b, k.loc, name, k.b.getStringAttr("private"), buffer,
                             value.isSplat() ? value.resizeSplat(flat) : value.reshape(flat),
                             /*constant=*/true, k.b.getI64IntegerAttr(64));
  }
  Value data = memref::GetGlobalOp::create(k.b, k.loc, buffer, name);
  StridedCopy copy;
  copy.sizes = {buffer.getNumElements()};
  copy.fromStrides = copy.toStrides = {1};
  emitCopy(k, copy, data, k.result());
  return success();
}

void intq::cpu::addLayoutKernels(KernelRegistry &r) {
  r["nn.broadcast"] = {emitBroadcast};
  r["nn.concat"] = {emitConcat};
  r["nn.constant"] = {emitConstant};
  r["arith.constant"] = {emitConstant};
  r["nn.pad"] = {emitPad};
  r["nn.slice"] = {emitSlice};
  r["nn.transpose"] = {emitTranspose};
}

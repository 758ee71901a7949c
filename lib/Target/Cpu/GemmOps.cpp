// The ops that are matrix products: intq.matmul, nn.linear and its gradients, nn.matmul.
#include "Gemm.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

/// k in one sum before sums are added up (Spec N11).
static constexpr int64_t kFloatChunk = 256;

static ArrayRef<int64_t> shapeOf(Value v) { return cast<RankedTensorType>(v.getType()).getShape(); }

/// The product of f32 operands with `batch` leading problems.
static LogicalResult emitFloat(KernelBuilder &k, int64_t batch, int64_t m, int64_t n, int64_t depth,
                               bool contiguousA, bool contiguousB, Value bias = {}) {
  Gemm gemm;
  gemm.problem = {
      batch,       m,          n, depth, kFloatChunk, GemmElement::F32, GemmElement::F32,
      contiguousA, contiguousB};
  gemm.a = {k.operand(0), {}};
  gemm.b = {k.operand(1), {}};
  gemm.bias = bias;
  gemm.result = k.result();
  emitGemm(k, gemm);
  return success();
}

static LogicalResult emitLinear(KernelBuilder &k) {
  auto op = cast<nn::LinearOp>(k.op);
  ArrayRef<int64_t> x = shapeOf(op.getX()), weight = shapeOf(op.getWeight());
  return emitFloat(k, 1, llvm::product_of(x.drop_back()), weight[0], weight[1], true, true,
                   op.getBias() ? k.operand(2) : Value());
}
static LogicalResult emitLinearInputGrad(KernelBuilder &k) {
  auto op = cast<nn::LinearInputGradOp>(k.op);
  ArrayRef<int64_t> dy = shapeOf(op.getDy()), weight = shapeOf(op.getWeight());
  return emitFloat(k, 1, llvm::product_of(dy.drop_back()), weight[1], weight[0], true, false);
}
static LogicalResult emitLinearWeightGrad(KernelBuilder &k) {
  auto op = cast<nn::LinearWeightGradOp>(k.op);
  ArrayRef<int64_t> dy = shapeOf(op.getDy()), x = shapeOf(op.getX());
  return emitFloat(k, 1, dy.back(), x.back(), llvm::product_of(dy.drop_back()), false, false);
}
static LogicalResult emitFloatMatmul(KernelBuilder &k) {
  auto op = cast<nn::MatmulOp>(k.op);
  ArrayRef<int64_t> a = shapeOf(op.getA()), out = shapeOf(op.getResult());
  int64_t depth = a[a.size() - (op.getTransposeA() ? 2 : 1)];
  return emitFloat(k, llvm::product_of(out.drop_back(2)), out[out.size() - 2], out.back(), depth,
                   !op.getTransposeA(), op.getTransposeB());
}

// ---- intq.matmul

static GemmElement elementOf(QType q) {
  return q.getWidth() <= 8 ? GemmElement::I8 : GemmElement::I16;
}

static GemmOperand quantizedOperand(QType q, Value codes, Value scales, int64_t rowDim,
                                    int64_t kDim) {
  int64_t rank = q.getRank();
  GemmOperand operand{codes, {}};
  if (q.getScale() == ScaleKind::Unit)
    return operand;
  SmallVector<int64_t> shape = q.getScaleShape(), strides(rank);
  for (int64_t d = rank - 1, stride = 1; d >= 0; stride *= shape[d--])
    strides[d] = stride;
  operand.scales.values = scales;
  operand.scales.rowBlock = q.getBlockSize(rowDim);
  operand.scales.rowStride = shape[rowDim] == 1 ? 0 : strides[rowDim];
  operand.scales.blockStride = strides[kDim];
  for (int64_t d = 0; d < rank - 2; ++d)
    operand.scales.leading.push_back({q.getShape()[d], q.getBlockSize(d), strides[d]});
  return operand;
}

/// Length of the scale blocks along k: those of an operand that has scales (matmul_c5).
static int64_t scaleBlock(QType a, QType b, int64_t kDimA, int64_t kDimB) {
  if (a.getScale() != ScaleKind::Unit)
    return a.getBlockSize(kDimA);
  return b.getScale() != ScaleKind::Unit ? b.getBlockSize(kDimB) : a.getShape()[kDimA];
}

static LogicalResult emitIntegerMatmul(KernelBuilder &k) {
  auto op = cast<MatmulOp>(k.op);
  QType a = op.getA().getType(), b = op.getB().getType();
  bool contiguousA = !op.getTransposeA(), contiguousB = op.getTransposeB();
  int64_t rank = a.getRank(), kDimA = contiguousA ? rank - 1 : rank - 2,
          kDimB = contiguousB ? rank - 1 : rank - 2;
  int64_t rowDimA = 2 * rank - 3 - kDimA,
          rowDimB = 2 * rank - 3 - kDimB; // the other one of the last two
  Gemm gemm;
  gemm.a = quantizedOperand(a, k.operand(0), k.operandScales(0), rowDimA, kDimA);
  gemm.b = quantizedOperand(b, k.operand(1), k.operandScales(1), rowDimB, kDimB);
  ArrayRef<int64_t> shapeA = a.getShape(), shapeB = b.getShape();
  gemm.problem = {llvm::product_of(shapeA.drop_back(2)),
                  shapeA[rowDimA],
                  shapeB[rowDimB],
                  shapeA[kDimA],
                  scaleBlock(a, b, kDimA, kDimB),
                  elementOf(a),
                  elementOf(b),
                  contiguousA,
                  contiguousB,
                  a.getMaxCode(),
                  b.getMaxCode(),
                  gemm.a.scales.rowBlock};
  gemm.bias = op.getBias() ? k.operand(2) : Value();
  gemm.result = k.result();
  emitGemm(k, gemm);
  return success();
}

void intq::cpu::addGemmKernels(KernelRegistry &r) {
  r["intq.matmul"] = {emitIntegerMatmul};
  r["nn.linear"] = {emitLinear};
  r["nn.linear_input_grad"] = {emitLinearInputGrad};
  r["nn.linear_weight_grad"] = {emitLinearWeightGrad};
  r["nn.matmul"] = {emitFloatMatmul};
}

// The integer matrix product (Spec, section Integer matmul; N1).
#include "Frame.h"

using namespace mlir;
using namespace intq;
using namespace intq::reference;

namespace {
// An operand as [batch, rows, K] codes and [batch, rows, blocks] scales, whatever its layout.
struct Operand {
  std::vector<int16_t> codes;
  std::vector<float> scales; // empty for `unit`
  int64_t rows, K;
};
} // namespace

static Operand pack(const QTensor &q, bool contractionFirst) {
  ArrayRef<int64_t> shape = q.type.getShape();
  int64_t rank = shape.size(), rowDim = contractionFirst ? rank - 1 : rank - 2;
  int64_t kDim = contractionFirst ? rank - 2 : rank - 1;
  Operand out{{}, {}, shape[rowDim], shape[kDim]};
  SmallVector<int64_t> scaleShape = q.type.getScaleShape();
  int64_t batches = ShapedType::getNumElements(shape.drop_back(2)), K = out.K, rows = out.rows;
  int64_t blocks = scaleShape[kDim], rowBlock = q.type.getBlockSize(rowDim);
  int64_t scaleRow = contractionFirst ? 1 : blocks,
          scaleK = contractionFirst ? scaleShape[rowDim] : 1;
  int64_t codeRow = contractionFirst ? 1 : K, codeK = contractionFirst ? rows : 1;
  bool unit = q.type.getScale() == ScaleKind::Unit;
  out.codes.resize(q.codes->size());
  out.scales.resize(unit ? 0 : batches * rows * blocks);
  for (int64_t batch = 0; batch < batches; ++batch) {
    // Which of the scales' batches: the leading dimensions may have blocks of their own.
    int64_t scaleBatch = 0;
    for (int64_t d = 0, rest = batch, size = batches; d < rank - 2; ++d) {
      size /= shape[d];
      scaleBatch = scaleBatch * scaleShape[d] + rest / size / q.type.getBlockSize(d);
      rest %= size;
    }
    const int16_t *codes = q.codes->data() + batch * rows * K;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t k = 0; k < K; ++k)
        out.codes[(batch * rows + r) * K + k] = codes[r * codeRow + k * codeK];
      for (int64_t c = 0; c < blocks && !unit; ++c)
        out.scales[(batch * rows + r) * blocks + c] =
            (*q.scales)[scaleBatch * scaleShape[rowDim] * blocks + r / rowBlock * scaleRow +
                        c * scaleK];
    }
  }
  return out;
}

// Σ a·b, exact: sums of at most `narrow` products fit i32.
static int64_t dot(const int16_t *a, const int16_t *b, int64_t count, int64_t narrow) {
  int64_t sum = 0;
  for (int64_t begin = 0; begin < count; begin += narrow) {
    int32_t part = 0;
    for (int64_t k = begin, end = std::min(begin + narrow, count); k < end; ++k)
      part += int32_t(a[k]) * int32_t(b[k]);
    sum += part;
  }
  return sum;
}

// The factor of one block: what of the two scales there is, the left operand's first.
static float factor(const Operand &a, const Operand &b, int64_t aIndex, int64_t bIndex) {
  if (a.scales.empty())
    return b.scales[bIndex];
  return b.scales.empty() ? a.scales[aIndex] : a.scales[aIndex] * b.scales[bIndex];
}

static LogicalResult matmul(MatmulOp op, Frame &frame) {
  const QTensor &left = frame.quantized(op.getA()), &right = frame.quantized(op.getB());
  Tensor out = Frame::make(op.getResult());
  Operand a = pack(left, op.getTransposeA()), b = pack(right, !op.getTransposeB());
  bool aUnit = a.scales.empty(), bUnit = b.scales.empty();
  int64_t K = a.K, M = a.rows, N = b.rows, batches = out.getNumElements() / (M * N);
  // Blocks along the contraction are those of an operand that has scales (matmul_c5).
  int64_t block = K;
  if (!aUnit)
    block = left.type.getBlockSize(left.type.getRank() - (op.getTransposeA() ? 2 : 1));
  else if (!bUnit)
    block = right.type.getBlockSize(right.type.getRank() - (op.getTransposeB() ? 1 : 2));
  int64_t blocks = llvm::divideCeil(K, block);
  int64_t narrow =
      std::max<int64_t>(1, INT32_MAX / (left.type.getMaxCode() * right.type.getMaxCode()));
  const float *bias = op.getBias() ? frame.tensor(op.getBias()).f32() : nullptr;
  ScalarMachine m;
  for (int64_t i = 0; i < batches * M; ++i) {
    for (int64_t n = 0; n < N; ++n) {
      int64_t j = i / M * N + n;
      float value = 0.0f;
      for (int64_t c = 0; c < blocks; ++c) {
        int64_t begin = c * block;
        float sum = static_cast<float>(dot(&a.codes[i * K + begin], &b.codes[j * K + begin],
                                           std::min(block, K - begin), narrow));
        if (aUnit && bUnit)
          value = sum;
        else if (blocks == 1)
          value = sum * factor(a, b, i, j);
        else
          value = m.fma(sum, factor(a, b, i * blocks + c, j * blocks + c), value);
      }
      out.f32()[i * N + n] = bias ? value + bias[n] : value;
    }
  }
  frame.set(op.getResult(), out);
  return success();
}

void intq::reference::defineIntegerMatmul(Definitions &t) { define<MatmulOp>(t, matmul); }

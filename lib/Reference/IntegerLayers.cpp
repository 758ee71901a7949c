// Integer layer norm, embedding and bias gradient (Spec, sections Layer norm and Embedding).
#include "Frame.h"

using namespace mlir;
using namespace intq;
using namespace intq::reference;

// The scale of row `row` of a matrix with one scale a row or one a tensor.
static float rowScale(const QTensor &q, int64_t row) {
  return (*q.scales)[q.scales->size() == 1 ? 0 : row];
}

// c = n·q − S1 of one row.
static std::vector<int64_t> centered(const int16_t *q, int64_t n) {
  int64_t sum = 0;
  for (int64_t j = 0; j < n; ++j)
    sum += q[j];
  std::vector<int64_t> c(n);
  for (int64_t j = 0; j < n; ++j)
    c[j] = n * q[j] - sum;
  return c;
}

static LogicalResult layerNorm(LayerNormOp op, Frame &frame) {
  const QTensor &x = frame.quantized(op.getX());
  const float *weight = frame.tensor(op.getWeight()).f32(),
              *bias = frame.tensor(op.getBias()).f32();
  Tensor y = Frame::make(op.getY()), rstd = Frame::make(op.getRstd());
  int64_t rows = y.rows(), n = y.columns();
  float e2 = static_cast<float>(op.getEpsilon().convertToDouble() * double(n * n));
  ScalarMachine m;
  for (int64_t row = 0; row < rows; ++row) {
    const int16_t *q = x.codes->data() + row * n;
    int64_t sum = 0, squares = 0;
    for (int64_t j = 0; j < n; ++j) {
      sum += q[j];
      squares += int64_t(q[j]) * q[j];
    }
    float variance = static_cast<float>(n * squares - sum * sum), s = rowScale(x, row);
    float r = 1.0f / m.sqrt(variance + e2 / s / s);
    std::vector<int64_t> c = centered(q, n);
    for (int64_t j = 0; j < n; ++j)
      y.f32()[row * n + j] = m.fma(static_cast<float>(c[j]) * r, weight[j], bias[j]);
    rstd.f32()[row] = r;
  }
  frame.set(op.getY(), y);
  frame.set(op.getRstd(), rstd);
  return success();
}

static LogicalResult layerNormInputGrad(LayerNormInputGradOp op, Frame &frame) {
  const QTensor &a = frame.quantized(op.getA()), &x = frame.quantized(op.getX());
  const float *rstd = frame.tensor(op.getRstd()).f32();
  Tensor dx = Frame::make(op.getDx());
  int64_t rows = dx.rows(), n = dx.columns();
  float count = float(n);
  ScalarMachine m;
  for (int64_t row = 0; row < rows; ++row) {
    const int16_t *g = a.codes->data() + row * n;
    std::vector<int64_t> c = centered(x.codes->data() + row * n, n);
    int64_t a1 = 0, a2 = 0;
    for (int64_t j = 0; j < n; ++j) {
      a1 += g[j];
      a2 += g[j] * c[j];
    }
    float sa = rowScale(a, row), r = rstd[row];
    float rho = (r * count) / rowScale(x, row);
    float m1 = (static_cast<float>(a1) * sa) / count;
    float m2 = ((static_cast<float>(a2) * sa) * r) / count;
    for (int64_t j = 0; j < n; ++j) {
      float normalized = static_cast<float>(c[j]) * r;
      dx.f32()[row * n + j] = rho * m.fma(-normalized, m2, float(g[j]) * sa - m1);
    }
  }
  frame.set(op.getDx(), dx);
  return success();
}

static LogicalResult layerNormWeightGrad(LayerNormWeightGradOp op, Frame &frame) {
  const QTensor &h = frame.quantized(op.getH()), &x = frame.quantized(op.getX());
  Tensor dw = Frame::make(op.getDweight());
  int64_t rows = h.type.getShape()[0], n = h.type.getShape()[1];
  int64_t block = h.type.getBlockSize(0), columnBlock = h.type.getBlockSize(1);
  int64_t columnScales = h.type.getScaleShape()[1];
  ScalarMachine m;
  for (int64_t begin = 0; begin < rows; begin += block) {
    std::vector<int64_t> sums(n);
    for (int64_t row = begin; row < std::min(begin + block, rows); ++row) {
      std::vector<int64_t> c = centered(x.codes->data() + row * n, n);
      for (int64_t j = 0; j < n; ++j)
        sums[j] += (*h.codes)[row * n + j] * c[j];
    }
    for (int64_t j = 0; j < n; ++j)
      dw.f32()[j] = m.fma(static_cast<float>(sums[j]),
                          (*h.scales)[begin / block * columnScales + j / columnBlock], dw.f32()[j]);
  }
  frame.set(op.getDweight(), dw);
  return success();
}

static LogicalResult embedding(EmbeddingOp op, Frame &frame) {
  const QTensor &table = frame.quantized(op.getTable());
  const Tensor &ids = frame.tensor(op.getIds());
  Tensor out = Frame::make(op.getResult());
  int64_t H = out.columns();
  for (int64_t i = 0; i < ids.getNumElements(); ++i) {
    int64_t id = ids.i32()[i];
    if (failed(checkIndex(op, id, table.type.getShape()[0])))
      return failure();
    float s = rowScale(table, id);
    for (int64_t j = 0; j < H; ++j)
      out.f32()[i * H + j] = float((*table.codes)[id * H + j]) * s;
  }
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult embeddingGrad(EmbeddingGradOp op, Frame &frame) {
  const QTensor &dy = frame.quantized(op.getDy());
  const Tensor &ids = frame.tensor(op.getIds());
  Tensor out = Frame::make(op.getDtable());
  int64_t H = out.columns();
  std::vector<int64_t> sums(out.getNumElements());
  for (int64_t i = 0; i < ids.getNumElements(); ++i) {
    int64_t id = ids.i32()[i];
    if (failed(checkIndex(op, id, out.rows())))
      return failure();
    if (id != static_cast<int64_t>(op.getPaddingIdx()))
      for (int64_t j = 0; j < H; ++j)
        sums[id * H + j] += (*dy.codes)[i * H + j];
  }
  float s = dy.scales->front();
  for (size_t i = 0; i < sums.size(); ++i)
    out.f32()[i] = static_cast<float>(sums[i]) * s;
  frame.set(op.getDtable(), out);
  return success();
}

static LogicalResult biasGrad(BiasGradOp op, Frame &frame) {
  const QTensor &dy = frame.quantized(op.getDy());
  Tensor db = Frame::make(op.getDb());
  int64_t rows = dy.type.getShape()[0], n = dy.type.getShape()[1];
  for (int64_t j = 0; j < n; ++j) {
    int64_t sum = 0;
    for (int64_t row = 0; row < rows; ++row)
      sum += (*dy.codes)[row * n + j];
    db.f32()[j] = static_cast<float>(sum) * dy.scales->front();
  }
  frame.set(op.getDb(), db);
  return success();
}

void intq::reference::defineIntegerLayers(Definitions &t) {
  define<LayerNormOp>(t, layerNorm);
  define<LayerNormInputGradOp>(t, layerNormInputGrad);
  define<LayerNormWeightGradOp>(t, layerNormWeightGrad);
  define<EmbeddingOp>(t, embedding);
  define<EmbeddingGradOp>(t, embeddingGrad);
  define<BiasGradOp>(t, biasGrad);
}

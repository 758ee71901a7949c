// Float layer norm, softmax and masking.
#include "Frame.h"
#include "Softmax.h"

using namespace mlir;
using namespace intq;
using namespace intq::reference;

static LogicalResult layerNorm(nn::LayerNormOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX());
  const float *weight = frame.tensor(op.getWeight()).f32(),
              *bias = frame.tensor(op.getBias()).f32();
  Tensor y = Frame::make(op.getY()), mean = Frame::make(op.getMean()),
         rstd = Frame::make(op.getRstd());
  int64_t n = x.columns();
  float epsilon = op.getEpsilon().convertToFloat(), count = float(n);
  ScalarMachine m;
  for (int64_t row = 0; row < x.rows(); ++row) {
    const float *from = x.f32() + row * n;
    float mu = sumLanes(n, [&](int64_t j) { return from[j]; }) / count;
    float variance =
        sumLanes(n, [&](int64_t j) { return (from[j] - mu) * (from[j] - mu); }) / count;
    float r = 1.0f / m.sqrt(variance + epsilon);
    for (int64_t j = 0; j < n; ++j)
      y.f32()[row * n + j] = m.fma((from[j] - mu) * r, weight[j], bias[j]);
    mean.f32()[row] = mu;
    rstd.f32()[row] = r;
  }
  frame.set(op.getY(), y);
  frame.set(op.getMean(), mean);
  frame.set(op.getRstd(), rstd);
  return success();
}

// x̂ = mul(sub(x, mean), rstd), gh = mul(dy, weight), m1 = mean of gh, m2 = mean of mul(gh, x̂):
// dx = mul(rstd, fma(−x̂, m2, sub(gh, m1))).
static LogicalResult layerNormGrad(nn::LayerNormGradOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX());
  const float *dy = frame.tensor(op.getDy()).f32(), *weight = frame.tensor(op.getWeight()).f32();
  const float *mean = frame.tensor(op.getMean()).f32(), *rstd = frame.tensor(op.getRstd()).f32();
  Tensor dx = Frame::make(op.getDx()), dw = Frame::make(op.getDweight()),
         db = Frame::make(op.getDbias());
  int64_t n = x.columns(), rows = x.rows();
  auto normalized = [&](int64_t row, int64_t j) {
    return (x.f32()[row * n + j] - mean[row]) * rstd[row];
  };
  ScalarMachine m;
  for (int64_t row = 0; row < rows; ++row) {
    auto gh = [&](int64_t j) { return dy[row * n + j] * weight[j]; };
    float m1 = sumLanes(n, gh) / float(n);
    float m2 = sumLanes(n, [&](int64_t j) { return gh(j) * normalized(row, j); }) / float(n);
    for (int64_t j = 0; j < n; ++j)
      dx.f32()[row * n + j] = rstd[row] * m.fma(-normalized(row, j), m2, gh(j) - m1);
  }
  sumRows(rows, n, dw.f32(),
          [&](int64_t row, int64_t j) { return dy[row * n + j] * normalized(row, j); });
  sumRows(rows, n, db.f32(), [&](int64_t row, int64_t j) { return dy[row * n + j]; });
  frame.set(op.getDx(), dx);
  frame.set(op.getDweight(), dw);
  frame.set(op.getDbias(), db);
  return success();
}

static LogicalResult softmax(nn::SoftmaxOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX());
  Tensor out = Frame::make(op.getResult());
  const int32_t *keep = op.getKeep() ? frame.tensor(op.getKeep()).i32() : nullptr;
  int64_t K = x.columns(), rowsPerBatch = x.rows() / x.getShape().front();
  for (int64_t row = 0; row < x.rows(); ++row)
    softmaxRow(K, x.f32() + row * K, keep ? keep + row / rowsPerBatch * K : nullptr,
               out.f32() + row * K);
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult softmaxGrad(nn::SoftmaxGradOp op, Frame &frame) {
  const Tensor &dy = frame.tensor(op.getDy()), &y = frame.tensor(op.getY());
  Tensor dx = Frame::make(op.getDx());
  int64_t K = y.columns();
  for (int64_t row = 0; row < y.rows(); ++row) {
    const float *g = dy.f32() + row * K, *p = y.f32() + row * K;
    float d = sumLanes(K, [&](int64_t j) { return g[j] * p[j]; });
    for (int64_t j = 0; j < K; ++j)
      dx.f32()[row * K + j] = p[j] * (g[j] - d);
  }
  frame.set(op.getDx(), dx);
  return success();
}

static LogicalResult maskRows(nn::MaskRowsOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX());
  const int32_t *keep = frame.tensor(op.getKeep()).i32();
  Tensor out = Frame::make(op.getResult());
  ArrayRef<int64_t> shape = x.getShape();
  int64_t heads = shape[1], S = shape[2], D = shape[3];
  for (int64_t row = 0; row < x.rows(); ++row)
    if (keep[row / (heads * S) * S + row % S])
      std::copy_n(x.f32() + row * D, D, out.f32() + row * D);
  frame.set(op.getResult(), out);
  return success();
}

void intq::reference::defineNormalization(Definitions &t) {
  define<nn::LayerNormOp>(t, layerNorm);
  define<nn::LayerNormGradOp>(t, layerNormGrad);
  define<nn::SoftmaxOp>(t, softmax);
  define<nn::SoftmaxGradOp>(t, softmaxGrad);
  define<nn::MaskRowsOp>(t, maskRows);
}

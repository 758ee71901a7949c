// Float linear layers and matrix products (Spec N11).
#include "Frame.h"
#include "intq/Format/Reduce.h"

using namespace mlir;
using namespace intq;
using namespace intq::reference;

namespace {
// A matrix somewhere in a tensor: element (r, c) at data[r·row + c·column].
struct Matrix {
  const float *data;
  int64_t row, column;
};
} // namespace

// acc[n] = fma(a[k], b[k][n], acc[n]) for k in [begin, end). Compiled also for processors with fma,
// whose result is the same.
__attribute__((target_clones("fma", "default"))) static void accumulate(const float *a,
                                                                        const float *b, float *acc,
                                                                        int64_t begin, int64_t end,
                                                                        int64_t columns) {
  for (int64_t k = begin; k < end; ++k)
    for (int64_t n = 0; n < columns; ++n)
      acc[n] = __builtin_fmaf(a[k], b[k * columns + n], acc[n]);
}

// out[M, N] = a[M, K] · b[K, N] by N11, all columns of a row at once.
static void multiply(int64_t M, int64_t N, int64_t K, Matrix a, Matrix b, float *out) {
  constexpr int64_t kChunk = 256;
  std::vector<float> row(K), packed(K * N), acc(N);
  for (int64_t k = 0; k < K; ++k)
    for (int64_t n = 0; n < N; ++n)
      packed[k * N + n] = b.data[k * b.row + n * b.column];
  for (int64_t m = 0; m < M; ++m) {
    float *to = out + m * N;
    for (int64_t k = 0; k < K; ++k)
      row[k] = a.data[m * a.row + k * a.column];
    for (int64_t begin = 0; begin < K; begin += kChunk) {
      std::fill(acc.begin(), acc.end(), 0.0f);
      accumulate(row.data(), packed.data(), acc.data(), begin, std::min(begin + kChunk, K), N);
      for (int64_t n = 0; n < N; ++n)
        to[n] += acc[n];
    }
  }
}

static LogicalResult linear(nn::LinearOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX()), &w = frame.tensor(op.getWeight());
  Tensor y = Frame::make(op.getY());
  int64_t K = x.columns(), N = y.columns();
  multiply(x.rows(), N, K, {x.f32(), K, 1}, {w.f32(), 1, K}, y.f32());
  if (op.getBias()) {
    const float *bias = frame.tensor(op.getBias()).f32();
    for (int64_t i = 0; i < y.getNumElements(); ++i)
      y.f32()[i] += bias[i % N];
  }
  frame.set(op.getY(), y);
  return success();
}

static LogicalResult linearInputGrad(nn::LinearInputGradOp op, Frame &frame) {
  const Tensor &dy = frame.tensor(op.getDy()), &w = frame.tensor(op.getWeight());
  Tensor dx = Frame::make(op.getDx());
  int64_t K = dx.columns(), N = dy.columns();
  multiply(dy.rows(), K, N, {dy.f32(), N, 1}, {w.f32(), K, 1}, dx.f32());
  frame.set(op.getDx(), dx);
  return success();
}

static LogicalResult linearWeightGrad(nn::LinearWeightGradOp op, Frame &frame) {
  const Tensor &dy = frame.tensor(op.getDy()), &x = frame.tensor(op.getX());
  Tensor dw = Frame::make(op.getDw());
  int64_t K = x.columns(), N = dy.columns();
  multiply(N, K, x.rows(), {dy.f32(), 1, N}, {x.f32(), K, 1}, dw.f32());
  frame.set(op.getDw(), dw);
  return success();
}

static LogicalResult biasGrad(nn::BiasGradOp op, Frame &frame) {
  const Tensor &dy = frame.tensor(op.getDy());
  Tensor db = Frame::make(op.getDb());
  int64_t N = dy.columns();
  sumRows(dy.rows(), N, db.f32(), [&](int64_t row, int64_t n) { return dy.f32()[row * N + n]; });
  frame.set(op.getDb(), db);
  return success();
}

static LogicalResult matmul(nn::MatmulOp op, Frame &frame) {
  const Tensor &a = frame.tensor(op.getA()), &b = frame.tensor(op.getB());
  Tensor out = Frame::make(op.getResult());
  ArrayRef<int64_t> shape = out.getShape();
  int64_t M = shape[shape.size() - 2], N = shape.back();
  int64_t K = a.getShape()[a.getRank() - (op.getTransposeA() ? 2 : 1)];
  for (int64_t batch = 0; batch < out.getNumElements() / (M * N); ++batch) {
    const float *left = a.f32() + batch * M * K, *right = b.f32() + batch * K * N;
    multiply(M, N, K, op.getTransposeA() ? Matrix{left, 1, M} : Matrix{left, K, 1},
             op.getTransposeB() ? Matrix{right, 1, K} : Matrix{right, N, 1},
             out.f32() + batch * M * N);
  }
  frame.set(op.getResult(), out);
  return success();
}

void intq::reference::defineLinear(Definitions &t) {
  define<nn::LinearOp>(t, linear);
  define<nn::LinearInputGradOp>(t, linearInputGrad);
  define<nn::LinearWeightGradOp>(t, linearWeightGrad);
  define<nn::BiasGradOp>(t, biasGrad);
  define<nn::MatmulOp>(t, matmul);
}

// Embedding tables and losses in float.
#include "Frame.h"
#include "Softmax.h"
#include "intq/Format/Reduce.h"

using namespace mlir;
using namespace intq;
using namespace intq::reference;

static LogicalResult embedding(nn::EmbeddingOp op, Frame &frame) {
  const Tensor &table = frame.tensor(op.getTable()), &ids = frame.tensor(op.getIds());
  Tensor out = Frame::make(op.getResult());
  int64_t H = table.columns();
  for (int64_t i = 0; i < ids.getNumElements(); ++i) {
    int64_t id = ids.i32()[i];
    if (failed(checkIndex(op, id, table.rows())))
      return failure();
    std::copy_n(table.f32() + id * H, H, out.f32() + i * H);
  }
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult embeddingGrad(nn::EmbeddingGradOp op, Frame &frame) {
  const Tensor &dy = frame.tensor(op.getDy()), &ids = frame.tensor(op.getIds());
  Tensor table = Frame::make(op.getDtable());
  int64_t H = table.columns();
  for (int64_t i = 0; i < ids.getNumElements(); ++i) {
    int64_t id = ids.i32()[i];
    if (failed(checkIndex(op, id, table.rows())))
      return failure();
    if (id != static_cast<int64_t>(op.getPaddingIdx()))
      for (int64_t h = 0; h < H; ++h)
        table.f32()[id * H + h] += dy.f32()[i * H + h];
  }
  frame.set(op.getDtable(), table);
  return success();
}

static LogicalResult positionIds(nn::PositionIdsOp op, Frame &frame) {
  const Tensor &ids = frame.tensor(op.getIds());
  Tensor out = Frame::make(op.getResult());
  int32_t padding = static_cast<int32_t>(op.getPaddingIdx());
  for (int64_t b = 0, S = ids.columns(); b < ids.rows(); ++b) {
    int32_t position = padding;
    for (int64_t s = b * S; s < (b + 1) * S; ++s)
      out.as<int32_t>()[s] = ids.i32()[s] == padding ? padding : ++position;
  }
  frame.set(op.getResult(), out);
  return success();
}

// Labels that count; failure where one is neither a class nor `ignore`.
static FailureOr<int64_t> countLabels(Operation *op, const Tensor &labels, int64_t classes,
                                      int64_t ignore) {
  int64_t count = 0;
  for (int64_t i = 0; i < labels.getNumElements(); ++i) {
    if (labels.i32()[i] == ignore)
      continue;
    if (failed(checkIndex(op, labels.i32()[i], classes)))
      return failure();
    ++count;
  }
  return count;
}

static LogicalResult crossEntropy(nn::CrossEntropyOp op, Frame &frame) {
  const Tensor &logits = frame.tensor(op.getLogits()), &labels = frame.tensor(op.getLabels());
  Tensor loss = Frame::make(op.getLoss());
  int64_t C = logits.columns(), ignore = op.getIgnoreIndex();
  FailureOr<int64_t> count = countLabels(op, labels, C, ignore);
  if (failed(count))
    return failure();
  ScalarMachine m;
  // A row that does not count is +0 at its place in the sum.
  float sum = sumLanes(logits.rows(), [&](int64_t i) {
    int32_t label = labels.i32()[i];
    if (label == ignore)
      return 0.0f;
    const float *x = logits.f32() + i * C;
    float max = rowMax(C, x, nullptr);
    float total = sumLanes(C, [&](int64_t j) { return intq::exp(m, x[j] - max); });
    return (max + intq::log(m, total)) - x[label];
  });
  *loss.f32() = *count ? sum / float(*count) : 0.0f;
  frame.set(op.getLoss(), loss);
  return success();
}

static LogicalResult crossEntropyGrad(nn::CrossEntropyGradOp op, Frame &frame) {
  const Tensor &logits = frame.tensor(op.getLogits()), &labels = frame.tensor(op.getLabels());
  Tensor out = Frame::make(op.getDlogits());
  int64_t C = logits.columns(), ignore = op.getIgnoreIndex();
  FailureOr<int64_t> count = countLabels(op, labels, C, ignore);
  if (failed(count))
    return failure();
  float share = 1.0f / float(*count), dloss = *frame.tensor(op.getDloss()).f32();
  for (int64_t i = 0; i < logits.rows(); ++i) {
    int32_t label = labels.i32()[i];
    if (label == ignore)
      continue;
    float *to = out.f32() + i * C;
    softmaxRow(C, logits.f32() + i * C, nullptr, to);
    for (int64_t j = 0; j < C; ++j)
      to[j] = ((to[j] - (j == label ? 1.0f : 0.0f)) * share) * dloss;
  }
  frame.set(op.getDlogits(), out);
  return success();
}

static LogicalResult mse(nn::MseOp op, Frame &frame) {
  const Tensor &prediction = frame.tensor(op.getPrediction()),
               &target = frame.tensor(op.getTarget());
  Tensor loss = Frame::make(op.getLoss());
  int64_t count = prediction.getNumElements();
  float sum = sumLanes(count, [&](int64_t i) {
    float d = prediction.f32()[i] - target.f32()[i];
    return d * d;
  });
  *loss.f32() = sum / float(count);
  frame.set(op.getLoss(), loss);
  return success();
}

static LogicalResult mseGrad(nn::MseGradOp op, Frame &frame) {
  const Tensor &prediction = frame.tensor(op.getPrediction()),
               &target = frame.tensor(op.getTarget());
  Tensor out = Frame::make(op.getDprediction());
  int64_t count = prediction.getNumElements();
  float share = 2.0f / float(count), dloss = *frame.tensor(op.getDloss()).f32();
  for (int64_t i = 0; i < count; ++i)
    out.f32()[i] = ((prediction.f32()[i] - target.f32()[i]) * share) * dloss;
  frame.set(op.getDprediction(), out);
  return success();
}

void intq::reference::defineIndexing(Definitions &t) {
  define<nn::EmbeddingOp>(t, embedding);
  define<nn::PositionIdsOp>(t, positionIds);
  define<nn::EmbeddingGradOp>(t, embeddingGrad);
  define<nn::CrossEntropyOp>(t, crossEntropy);
  define<nn::CrossEntropyGradOp>(t, crossEntropyGrad);
  define<nn::MseOp>(t, mse);
  define<nn::MseGradOp>(t, mseGrad);
}

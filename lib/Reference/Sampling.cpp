// Row norms, the selection of rows and their gathering (Spec, nn.select_rows).
#include "Frame.h"
#include "intq/Format/Reduce.h"
#include "intq/Format/RowSelection.h"
#include <numeric>

using namespace mlir;
using namespace intq;
using namespace intq::reference;

static LogicalResult rowNorm(nn::RowNormOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX());
  Tensor out = Frame::make(op.getNorms());
  int64_t K = x.columns();
  for (int64_t m = 0; m < x.rows(); ++m) {
    const float *row = x.f32() + m * K;
    out.f32()[m] = std::sqrt(sumLanes(K, [&](int64_t k) { return row[k] * row[k]; }));
  }
  frame.set(op.getNorms(), out);
  return success();
}

static LogicalResult codeRowNorm(RowNormOp op, Frame &frame) {
  const QTensor &q = frame.quantized(op.getQ());
  Tensor out = Frame::make(op.getNorms());
  int64_t K = q.type.getShape()[1];
  for (int64_t m = 0; m < out.getNumElements(); ++m) {
    int64_t sum = 0;
    for (int64_t k = 0; k < K; ++k)
      sum += int64_t((*q.codes)[m * K + k]) * (*q.codes)[m * K + k];
    out.f32()[m] = std::sqrt(static_cast<float>(sum)) * (*q.scales)[q.scales->size() == 1 ? 0 : m];
  }
  frame.set(op.getNorms(), out);
  return success();
}

namespace {
/// The selection from integer weights.
class Selection {
public:
  Selection(nn::SelectRowsOp op, std::vector<int64_t> weights, RandomBits random)
      : op(op), k(op.getRows().getType().getNumElements()), weights(std::move(weights)), random(random),
        count(this->weights.size()), scale(this->weights.size(), 1.0f) {}

  void run();
  /// How often each row is taken, and its factor.
  std::vector<int64_t> times() const { return count; }
  float scaleOf(int64_t row) const { return scale[row]; }

private:
  void takeAll(int64_t used);
  void addUniformShare(int64_t used);
  int64_t certainRows(const std::vector<int64_t> &order);
  void drawWithReplacement();
  void drawByComb();
  bool isSquared() { return op.getCriterion() == nn::Criterion::Squared; }

  nn::SelectRowsOp op;
  int64_t k;
  std::vector<int64_t> weights;
  RandomBits random;
  std::vector<int64_t> count;
  std::vector<float> scale;
  // Of the rows that are not certain: their number of draws, weights and sum of weights.
  int64_t draws = 0, rest = 0;
  std::vector<int64_t> uncertain;
};
} // namespace

/// At most k rows matter: all of them, and the first others to fill up.
void Selection::takeAll(int64_t used) {
  int64_t fill = k - used;
  for (size_t j = 0; j < weights.size(); ++j)
    count[j] = weights[j] || fill-- > 0;
}

void Selection::addUniformShare(int64_t used) {
  double share = op.getDefensive().convertToDouble();
  double sum = static_cast<double>(std::accumulate(weights.begin(), weights.end(), int64_t(0)));
  int64_t each = static_cast<int64_t>(std::nearbyint(sum * (share / (1.0 - share)) / double(used)));
  for (int64_t &w : weights)
    if (w)
      w += each;
}

/// How many of the rows in `order` are certain.
int64_t Selection::certainRows(const std::vector<int64_t> &order) {
  int64_t sum = std::accumulate(weights.begin(), weights.end(), int64_t(0)), left = sum;
  if (op.getSampler() == nn::Sampler::Pps) {
    int64_t c = 0;
    for (; (k - c) * weights[order[c]] > left; ++c)
      left -= weights[order[c]];
    return c;
  }
  ScalarMachine m;
  int64_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int64_t c = 0; c < k; left -= weights[order[c++]]) {
    double score = selectionScore(m, double(left), double(k - c), isSquared());
    bool allowed = !isSquared() || left * k <= sum * (k - c);
    if (allowed && score < least)
      best = c, least = score;
  }
  return best;
}

/// floor(v·n/2^64), v the 64 bits of the words 2t and 2t + 1.
static int64_t uniform(RandomBits &random, int64_t t, uint64_t n) {
  uint64_t high = static_cast<uint32_t>(random(2 * t)), low = static_cast<uint32_t>(random(2 * t + 1));
  return static_cast<int64_t>((high * n + (low * n >> 32)) >> 32);
}

void Selection::drawWithReplacement() {
  std::vector<int64_t> cumulative(uncertain.size());
  std::partial_sum(uncertain.begin(), uncertain.end(), cumulative.begin());
  for (int64_t t = 0; t < draws; ++t) {
    int64_t u = uniform(random, t, rest);
    ++count[std::upper_bound(cumulative.begin(), cumulative.end(), u) - cumulative.begin()];
  }
}

void Selection::drawByComb() {
  // Teeth u + m·rest, m = 0, 1, …, on the axis of cumulative weights times the number of draws.
  int64_t u = uniform(random, 0, rest), end = 0, before = 0;
  for (size_t j = 0; j < uncertain.size(); ++j) {
    end += uncertain[j] * draws;
    int64_t teeth = end <= u ? 0 : (end - u + rest - 1) / rest;
    count[j] += teeth - before;
    before = teeth;
  }
}

void Selection::run() {
  int64_t used = llvm::count_if(weights, [](int64_t w) { return w != 0; });
  if (used <= k)
    return takeAll(used);
  addUniformShare(used);
  std::vector<int64_t> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return weights[a] != weights[b] ? weights[a] > weights[b] : a < b;
  });
  int64_t certain = certainRows(order);
  uncertain = weights;
  for (int64_t c = 0; c < certain; ++c) {
    uncertain[order[c]] = 0;
    count[order[c]] = 1;
  }
  draws = k - certain;
  rest = std::accumulate(uncertain.begin(), uncertain.end(), int64_t(0));
  for (size_t j = 0; j < uncertain.size(); ++j)
    if (uncertain[j])
      scale[j] = static_cast<float>(rest) / static_cast<float>(draws * uncertain[j]);
  op.getSampler() == nn::Sampler::Pps ? drawByComb() : drawWithReplacement();
}

static std::vector<int64_t> integerWeights(nn::SelectRowsOp op, Frame &frame) {
  const Tensor &w = frame.tensor(op.getWeights());
  int64_t rows = w.getNumElements();
  std::vector<bool> kept(rows, true);
  if (op.getKeep()) {
    const Tensor &keep = frame.tensor(op.getKeep());
    for (int64_t i = 0; i < rows; ++i)
      kept[i] = keep.i32()[i] != 0 || i % keep.columns() == int64_t(op.getAnchor());
  }
  ScalarMachine m;
  int32_t largest = 0;
  for (int64_t i = 0; i < rows; ++i)
    if (kept[i])
      largest = std::max(largest, magnitudeBits(m, w.f32()[i]));
  std::vector<int64_t> weights(rows);
  for (int64_t i = 0; i < rows; ++i)
    weights[i] = kept[i] ? integerWeight(m, w.f32()[i], m.floatOf(largest), weightBits(rows)) : 0;
  return weights;
}

static LogicalResult selectRows(nn::SelectRowsOp op, Frame &frame) {
  Tensor rows = Frame::make(op.getRows()), scales = Frame::make(op.getScales());
  Selection selection(op, integerWeights(op, frame), frame.random(op.getRng(), op.getStream(), 32));
  selection.run();
  int64_t at = 0;
  for (auto [row, times] : llvm::enumerate(selection.times()))
    for (int64_t i = 0; i < times; ++i, ++at) {
      rows.as<int32_t>()[at] = row;
      scales.f32()[at] = selection.scaleOf(row);
    }
  frame.set(op.getRows(), rows);
  frame.set(op.getScales(), scales);
  return success();
}

static LogicalResult gatherRows(nn::GatherRowsOp op, Frame &frame) {
  const Tensor &x = frame.tensor(op.getX()), &rows = frame.tensor(op.getRows());
  Tensor out = Frame::make(op.getResult());
  int64_t K = x.columns();
  for (int64_t t = 0; t < rows.getNumElements(); ++t) {
    int64_t row = rows.i32()[t];
    if (failed(checkIndex(op, row, x.rows())))
      return failure();
    for (int64_t k = 0; k < K; ++k) {
      float value = x.f32()[row * K + k];
      out.f32()[t * K + k] = op.getScales() ? value * frame.tensor(op.getScales()).f32()[t] : value;
    }
  }
  frame.set(op.getResult(), out);
  return success();
}

static LogicalResult gatherCodes(GatherRowsOp op, Frame &frame) {
  const QTensor &q = frame.quantized(op.getQ());
  const Tensor &rows = frame.tensor(op.getRows());
  QTensor out = Frame::makeQuantized(op.getResult());
  int64_t K = q.type.getShape()[1];
  for (int64_t t = 0; t < rows.getNumElements(); ++t) {
    int64_t row = rows.i32()[t];
    if (failed(checkIndex(op, row, q.type.getShape()[0])))
      return failure();
    std::copy_n(q.codes->begin() + row * K, K, out.codes->begin() + t * K);
    if (t < int64_t(out.scales->size()))
      (*out.scales)[t] = (*q.scales)[q.scales->size() == 1 ? 0 : row];
  }
  frame.set(op.getResult(), out);
  return success();
}

void intq::reference::defineSampling(Definitions &t) {
  define<nn::RowNormOp>(t, rowNorm);
  define<RowNormOp>(t, codeRowNorm);
  define<nn::SelectRowsOp>(t, selectRows);
  define<nn::GatherRowsOp>(t, gatherRows);
  define<GatherRowsOp>(t, gatherCodes);
}

// What the definitions of ops share: the values of a running function, and the table from op name
// to definition.
#pragma once
#include "intq/Format/Philox.h"
#include "intq/Reference/Interpreter.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace intq::reference {

class Frame {
public:
  explicit Frame(Status &status) : status(status) {}

  const Tensor &tensor(mlir::Value v) const { return std::get<Tensor>(values.find(v)->second); }
  const QTensor &quantized(mlir::Value v) const {
    return std::get<QTensor>(values.find(v)->second);
  }
  const Value &get(mlir::Value v) const { return values.find(v)->second; }
  void set(mlir::Value v, Value value) { values[v] = std::move(value); }
  void drop(mlir::Value v) { values.erase(v); }

  /// Zeros of the type of `v`, to be filled and set.
  static Tensor make(mlir::Value v) {
    return Tensor(llvm::cast<mlir::RankedTensorType>(v.getType()));
  }
  static QTensor makeQuantized(mlir::Value v) { return QTensor(llvm::cast<QType>(v.getType())); }

  /// The draws of `stream` under the key `rng` (Spec N5).
  RandomBits random(mlir::Value rng, llvm::StringRef stream, int bits) const;

  Status &status;

private:
  llvm::DenseMap<mlir::Value, Value> values;
};

using Definition = std::function<llvm::LogicalResult(mlir::Operation *, Frame &)>;
using Definitions = llvm::StringMap<Definition>;

/// Enters `define`, LogicalResult(OpTy, Frame &), under the name of its op.
template <class OpTy> void define(Definitions &table, llvm::LogicalResult (*body)(OpTy, Frame &)) {
  table[OpTy::getOperationName()] = [body](mlir::Operation *op, Frame &frame) {
    return body(llvm::cast<OpTy>(op), frame);
  };
}

// One a family of ops.
void defineElementwise(Definitions &);
void defineIndexing(Definitions &);
void defineLayout(Definitions &);
void defineLinear(Definitions &);
void defineNf4(Definitions &);
void defineNormalization(Definitions &);
void defineOptimizer(Definitions &);
void defineQuantization(Definitions &);
void defineIntegerMatmul(Definitions &);
void defineIntegerLayers(Definitions &);
void defineSampling(Definitions &);
void defineCheck(Definitions &);

/// x read at the indices of `shape`, to which it broadcasts.
std::vector<float> broadcast(const Tensor &x, llvm::ArrayRef<int64_t> shape);

/// Fails with an error at `op` unless 0 ≤ index < limit.
llvm::LogicalResult checkIndex(mlir::Operation *op, int64_t index, int64_t limit);

} // namespace intq::reference

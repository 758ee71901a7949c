// The derived shapes of !intq.q: blocks, scales and storage.
#include "intq/Dialect/Intq/Intq.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"

using intq::QType;
using intq::ScaleKind;

static int failures = 0;

template <class T> static void expectEq(const char *what, T actual, T expected) {
  if (actual == expected)
    return;
  llvm::errs() << "expected another value of " << what << '\n';
  ++failures;
}

int main() {
  mlir::MLIRContext context;
  context.loadDialect<intq::IntqDialect>();
  using Shape = llvm::SmallVector<int64_t>;

  auto rows = QType::get(&context, {1000, 768}, 8, {1, QType::kWhole}, ScaleKind::F32);
  expectEq("scale shape of rows", rows.getScaleShape(), Shape{1000, 1});
  expectEq("largest 8-bit code", rows.getMaxCode(), int64_t(127));
  expectEq("storage of 8 bits", rows.getStorageType().getWidth(), 8u);

  auto blocks = QType::get(&context, {1000, 768}, 12, {256, 1}, ScaleKind::F32);
  expectEq("scale shape with a short last block", blocks.getScaleShape(), Shape{4, 768});
  expectEq("largest 12-bit code", blocks.getMaxCode(), int64_t(2047));
  expectEq("storage of 12 bits", blocks.getStorageType().getWidth(), 16u);

  auto whole = QType::get(&context, {7, 5}, 16, {QType::kWhole, QType::kWhole}, ScaleKind::Pow2);
  expectEq("scale shape of a tensor", whole.getScaleShape(), Shape{1, 1});
  expectEq("largest 16-bit code", whole.getMaxCode(), int64_t(32767));
  return failures != 0;
}

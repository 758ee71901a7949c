// Random draws of consecutive elements, made sixteen Philox groups at a time.
#pragma once
#include "intq/Target/Cpu/Kernel.h"

namespace intq::cpu {

/// A buffer of draws for a span of elements (Spec N5), refilled span by span.
class Draws {
public:
  /// `bits` ≤ 16: eight draws a Philox call, else four. `rng`: memref<4xi32>.
  Draws(KernelBuilder &k, mlir::Value rng, int bits);
  /// Allocates room for spans of up to `count` elements; inside `setup` of a parallel loop.
  void allocate(int64_t count);
  /// Draws for the elements first … first + count − 1 of the tensor.
  /// `divisor`: a known divisor of `first`.
  void fill(mlir::Value first, int64_t count, int64_t divisor);
  /// The draws of elements first + position + lanes, as i32 lanes of `bits` bits.
  mlir::Value get(mlir::Value position, Lanes lanes);

private:
  int64_t perGroup() const { return bits > 16 ? 4 : 8; }

  KernelBuilder &k;
  int bits;
  mlir::SmallVector<mlir::Value> key;
  mlir::Value buffer, offset;
};

/// The kernels of dropout, of floats and of codes: calls body(first, lanes, draw) for all elements of a tensor of
/// `total` in parallel, span by span; `draw` holds the 16-bit draws of the elements first + lanes.
void forEachDraw(KernelBuilder &k, mlir::Value rng, int64_t total,
                 llvm::function_ref<void(mlir::Value first, Lanes lanes, mlir::Value draw)> body);

} // namespace intq::cpu

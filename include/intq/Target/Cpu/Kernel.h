// Emission of kernels: one function of loops and vectors an op, shared by all equal ops.
//
// A kernel takes flat memrefs (bare pointers): one for each tensor operand and result, two for
// a !intq.q value (codes in row-major order of the logical shape, then scales; `unit` has codes
// only); then an i32 stream id where the op has a `stream`, and the status word of its site
// where the op can meet non-finite values; then scratch buffers.
// The shapes are known from the op; a kernel computes its own addresses.
#pragma once
#include "intq/Target/Cpu/Isa.h"
#include "intq/Target/Cpu/VectorMachine.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/StringMap.h"
#include <functional>

namespace intq::cpu {

/// Lanes of every vector of kernels (Spec N3).
inline constexpr int64_t kLanes = 16;

/// Sixteen consecutive elements from `index` on. `mask` (vector<16xi1>) tells which exist; null: all.
struct Lanes {
  mlir::Value index;
  mlir::Value mask;
};

class KernelBuilder {
public:
  using Values = llvm::SmallVector<mlir::Value>;

  /// Creates the (private) function `name` for `op` at the end of `module` and starts its body.
  KernelBuilder(mlir::ModuleOp module, llvm::StringRef name, mlir::Operation *op, Isa isa);

  mlir::Operation *op;
  mlir::OpBuilder b;
  mlir::Location loc;
  Isa isa;
  mlir::func::FuncOp function;

  /// Sixteen lanes, and scalars.
  VectorMachine vector() { return {b, loc, kLanes}; }
  VectorMachine scalar() { return {b, loc, 0}; }

  // ---- Arguments (flat memrefs)
  /// The tensor operand, or the codes of a quantized one.
  mlir::Value operand(unsigned i) { return operandBuffers[i].first; }
  mlir::Value operandScales(unsigned i) { return operandBuffers[i].second; }
  mlir::Value result(unsigned i = 0) { return resultBuffers[i].first; }
  mlir::Value resultScales(unsigned i = 0) { return resultBuffers[i].second; }
  /// i32 stream id; only if the op has a `stream`.
  mlir::Value stream() { return streamId; }
  /// memref<1xi32>, the status word of the op's site (Spec N9); only for intq.quantize.
  mlir::Value status() { return statusWord; }
  /// A buffer of `count` elements, shared by all threads and planned in the arena (64-byte aligned).
  mlir::Value scratch(int64_t count, mlir::Type element);
  /// A buffer on the stack of the current function; in a parallel loop call it in `setup`.
  mlir::Value stackBuffer(int64_t count, mlir::Type element);

  // ---- Scalars
  mlir::Value index(int64_t v);
  mlir::Value i32(int32_t v) { return scalar().constantI(v); }
  mlir::Value i64(int64_t v);
  mlir::Value f32(float v) { return scalar().constant(v); }
  /// Sums and products of `index` values, folded where constant.
  mlir::Value addIndex(mlir::Value x, mlir::Value y);
  mlir::Value mulIndex(mlir::Value x, int64_t y);
  mlir::Value divIndex(mlir::Value x, int64_t y);
  mlir::Value remIndex(mlir::Value x, int64_t y);
  mlir::Value minIndex(mlir::Value x, mlir::Value y);
  /// One element; the index is `index` or the sum of `base` and `index`.
  mlir::Value loadScalar(mlir::Value buffer, mlir::Value index);
  void storeScalar(mlir::Value value, mlir::Value buffer, mlir::Value index);
  /// An i32 element as an index (never negative).
  mlir::Value loadIndex(mlir::Value buffer, mlir::Value index);

  // ---- Loops
  /// for (i = lo; i < hi; i += step).
  void loop(mlir::Value lo, mlir::Value hi, int64_t step, llvm::function_ref<void(mlir::Value)> body);
  void loop(int64_t count, llvm::function_ref<void(mlir::Value)> body);
  /// The same with values carried from iteration to iteration; returns the last ones.
  Values loop(mlir::Value lo, mlir::Value hi, int64_t step, Values init,
              llvm::function_ref<Values(mlir::Value, mlir::ValueRange)> body);
  /// if (condition) body.
  void when(mlir::Value condition, llvm::function_ref<void()> body);
  /// The iterations 0 … count−1 over the threads of the team, consecutive ones to one thread.
  /// `work`: elements an iteration touches; where all together are few, one thread does them.
  /// `setup` runs once a thread: stack buffers.
  void parallelFor(int64_t count, int64_t work, llvm::function_ref<void(mlir::Value)> body,
                   llvm::function_ref<void()> setup = nullptr);
  /// The sixteen-lane groups of elements 0 … n−1; the last one masked where n % 16 != 0.
  void forLanes(int64_t n, llvm::function_ref<void(Lanes)> body);
  Values reduceLanes(int64_t n, Values init, llvm::function_ref<Values(Lanes, mlir::ValueRange)> body);
  /// All of 0 … n−1 in parallel, in chunks of whole groups. `work`: elements that one of them touches.
  void parallelLanes(int64_t n, llvm::function_ref<void(Lanes)> body, int64_t work = 1);

  // ---- Vectors of sixteen
  /// buffer[base + lanes]; elements beyond the mask are 0. `base` may be null.
  mlir::Value load(mlir::Value buffer, mlir::Value base, Lanes lanes);
  void store(mlir::Value value, mlir::Value buffer, mlir::Value base, Lanes lanes);
  /// Codes (i8, i16) as i32, and back.
  mlir::Value loadCodes(mlir::Value buffer, mlir::Value base, Lanes lanes);
  void storeCodes(mlir::Value codes, mlir::Value buffer, mlir::Value base, Lanes lanes);
  mlir::Value splat(mlir::Value scalar);
  /// `value` where the lanes exist, zero elsewhere.
  mlir::Value maskedValue(mlir::Value value, Lanes lanes);
  /// i32 lanes as i64 (sign extended), i64 lanes as f32 (one rounding).
  mlir::Value toI64(mlir::Value lanes);
  mlir::Value i64ToF32(mlir::Value v);
  /// The pairwise tree over sixteen lanes (Spec N3) of f32 or f64.
  mlir::Value sumTree(mlir::Value lanes);
  /// Sum and maximum of integer lanes: free of order.
  mlir::Value sumInteger(mlir::Value lanes);
  mlir::Value maxInteger(mlir::Value lanes);

  // ---- Whole reductions along a row of n elements
  /// Spec N3 along the minor dimension; get(lanes) need not mask.
  mlir::Value sumRow(int64_t n, llvm::function_ref<mlir::Value(Lanes)> get);

  /// Error "op …: the CPU target does not support <reason>".
  llvm::LogicalResult unsupported(const llvm::Twine &reason);

private:
  mlir::Value addArgument(mlir::Type type);
  std::pair<mlir::Value, mlir::Value> addBuffers(mlir::Type type);

  llvm::SmallVector<std::pair<mlir::Value, mlir::Value>> operandBuffers, resultBuffers;
  mlir::Value streamId, statusWord;
};

/// The flat buffers of a value of type `type` (tensor or !intq.q): one or two memref types.
llvm::SmallVector<mlir::MemRefType> bufferTypes(mlir::Type type);

/// Whether kernels of `op` take a stream id, and whether a status word.
bool takesStream(mlir::Operation *op);
bool takesStatus(mlir::Operation *op);
/// The arguments of a kernel function that are scratch buffers (the last ones).
unsigned scratchCount(mlir::func::FuncOp kernel);

struct Kernel {
  llvm::LogicalResult (*emit)(KernelBuilder &);
  /// A result may share the buffer of an operand of the same type: every element of the operand is
  /// read for the last time before the element of the result at that position is written.
  bool inPlace = false;
};
using KernelRegistry = llvm::StringMap<Kernel>;

/// Op name → kernel, for all ops of nn and intq that compute.
const KernelRegistry &kernelRegistry();

// One function a file of kernels.
void addClipKernels(KernelRegistry &);
void addCodeKernels(KernelRegistry &);
void addElementwiseKernels(KernelRegistry &);
void addEmbeddingKernels(KernelRegistry &);
void addGemmKernels(KernelRegistry &);
void addIntegerLayerNormKernels(KernelRegistry &);
void addLayerNormKernels(KernelRegistry &);
void addLayoutKernels(KernelRegistry &);
void addLossKernels(KernelRegistry &);
void addNf4Kernels(KernelRegistry &);
void addOptimizerKernels(KernelRegistry &);
void addQuantizeKernels(KernelRegistry &);
void addReduceKernels(KernelRegistry &);
void addSamplingKernels(KernelRegistry &);
void addSelectRowsKernels(KernelRegistry &);
void addSoftmaxKernels(KernelRegistry &);

} // namespace intq::cpu

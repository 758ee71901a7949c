// KernelBuilder: arguments, loops and the vector idioms that all kernels share.
#include "intq/Target/Cpu/Kernel.h"
#include "intq/Dialect/Intq/Intq.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

/// Fewer elements than this are not worth waking a second thread (a few microseconds).
static constexpr int64_t kParallelElements = 16384;
/// Elements that one iteration of parallelLanes touches.
static constexpr int64_t kChunk = 4096;

SmallVector<MemRefType> intq::cpu::bufferTypes(Type type) {
  auto flat = [](ShapedType t) { return MemRefType::get({t.getNumElements()}, t.getElementType()); };
  auto q = dyn_cast<QType>(type);
  if (!q)
    return {flat(cast<RankedTensorType>(type))};
  if (q.getScale() == ScaleKind::Unit)
    return {flat(q.getCodesType())};
  return {flat(q.getCodesType()), flat(q.getScalesType())};
}

static constexpr llvm::StringLiteral kScratch = "intq.scratch";

unsigned intq::cpu::scratchCount(func::FuncOp kernel) {
  auto count = kernel->getAttrOfType<IntegerAttr>(kScratch);
  return count ? count.getInt() : 0;
}
bool intq::cpu::takesStream(Operation *op) { return op->hasAttr("stream"); }
bool intq::cpu::takesStatus(Operation *op) { return isa<QuantizeOp>(op); }

KernelBuilder::KernelBuilder(ModuleOp module, StringRef name, Operation *op, Isa isa)
    : op(op), b(module.getContext()), loc(op->getLoc()), isa(isa) {
  b.setInsertionPointToEnd(module.getBody());
  function = func::FuncOp::create(b, loc, name, b.getFunctionType({}, {}));
  function.setPrivate();
  function->setAttr("llvm.linkage", LLVM::LinkageAttr::get(b.getContext(), LLVM::Linkage::Internal));
  // It stays a function of its own: inlined into its only caller it would not be faster, but that slower to compile.
  function->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
  function.addEntryBlock();
  for (Type type : op->getOperandTypes())
    operandBuffers.push_back(addBuffers(type));
  for (Type type : op->getResultTypes())
    resultBuffers.push_back(addBuffers(type));
  if (takesStream(op))
    streamId = addArgument(b.getI32Type());
  if (takesStatus(op))
    statusWord = addArgument(MemRefType::get({1}, b.getI32Type()));
  b.setInsertionPointToEnd(&function.getBody().front());
  func::ReturnOp::create(b, loc);
  b.setInsertionPointToStart(&function.getBody().front());
}

Value KernelBuilder::addArgument(Type type) {
  (void)function.insertArgument(function.getNumArguments(), type, {}, loc);
  return function.getArguments().back();
}

std::pair<Value, Value> KernelBuilder::addBuffers(Type type) {
  std::pair<Value, Value> buffers;
  for (auto [i, bufferType] : llvm::enumerate(bufferTypes(type)))
    (i ? buffers.second : buffers.first) = addArgument(bufferType);
  return buffers;
}

Value KernelBuilder::scratch(int64_t count, Type element) {
  function->setAttr(kScratch, b.getI64IntegerAttr(scratchCount(function) + 1));
  return addArgument(MemRefType::get({count}, element));
}

Value KernelBuilder::stackBuffer(int64_t count, Type element) {
  return memref::AllocaOp::create(b, loc, MemRefType::get({count}, element), b.getI64IntegerAttr(64));
}

LogicalResult KernelBuilder::unsupported(const Twine &reason) {
  return op->emitOpError() << "is not supported by the CPU target: " << reason;
}

// ---- Scalars

Value KernelBuilder::index(int64_t v) { return arith::ConstantIndexOp::create(b, loc, v); }
Value KernelBuilder::i64(int64_t v) { return arith::ConstantIntOp::create(b, loc, b.getI64Type(), v); }

static std::optional<int64_t> constantIndex(Value v) {
  IntegerAttr attr;
  if (v && matchPattern(v, m_Constant(&attr)))
    return attr.getInt();
  return std::nullopt;
}

Value KernelBuilder::addIndex(Value x, Value y) {
  auto cx = constantIndex(x), cy = constantIndex(y);
  if (!x || (cx && *cx == 0))
    return y;
  if (!y || (cy && *cy == 0))
    return x;
  if (cx && cy)
    return index(*cx + *cy);
  return arith::AddIOp::create(b, loc, x, y);
}

Value KernelBuilder::mulIndex(Value x, int64_t y) {
  if (auto cx = constantIndex(x))
    return index(*cx * y);
  return y == 1 ? x : arith::MulIOp::create(b, loc, x, index(y)).getResult();
}

Value KernelBuilder::divIndex(Value x, int64_t y) {
  return y == 1 ? x : arith::DivUIOp::create(b, loc, x, index(y)).getResult();
}
Value KernelBuilder::remIndex(Value x, int64_t y) {
  return y == 1 ? index(0) : arith::RemUIOp::create(b, loc, x, index(y)).getResult();
}
Value KernelBuilder::minIndex(Value x, Value y) { return arith::MinUIOp::create(b, loc, x, y); }

Value KernelBuilder::loadScalar(Value buffer, Value i) { return memref::LoadOp::create(b, loc, buffer, i); }
void KernelBuilder::storeScalar(Value value, Value buffer, Value i) {
  memref::StoreOp::create(b, loc, value, buffer, i);
}
Value KernelBuilder::loadIndex(Value buffer, Value i) {
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), loadScalar(buffer, i));
}

// ---- Loops

KernelBuilder::Values KernelBuilder::loop(Value lo, Value hi, int64_t step, Values init,
                                          function_ref<Values(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, loc, lo, hi, index(step), init,
                                 [](OpBuilder &, Location, Value, ValueRange) {});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Values next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(b, loc, next);
  return Values(loop.getResults());
}

void KernelBuilder::loop(Value lo, Value hi, int64_t step, function_ref<void(Value)> body) {
  loop(lo, hi, step, Values{}, [&](Value i, ValueRange) {
    body(i);
    return Values{};
  });
}

void KernelBuilder::loop(int64_t count, function_ref<void(Value)> body) {
  if (count == 1)
    return body(index(0));
  if (count > 1)
    loop(index(0), index(count), 1, body);
}

void KernelBuilder::when(Value condition, function_ref<void()> body) {
  auto branch = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body();
}

void KernelBuilder::parallelFor(int64_t count, int64_t work, function_ref<void(Value)> body,
                                function_ref<void()> setup) {
  if (count == 0)
    return;
  if (count == 1 || count * work < kParallelElements) {
    if (setup)
      setup();
    return loop(count, body);
  }
  OpBuilder::InsertionGuard guard(b);
  auto parallel = omp::ParallelOp::create(b, loc);
  b.createBlock(&parallel.getRegion());
  if (setup)
    setup();
  omp::LoopNestOperands bounds;
  bounds.loopLowerBounds = {index(0)};
  bounds.loopUpperBounds = {index(count)};
  bounds.loopSteps = {index(1)};
  auto shared = omp::WsloopOp::create(b, loc);
  omp::TerminatorOp::create(b, loc);
  b.createBlock(&shared.getRegion());
  auto nest = omp::LoopNestOp::create(b, loc, bounds);
  Block *block = b.createBlock(&nest.getRegion(), {}, {b.getIndexType()}, {loc});
  body(block->getArgument(0));
  omp::YieldOp::create(b, loc, ValueRange{});
}

/// The first n % 16 lanes.
static Value tailMask(OpBuilder &b, Location loc, int64_t n) {
  SmallVector<bool> bits(kLanes, false);
  std::fill_n(bits.begin(), n % kLanes, true);
  auto type = VectorType::get({kLanes}, b.getI1Type());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, bits));
}

KernelBuilder::Values KernelBuilder::reduceLanes(int64_t n, Values values,
                                                 function_ref<Values(Lanes, ValueRange)> body) {
  int64_t whole = n - n % kLanes;
  if (whole == kLanes)
    values = body({index(0), {}}, values);
  else if (whole)
    values = loop(index(0), index(whole), kLanes, values,
                  [&](Value i, ValueRange carried) { return body({i, {}}, carried); });
  if (whole < n)
    values = body({index(whole), tailMask(b, loc, n)}, values);
  return values;
}

void KernelBuilder::forLanes(int64_t n, function_ref<void(Lanes)> body) {
  reduceLanes(n, {}, [&](Lanes lanes, ValueRange) {
    body(lanes);
    return Values{};
  });
}

void KernelBuilder::parallelLanes(int64_t n, function_ref<void(Lanes)> body, int64_t work) {
  int64_t whole = n - n % kLanes, step = std::max(kLanes, kChunk / work / kLanes * kLanes);
  if (whole)
    parallelFor(llvm::divideCeil(whole, step), step * work, [&](Value chunk) {
      Value lo = mulIndex(chunk, step);
      Value hi = whole % step ? minIndex(addIndex(lo, index(step)), index(whole)) : addIndex(lo, index(step));
      loop(lo, hi, kLanes, [&](Value i) { body({i, {}}); });
    });
  if (whole < n)
    body({index(whole), tailMask(b, loc, n)});
}

// ---- Vectors of sixteen

static VectorType sixteen(Type element) { return VectorType::get({kLanes}, element); }

static Value zeros(OpBuilder &b, Location loc, Type vector) {
  return arith::ConstantOp::create(b, loc, b.getZeroAttr(vector));
}

Value KernelBuilder::load(Value buffer, Value base, Lanes lanes) {
  VectorType type = sixteen(cast<MemRefType>(buffer.getType()).getElementType());
  Value at = addIndex(base, lanes.index);
  if (!lanes.mask)
    return vector::LoadOp::create(b, loc, type, buffer, at);
  return vector::MaskedLoadOp::create(b, loc, type, buffer, at, lanes.mask, zeros(b, loc, type));
}

/// Whether a tail mask selects its first lane only.
static bool oneLane(Value mask) {
  DenseElementsAttr bits;
  return matchPattern(mask, m_Constant(&bits)) && llvm::count(bits.getValues<bool>(), true) == 1;
}

/// A single lane goes through a scalar: from narrowed codes and a mask of one lane, LLVM 22 makes a store of the wide
/// element on AVX-512, which overwrites its neighbours.
void KernelBuilder::store(Value value, Value buffer, Value base, Lanes lanes) {
  Value at = addIndex(base, lanes.index);
  if (!lanes.mask)
    vector::StoreOp::create(b, loc, value, buffer, at);
  else if (oneLane(lanes.mask))
    storeScalar(vector::ExtractOp::create(b, loc, value, 0), buffer, at);
  else
    vector::MaskedStoreOp::create(b, loc, buffer, at, lanes.mask, value);
}

Value KernelBuilder::loadCodes(Value buffer, Value base, Lanes lanes) {
  return arith::ExtSIOp::create(b, loc, sixteen(b.getI32Type()), load(buffer, base, lanes));
}

void KernelBuilder::storeCodes(Value codes, Value buffer, Value base, Lanes lanes) {
  Type narrow = sixteen(cast<MemRefType>(buffer.getType()).getElementType());
  store(arith::TruncIOp::create(b, loc, narrow, codes), buffer, base, lanes);
}

Value KernelBuilder::splat(Value scalar) {
  return vector::BroadcastOp::create(b, loc, sixteen(scalar.getType()), scalar);
}

Value KernelBuilder::maskedValue(Value value, Lanes lanes) {
  if (!lanes.mask)
    return value;
  return arith::SelectOp::create(b, loc, lanes.mask, value, zeros(b, loc, value.getType()));
}

Value KernelBuilder::toI64(Value v) {
  Type to = llvm::isa<VectorType>(v.getType()) ? Type(sixteen(b.getI64Type())) : b.getI64Type();
  return arith::ExtSIOp::create(b, loc, to, v);
}
Value KernelBuilder::i64ToF32(Value v) {
  Type to = llvm::isa<VectorType>(v.getType()) ? Type(sixteen(b.getF32Type())) : b.getF32Type();
  return arith::SIToFPOp::create(b, loc, to, v);
}

Value KernelBuilder::sumTree(Value v) {
  for (int64_t half = kLanes / 2; half; half /= 2) {
    SmallVector<int64_t> low(half), high(half);
    for (int64_t i = 0; i < half; ++i)
      low[i] = i, high[i] = i + half;
    Value a = vector::ShuffleOp::create(b, loc, v, v, low);
    Value c = vector::ShuffleOp::create(b, loc, v, v, high);
    v = arith::AddFOp::create(b, loc, a, c);
  }
  return vector::ExtractOp::create(b, loc, v, ArrayRef<int64_t>{0});
}

Value KernelBuilder::sumInteger(Value v) {
  return vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, v);
}
Value KernelBuilder::maxInteger(Value v) {
  return vector::ReductionOp::create(b, loc, vector::CombiningKind::MAXSI, v);
}

Value KernelBuilder::sumRow(int64_t n, function_ref<Value(Lanes)> get) {
  Values sums = reduceLanes(n, {vector().constant(0.0f)}, [&](Lanes lanes, ValueRange sum) {
    return Values{vector().add(sum[0], maskedValue(get(lanes), lanes))};
  });
  return sumTree(sums[0]);
}


// intq-lower-to-cpu: functions of nn and intq ops to calls of shared kernels on planned buffers.
#include "MemoryPlan.h"
#include "intq/Dialect/Intq/Intq.h"
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/NN/Program.h"
#include "intq/Format/Stream.h"
#include "intq/Target/Cpu/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <map>

namespace intq::cpu {
#define GEN_PASS_DEF_INTQLOWERTOCPUPASS
#include "intq/Target/Cpu/Passes.h.inc"
} // namespace intq::cpu

using namespace mlir;
using namespace intq;
using namespace intq::cpu;

namespace {

/// The kernels of a module: emitted on first use, shared by equal ops.
class KernelTable {
public:
  KernelTable(ModuleOp module, Isa isa) : module(module), isa(isa) {}

  FailureOr<func::FuncOp> get(Operation *op) {
    auto [it, isNew] = kernels.try_emplace(key(op));
    if (!isNew)
      return it->second;
    auto entry = kernelRegistry().find(op->getName().getStringRef());
    if (entry == kernelRegistry().end())
      return op->emitOpError() << "is not supported by the CPU target: it has no kernel";
    std::string base = op->getName().getStringRef().str();
    std::replace(base.begin(), base.end(), '.', '_');
    KernelBuilder builder(module, base + "_" + std::to_string(counts[base]++), op, isa);
    it->second = builder.function;
    if (failed(entry->second.emit(builder)))
      return failure();
    return builder.function;
  }

  unsigned size() const { return kernels.size(); }

private:
  /// What a kernel depends on: everything but the names that reports and random streams use.
  static std::vector<const void *> key(Operation *op) {
    SmallVector<NamedAttribute> attributes;
    for (NamedAttribute a : op->getAttrDictionary())
      if (a.getName() != "site" && a.getName() != "stream")
        attributes.push_back(a);
    std::vector<const void *> key = {op->getName().getAsOpaquePointer(),
                                     DictionaryAttr::get(op->getContext(), attributes).getAsOpaquePointer()};
    for (Type type : op->getOperandTypes())
      key.push_back(type.getAsOpaquePointer());
    for (Type type : op->getResultTypes())
      key.push_back(type.getAsOpaquePointer());
    return key;
  }

  ModuleOp module;
  Isa isa;
  std::map<std::vector<const void *>, func::FuncOp> kernels; // looked up, never walked
  llvm::StringMap<unsigned> counts;
};

/// Rewrites one function: its body becomes calls.
class FunctionLowering {
public:
  FunctionLowering(func::FuncOp source, KernelTable &kernels, llvm::SetVector<StringAttr> &sites,
                   unsigned siteCapacity)
      : source(source), kernels(kernels), sites(sites), siteCapacity(siteCapacity), b(source.getContext()) {}

  FailureOr<int64_t> run();

private:
  MemRefType bytes(int64_t n) { return MemRefType::get({n}, b.getI8Type()); }
  void createFunction();
  DictionaryAttr planAttr();
  Value view(unsigned buffer, MemRefType type);
  void emitCall(Operation *op);
  void emitCopy(FinalCopy copy);

  func::FuncOp source, lowered;
  KernelTable &kernels;
  llvm::SetVector<StringAttr> &sites;
  unsigned siteCapacity;
  OpBuilder b;
  MemoryPlan plan;
  DenseMap<Operation *, func::FuncOp> kernelOf;
  SmallVector<Value> results; // by result index; null for new state
  Value arena, status;
};

} // namespace

/// What reports say about the plan.
DictionaryAttr FunctionLowering::planAttr() {
  PlanSummary summary = plan.summarize();
  NamedAttrList attrs;
  attrs.set("fullest", b.getStringAttr(summary.fullest));
  attrs.set("arena", b.getI64IntegerAttr(plan.arenaBytes));
  for (auto [purpose, bytes] : summary.purposes)
    attrs.set(purpose, b.getI64IntegerAttr(bytes));
  return attrs.getDictionary(b.getContext());
}

void FunctionLowering::createFunction() {
  SmallVector<Type> types;
  for (BlockArgument a : source.getArguments())
    types.push_back(bytes(plan[plan.buffersOf(a)[0]].bytes));
  SmallVector<unsigned> outputs;
  for (auto [r, argument] : llvm::enumerate(plan.resultArguments))
    if (argument < 0) {
      outputs.push_back(r);
      types.push_back(bytes(program::denseBytes(cast<RankedTensorType>(source.getResultTypes()[r]))));
    }
  types.push_back(bytes(std::max<int64_t>(plan.arenaBytes, 1)));
  types.push_back(bytes(4 * siteCapacity));
  b.setInsertionPoint(source);
  lowered = func::FuncOp::create(b, source.getLoc(), source.getName(), b.getFunctionType(types, {}));
  lowered->setAttr("intq.result_arguments", b.getDenseI64ArrayAttr(plan.resultArguments));
  lowered->setAttr("intq.plan", planAttr());
  b.setInsertionPointToStart(lowered.addEntryBlock());
  results.assign(source.getNumResults(), Value());
  for (auto [i, r] : llvm::enumerate(outputs))
    results[r] = lowered.getArgument(source.getNumArguments() + i);
  arena = lowered.getArguments().drop_back().back();
  status = lowered.getArguments().back();
}

Value FunctionLowering::view(unsigned id, MemRefType type) {
  const Buffer &buffer = plan[id];
  Value base = buffer.kind == Buffer::Arena      ? arena
               : buffer.kind == Buffer::Argument ? Value(lowered.getArgument(buffer.index))
                                                 : results[buffer.index];
  Location loc = source.getLoc();
  Value offset = arith::ConstantIndexOp::create(b, loc, buffer.kind == Buffer::Arena ? buffer.offset : 0);
  return memref::ViewOp::create(b, loc, type, base, offset, ValueRange{});
}

void FunctionLowering::emitCall(Operation *op) {
  func::FuncOp kernel = kernelOf.lookup(op);
  SmallVector<Value> arguments;
  auto add = [&](Value v) {
    for (auto [id, type] : llvm::zip_equal(plan.buffersOf(v), bufferTypes(v.getType())))
      arguments.push_back(view(id, type));
  };
  llvm::for_each(op->getOperands(), add);
  llvm::for_each(op->getResults(), add);
  Location loc = op->getLoc();
  if (takesStream(op)) {
    uint32_t id = streamId(op->getAttrOfType<StringAttr>("stream"));
    arguments.push_back(arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(static_cast<int32_t>(id))));
  }
  if (takesStatus(op)) {
    auto site = op->getAttrOfType<StringAttr>("site");
    sites.insert(site);
    int64_t index = std::distance(sites.begin(), llvm::find(sites, site));
    Value offset = arith::ConstantIndexOp::create(b, loc, 4 * index);
    arguments.push_back(
        memref::ViewOp::create(b, loc, MemRefType::get({1}, b.getI32Type()), status, offset, ValueRange{}));
  }
  for (auto [id, type] : llvm::zip_equal(plan.scratchOf(op), kernel.getArgumentTypes().take_back(scratchCount(kernel))))
    arguments.push_back(view(id, cast<MemRefType>(type)));
  func::CallOp::create(b, loc, kernel, arguments);
}

void FunctionLowering::emitCopy(FinalCopy copy) {
  MemRefType type = bytes(plan[copy.from].bytes);
  memref::CopyOp::create(b, source.getLoc(), view(copy.from, type), view(copy.to, type));
}

/// Sizes of the scratch buffers of a kernel.
static SmallVector<int64_t> scratchBytes(func::FuncOp kernel) {
  SmallVector<int64_t> sizes;
  for (Type type : kernel.getArgumentTypes().take_back(scratchCount(kernel)))
    sizes.push_back(program::denseBytes(cast<MemRefType>(type)));
  return sizes;
}

FailureOr<int64_t> FunctionLowering::run() {
  if (!source.getBody().hasOneBlock())
    return source.emitError() << "expected a straight-line function, but got several blocks";
  for (Operation &op : source.getBody().front()) {
    if (isAlias(&op) || isa<func::ReturnOp>(op))
      continue;
    FailureOr<func::FuncOp> kernel = kernels.get(&op);
    if (failed(kernel))
      return failure();
    kernelOf[&op] = *kernel;
  }
  FailureOr<MemoryPlan> computed = MemoryPlan::compute(source, [&](Operation *op) {
    func::FuncOp kernel = kernelOf.lookup(op);
    return kernel ? scratchBytes(kernel) : SmallVector<int64_t>();
  });
  if (failed(computed))
    return failure();
  plan = std::move(*computed);
  createFunction();
  for (Operation &op : source.getBody().front())
    if (kernelOf.contains(&op))
      emitCall(&op);
  for (FinalCopy copy : plan.finalCopies)
    emitCopy(copy);
  func::ReturnOp::create(b, source.getLoc());
  source.erase();
  return plan.arenaBytes;
}

namespace {
struct LowerToCpu : cpu::impl::IntqLowerToCpuPassBase<LowerToCpu> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Isa> target = parseIsa(isa);
    if (failed(target)) {
      module.emitError() << "expected an instruction set (generic, avx2, avx-vnni, avx512-vnni, amx), but got '" << isa << "'";
      return signalPassFailure();
    }
    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    llvm::SetVector<StringAttr> sites;
    unsigned siteCapacity = 1;
    module.walk([&](Operation *op) {
      siteCapacity += takesStatus(op);
      calls += isa_and_present<nn::NNDialect, IntqDialect>(op->getDialect()) && !isAlias(op);
    });
    KernelTable table(module, *target);
    int64_t planBytes = 0;
    for (func::FuncOp function : functions) {
      FailureOr<int64_t> arena = FunctionLowering(function, table, sites, siteCapacity).run();
      if (failed(arena))
        return signalPassFailure();
      planBytes = std::max(planBytes, *arena);
    }
    kernels = table.size();
    OpBuilder b(module.getContext());
    module->setAttr("intq.plan_bytes", b.getI64IntegerAttr(planBytes));
    module->setAttr("intq.sites", b.getArrayAttr(SmallVector<Attribute>(sites.begin(), sites.end())));
  }
};
} // namespace

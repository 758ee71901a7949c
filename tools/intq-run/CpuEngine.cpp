// Runs a function as compiled code. Check ops are not compiled: what they look at becomes results
// of the function, and the interpreter evaluates them on these.
#include "CpuEngine.h"
#include "intq/Dialect/Check/Check.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace intq;

namespace {

/// A function without check ops that returns what they look at, then its own results; and one that
/// takes the former and checks them.
struct Split {
  OwningOpRef<ModuleOp> module;
  func::FuncOp compute, check;
  unsigned checkedCount;
};

bool isCheck(Operation *op) {
  return isa<check::ExpectEqOp, check::ExpectCloseOp, check::ExpectNonfiniteOp>(op);
}

Split split(func::FuncOp source) {
  OpBuilder b(source.getContext());
  Split out;
  out.module = ModuleOp::create(source.getLoc());
  b.setInsertionPointToEnd(out.module->getBody());
  out.compute = cast<func::FuncOp>(b.clone(*source));
  Block &body = out.compute.getBody().front();
  out.check = func::FuncOp::create(b, source.getLoc(), "check", b.getFunctionType({}, {}));
  Block *checks = out.check.addEntryBlock();

  llvm::SetVector<Value> checked;
  SmallVector<Operation *> checkOps = llvm::filter_to_vector(llvm::make_pointer_range(body), isCheck);
  IRMapping mapping;
  b.setInsertionPointToEnd(checks);
  for (Operation *op : checkOps) {
    for (Value operand : op->getOperands())
      if (!mapping.contains(operand)) {
        if (matchPattern(operand, m_Constant())) {
          b.clone(*operand.getDefiningOp(), mapping);
        } else {
          checked.insert(operand);
          mapping.map(operand, checks->addArgument(operand.getType(), operand.getLoc()));
        }
      }
    b.clone(*op, mapping);
    op->erase();
  }
  func::ReturnOp::create(b, source.getLoc());
  out.check.setType(b.getFunctionType(checks->getArgumentTypes(), {}));
  out.checkedCount = checked.size();

  // Constants that only checks used are not compiled.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (op.hasTrait<OpTrait::ConstantLike>() && op.use_empty())
      op.erase();
  Operation *terminator = body.getTerminator();
  SmallVector<Value> results(checked.begin(), checked.end());
  llvm::append_range(results, terminator->getOperands());
  terminator->setOperands(results);
  SmallVector<Type> types(ValueRange(results).getTypes());
  out.compute.setType(b.getFunctionType({}, types));
  if (out.compute.getAllResultAttrs())
    out.compute.removeResAttrsAttr();
  return out;
}

class CpuEngine : public run::Engine {
public:
  CpuEngine(const cpu::Options &options, ArrayRef<unsigned> threadCounts)
      : options(options), threadCounts(threadCounts) {}

  std::string name() const override { return ("cpu " + cpu::isaName(options.isa)).str(); }

  FailureOr<SmallVector<reference::Tensor>> run(func::FuncOp func) override {
    Split parts = split(func);
    OwningOpRef<ModuleOp> module = ModuleOp::create(func.getLoc());
    module->push_back(parts.compute.clone());
    auto executable = cpu::Executable::compile(*module, options);
    if (failed(executable))
      return failure();
    SmallVector<reference::Tensor> first;
    for (unsigned threads : threadCounts) {
      (*executable)->setThreads(threads);
      auto results = runOnce(**executable, parts);
      if (failed(results))
        return failure();
      if (threads == threadCounts.front())
        first = *results;
      else if (failed(intq::run::expectEqual(func, first, name(), *results,
                                             name() + " with " + std::to_string(threads) + " threads")))
        return failure();
    }
    return SmallVector<reference::Tensor>(llvm::drop_begin(first, parts.checkedCount));
  }

private:
  /// All results, what checks look at first; the checks have held.
  static FailureOr<SmallVector<reference::Tensor>> runOnce(cpu::Executable &executable, Split &parts) {
    SmallVector<reference::Tensor> results;
    SmallVector<void *> buffers;
    for (Type type : parts.compute.getResultTypes())
      buffers.push_back(results.emplace_back(cast<RankedTensorType>(type)).as<void>());
    SmallVector<std::string> nonfinite;
    if (failed(executable.run(parts.compute.getName(), {}, buffers, nonfinite)))
      return parts.compute.emitError() << "the run failed";
    reference::Status status;
    for (const std::string &site : nonfinite)
      status.nonfinite.insert(site);
    SmallVector<reference::Value> checked(results.begin(), results.begin() + parts.checkedCount);
    if (failed(reference::interpret(parts.check, checked, status)))
      return failure();
    return results;
  }

  cpu::Options options;
  SmallVector<unsigned> threadCounts;
};

} // namespace

std::unique_ptr<run::Engine> intq::run::createCpuEngine(const cpu::Options &options, ArrayRef<unsigned> threadCounts) {
  return std::make_unique<CpuEngine>(options, threadCounts);
}

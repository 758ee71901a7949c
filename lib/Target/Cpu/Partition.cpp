// One module a kernel: the smallest piece, so that equal loads need no estimate of their cost.
#include "Partition.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;

/// A kernel is seen by the other modules, and by nothing outside of the linked whole.
static void publish(func::FuncOp kernel) {
  kernel->removeAttr("llvm.linkage");
  kernel.setPublic();
}

static void declare(func::FuncOp kernel, OpBuilder &b) {
  auto declaration = func::FuncOp::create(b, kernel.getLoc(), kernel.getName(), kernel.getFunctionType());
  declaration.setPrivate();
}

/// Moves `kernel` to `part`, with copies of the constants that it reads.
static void moveTo(ModuleOp part, func::FuncOp kernel, SymbolTable &symbols) {
  llvm::SetVector<Operation *> constants;
  std::optional<SymbolTable::UseRange> uses = SymbolTable::getSymbolUses(kernel.getOperation());
  for (SymbolTable::SymbolUse use : *uses)
    constants.insert(symbols.lookup(use.getSymbolRef().getLeafReference()));
  for (Operation *constant : constants)
    part.push_back(constant->clone());
  kernel->remove();
  part.push_back(kernel);
}

OwningOpRef<ModuleOp> intq::cpu::partition(OwningOpRef<ModuleOp> module, ArrayRef<std::string> entries,
                                           bool inOnePiece) {
  OwningOpRef<ModuleOp> whole = ModuleOp::create(module->getLoc());
  SymbolTable symbols(*module);
  OpBuilder b(module->getContext());
  b.setInsertionPointToStart(module->getBody());
  for (func::FuncOp kernel : llvm::make_early_inc_range(module->getOps<func::FuncOp>())) {
    if (inOnePiece || kernel.isDeclaration() || llvm::is_contained(entries, kernel.getName()))
      continue;
    ModuleOp part = ModuleOp::create(kernel.getLoc());
    whole->push_back(part);
    moveTo(part, kernel, symbols);
    publish(kernel);
    declare(kernel, b);
  }
  whole->push_back(module.release());
  return whole;
}

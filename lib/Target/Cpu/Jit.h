// From the LLVM dialect to callable code.
#pragma once
#include "intq/Target/Cpu/Executable.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"

namespace intq::cpu {

/// A lowered function, called with the addresses of its buffers.
using Entry = void (*)(void **);
/// The name of the entry point of a lowered function.
std::string entryName(llvm::StringRef function);

/// What LLVM compiles for.
llvm::orc::JITTargetMachineBuilder targetBuilder(Isa isa);

/// What generateCode needs of a context, once.
void registerTranslations(mlir::MLIRContext &context);

/// The object code of `module` (LLVM dialect); the functions `entries` get entry points. May run at the same
/// time for several modules.
llvm::FailureOr<std::string> generateCode(mlir::ModuleOp module, llvm::ArrayRef<std::string> entries,
                                          const Options &options);

/// Makes object code callable. It may call nothing but itself, memory functions and the OpenMP runtime
/// (Spec N2: no libm).
llvm::Expected<std::unique_ptr<llvm::orc::LLJIT>> link(llvm::ArrayRef<std::string> objects,
                                                       llvm::ArrayRef<std::string> entries, Isa isa);

} // namespace intq::cpu

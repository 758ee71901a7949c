// From the LLVM dialect to callable code.
#pragma once
#include "intq/Target/Cpu/Executable.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"

namespace intq::cpu {

/// A lowered function, called with the addresses of its buffers.
using Entry = void (*)(void **);
/// The name of the entry point of a lowered function.
std::string entryName(llvm::StringRef function);

/// Writes one stage of the compilation to `file` in the dump folder of the options, if they name one.
void dumpStage(const Options &options, llvm::StringRef file,
               llvm::function_ref<void(llvm::raw_pwrite_stream &)> write);

/// Compiles `module` (LLVM dialect) for `options.isa`; `functions` get entry points. Compiled code
/// may call nothing but memory functions and the OpenMP runtime (Spec N2: no libm).
llvm::FailureOr<std::unique_ptr<llvm::orc::LLJIT>>
jitCompile(mlir::ModuleOp module, llvm::ArrayRef<std::string> functions, const Options &options);

} // namespace intq::cpu

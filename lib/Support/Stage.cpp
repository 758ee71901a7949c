// What is written for readers fails with a message, as everything that is written.
#include "intq/Support/Stage.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

llvm::LogicalResult intq::writeStage(mlir::Location loc, llvm::StringRef folder, llvm::StringRef file,
                                     llvm::function_ref<void(llvm::raw_pwrite_stream &)> write) {
  if (folder.empty())
    return llvm::success();
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, file);
  std::error_code error = llvm::sys::fs::create_directories(folder);
  if (!error) {
    llvm::raw_fd_ostream out(path, error);
    if (!error) {
      write(out);
      out.close();
      error = out.error();
      out.clear_error(); // it is reported here; the stream would end the process
    }
  }
  if (error)
    return mlir::emitError(loc) << "cannot write " << path << ": " << error.message();
  return llvm::success();
}

llvm::LogicalResult intq::writeStage(mlir::ModuleOp module, llvm::StringRef folder, llvm::StringRef file) {
  return writeStage(module.getLoc(), folder, file, [&](llvm::raw_pwrite_stream &out) { module.print(out); });
}

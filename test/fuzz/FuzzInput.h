// What the fuzz targets share: the input as a file, and a context that is not kept for long.
#pragma once
#include "intq/Dialect/NN/NN.h"
#include "intq/Dialect/Onnx/Onnx.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include <memory>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

// libMLIR.so is not instrumented and does not lift the poison that inline functions of its headers lay here.
extern "C" const char *__asan_default_options() { return "allow_user_poisoning=0"; }

namespace intq::fuzz {

/// A file in memory that holds the input of one run.
class InputFile {
public:
  InputFile() : fd(memfd_create("input", MFD_CLOEXEC)), name("/proc/self/fd/" + std::to_string(fd)) {}
  const std::string &write(const uint8_t *data, size_t size) {
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != static_cast<ssize_t>(size))
      abort();
    return name;
  }

private:
  int fd;
  std::string name;
};

/// Uniqued attributes live as long as their context: it is made anew from time to time.
inline mlir::MLIRContext &context() {
  constexpr unsigned kRuns = 2000;
  static std::unique_ptr<mlir::MLIRContext> current;
  static unsigned runs = 0;
  if (runs++ % kRuns == 0) {
    current = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
    current->loadDialect<onnx::OnnxDialect, nn::NNDialect, mlir::func::FuncDialect>();
    current->getDiagEngine().registerHandler([](mlir::Diagnostic &) { return mlir::success(); });
  }
  return *current;
}

} // namespace intq::fuzz

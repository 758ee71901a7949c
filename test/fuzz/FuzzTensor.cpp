// Bytes as a TensorProto, with data inside or in a file beside the model.
#include "FuzzInput.h"
#include "TensorData.h"
#include "mlir/IR/Builders.h"
#include <cstdlib>
#include <fcntl.h>
#include <google/protobuf/stubs/logging.h>
#include <numeric>
#include <sys/stat.h>

// A folder with what a location may meet: a file, a folder, links, a pipe.
static std::string makeFolder() {
  char name[] = "/tmp/intq-fuzz-XXXXXX";
  if (!mkdtemp(name) || chdir(name) != 0)
    abort();
  int fd = open("w", O_CREAT | O_WRONLY, 0600);
  if (write(fd, "0123456789abcdef0123456789abcdef", 32) != 32 || close(fd) != 0)
    abort();
  (void)!mkdir("d", 0700);
  (void)!symlink("w", "s");
  (void)!link("w", "d/h");
  (void)!mkfifo("p", 0600);
  fd = open("d/v", O_CREAT | O_WRONLY, 0600);
  (void)!write(fd, "0123456789abcdef", 16);
  close(fd);
  return name;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const std::string folder = makeFolder();
  google::protobuf::LogSilencer quiet;
  auto tensor = std::make_shared<::onnx::TensorProto>();
  if (!tensor->ParseFromArray(data, static_cast<int>(size)))
    return 0;
  mlir::MLIRContext &context = intq::fuzz::context();
  intq::ExternalData external(folder, "", 1 << 20);
  std::vector<std::string> notes;
  intq::Findings findings(mlir::UnknownLoc::get(&context));
  auto read = intq::readTensor(*tensor, "tensor", tensor, 1 << 20, external, findings, notes);
  if (!read)
    return 0;
  const auto *bytes = static_cast<const uint8_t *>(read->data);
  volatile unsigned sum = std::accumulate(bytes, bytes + read->bytes, 0u);
  (void)sum;
  mlir::Builder builder(&context);
  (void)intq::toAttribute(builder, *read);
  return 0;
}

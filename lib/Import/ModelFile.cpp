// Parses an ONNX file straight from its descriptor, so that raw weights are copied once.
#include "ModelFile.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace intq;

static constexpr int kMaxDepth = 32; // H6

namespace {
class DescriptorStream : public google::protobuf::io::CopyingInputStream {
public:
  explicit DescriptorStream(int fd) : fd(fd) {}
  ~DescriptorStream() override { close(fd); }
  int Read(void *buffer, int size) override {
    ssize_t got;
    do
      got = ::read(fd, buffer, size);
    while (got < 0 && errno == EINTR);
    return static_cast<int>(got);
  }

private:
  int fd;
};
} // namespace

// H9: what people hand in by mistake, by its first bytes.
static const char *foreignFormat(llvm::StringRef head) {
  if (head.substr(4, 4) == "ORTM")
    return "an ONNX Runtime .ort file; export the .onnx model instead";
  if (head.substr(4, 4) == "ODTC")
    return "an ONNX Runtime checkpoint; hand it in with --checkpoint";
  if (head.starts_with("PK\x03\x04"))
    return "a zip archive (a PyTorch checkpoint?)";
  if (head.starts_with("\x1f\x8b"))
    return "a gzip file";
  if (head.starts_with("version https://git-lfs"))
    return "a Git LFS pointer; fetch the file with `git lfs pull`";
  if (head.starts_with("ir_version:") || head.starts_with("ir_version ") || head.starts_with("<\n"))
    return "the text form of a model; convert it to the binary form";
  return nullptr;
}

std::shared_ptr<::onnx::ModelProto> intq::readModelFile(llvm::StringRef path, int64_t maxBytes, Findings &findings) {
  auto fail = [&](const llvm::Twine &message) {
    (void)findings.add(quoted(path) + ": " + message);
    return nullptr;
  };
  int fd = open(path.str().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return fail(llvm::Twine("cannot open the model: ") + std::strerror(errno));
  DescriptorStream stream(fd);
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
    return fail("expected a regular file");
  if (info.st_size > maxBytes)
    return fail("expected at most " + llvm::Twine(maxBytes) + " bytes, but got " + llvm::Twine(int64_t(info.st_size)) +
                "; export with external data, or raise --limit bytes=N (up to 2 GiB)");
  char head[32];
  ssize_t got = pread(fd, head, sizeof(head), 0);
  if (got <= 0)
    return fail("expected an ONNX model, but got an empty file");
  if (const char *format = foreignFormat({head, static_cast<size_t>(got)}))
    return fail(llvm::Twine("expected an ONNX model, but got ") + format);

  google::protobuf::LogSilencer quiet;
  google::protobuf::io::CopyingInputStreamAdaptor adaptor(&stream);
  google::protobuf::io::CodedInputStream coded(&adaptor);
  coded.SetRecursionLimit(kMaxDepth);
  auto model = std::make_shared<::onnx::ModelProto>();
  if (!model->ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage() || !model->has_graph())
    return fail("expected an ONNX model (a ModelProto with a graph), but the bytes do not parse as one");
  return model;
}

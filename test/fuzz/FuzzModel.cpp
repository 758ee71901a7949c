// Bytes as an ONNX file, read and converted.
#include "FuzzInput.h"
#include "intq/Import/ImportModel.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static intq::fuzz::InputFile file;
  intq::ImportOptions options;
  options.conversion.bind["batch"] = 2;
  (void)intq::importModel(intq::fuzz::context(), file.write(data, size), options);
  return 0;
}

// The options of intq_compile, from their JSON (docs/Program.md, section Options).
#pragma once
#include "intq/Import/ImportModel.h"
#include "intq/Pipelines/Training.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

namespace intq::runtime {

struct Options {
  TrainingOptions training;
  std::string engine = "cpu", isa = "auto", checkpoint, loss, dumpStages, cacheDir;
  unsigned threads = 0;
  llvm::StringMap<int64_t> bind, padding;
  std::vector<std::string> train, freeze, logits;
  FileOptions file;
  bool profile = false;        ///< count the time of each kernel
  bool deriveBackward = false; ///< intq's own gradients in place of the file's
  int64_t maxFolded = OnnxToNNOptions().maxFolded;
};

/// Every unknown key and every value of a wrong type is an error.
llvm::Expected<Options> parseOptions(llvm::StringRef json);

} // namespace intq::runtime

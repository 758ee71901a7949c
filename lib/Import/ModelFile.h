// Reading the message of an ONNX file.
#pragma once
#include "Findings.h"
#include "onnx/onnx-ml.pb.h"
#include <memory>

namespace intq {

/// Parses the file; null after a finding.
std::shared_ptr<::onnx::ModelProto> readModelFile(llvm::StringRef path, int64_t maxBytes, Findings &findings);

} // namespace intq

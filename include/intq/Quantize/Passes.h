// Passes of the quantization; see Passes.td.
#pragma once
#include "mlir/Pass/Pass.h"

namespace intq {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "intq/Quantize/Passes.h.inc"
} // namespace intq

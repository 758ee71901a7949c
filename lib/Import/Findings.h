// Errors of an import, collected so that all of them are reported.
#pragma once
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"

namespace intq {

/// At most this many findings are printed; the rest is counted.
inline constexpr unsigned kMaxFindings = 50;

class Findings {
public:
  explicit Findings(mlir::Location loc) : loc(loc) {}
  /// Reports a finding. Always returns failure, for `return findings.add(…)`.
  mlir::LogicalResult add(const llvm::Twine &message) {
    if (++count <= kMaxFindings)
      mlir::emitError(loc) << message.str();
    return mlir::failure();
  }
  bool empty() const { return count == 0; }
  mlir::Location location() const { return loc; }

private:
  mlir::Location loc;
  unsigned count = 0;
};

/// A string of a file for a message: control and non-ASCII bytes escaped, long ones cut.
std::string quoted(llvm::StringRef text);

} // namespace intq

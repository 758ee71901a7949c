// A check that counts failures and says what failed.
#pragma once
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

inline int failures = 0;

inline void expect(bool holds, const llvm::Twine &what) {
  if (holds)
    return;
  if (++failures <= 20)
    llvm::errs() << "expected " << what << "\n";
}

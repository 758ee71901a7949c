// The state of the threads while compiled code runs.
#pragma once

namespace intq::cpu {

/// While it lives: parallel regions of this thread have `threads` threads, all of which round to
/// nearest even and keep subnormals (Spec N2). The old state comes back at the end.
class RunScope {
public:
  explicit RunScope(unsigned threads);
  ~RunScope();
  RunScope(const RunScope &) = delete;

private:
  unsigned savedControl;
  int savedThreads;
};

/// Processors available to this process.
unsigned processorCount();

} // namespace intq::cpu

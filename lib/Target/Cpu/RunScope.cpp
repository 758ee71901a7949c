// MXCSR and the thread count, saved, set and restored. Compiled apart: its OpenMP pragma needs flags
// that the precompiled header does not have.
#include "RunScope.h"
#include <immintrin.h>
#include <omp.h>

using namespace intq::cpu;

static void setControl() { _mm_setcsr(0x1f80); } // all exceptions masked, to nearest, no FTZ, no DAZ

RunScope::RunScope(unsigned threads) : savedControl(_mm_getcsr()), savedThreads(omp_get_max_threads()) {
  omp_set_num_threads(threads);
  setControl();
  // libomp hands the control word to its threads in every region, unless its environment says otherwise.
#pragma omp parallel
  setControl();
}

RunScope::~RunScope() {
  omp_set_num_threads(savedThreads);
  _mm_setcsr(savedControl);
}

unsigned intq::cpu::processorCount() { return omp_get_num_procs(); }

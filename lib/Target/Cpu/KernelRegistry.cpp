// The table of all kernels.
#include "intq/Target/Cpu/Kernel.h"

using namespace intq::cpu;

const KernelRegistry &intq::cpu::kernelRegistry() {
  static const KernelRegistry registry = [] {
    KernelRegistry r;
    addClipKernels(r);
    addCodeKernels(r);
    addElementwiseKernels(r);
    addEmbeddingKernels(r);
    addGemmKernels(r);
    addIntegerLayerNormKernels(r);
    addLayerNormKernels(r);
    addLayoutKernels(r);
    addLossKernels(r);
    addNf4Kernels(r);
    addOptimizerKernels(r);
    addQuantizeKernels(r);
    addReduceKernels(r);
    addSamplingKernels(r);
    addSelectRowsKernels(r);
    addSoftmaxKernels(r);
    return r;
  }();
  return registry;
}

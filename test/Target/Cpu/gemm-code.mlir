// The instruction that each instruction set does the sums of products with; the tiles of AMX stay in
// their registers.
// RUN: intq-opt %s --intq-cpu-to-llvm=isa=amx | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O2 -mcpu=x86-64-v4 -mattr=+avx512vnni,+amx-tile,+amx-int8 \
// RUN:   | llc -O2 -mcpu=x86-64-v4 -mattr=+avx512vnni,+amx-tile,+amx-int8 | FileCheck %s --check-prefix=AMX
// RUN: intq-opt %s --intq-cpu-to-llvm=isa=avx512-vnni | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O2 -mcpu=x86-64-v4 -mattr=+avx512vnni | llc -O2 -mcpu=x86-64-v4 -mattr=+avx512vnni | FileCheck %s --check-prefix=VNNI
// RUN: intq-opt %s --intq-cpu-to-llvm=isa=avx-vnni | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O2 -mcpu=x86-64-v3 -mattr=+avxvnni | llc -O2 -mcpu=x86-64-v3 -mattr=+avxvnni | FileCheck %s --check-prefix=AVXVNNI
// RUN: intq-opt %s --intq-cpu-to-llvm=isa=avx2 | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O2 -mcpu=x86-64-v3 | llc -O2 -mcpu=x86-64-v3 | FileCheck %s --check-prefix=AVX2
// RUN: intq-opt %s --intq-cpu-to-llvm=isa=generic | mlir-translate --mlir-to-llvmir \
// RUN:   | opt -O2 -mcpu=x86-64-v2 | llc -O2 -mcpu=x86-64-v2 | FileCheck %s --check-prefix=GENERIC

func.func @bytes(%x: tensor<64x4096xf32>, %w: tensor<96x4096xf32>) -> tensor<64x96xf32> {
  %qx = intq.quantize %x {site = "x"} : (tensor<64x4096xf32>) -> !intq.q<64x4096, i8, [1, *], f32>
  %qw = intq.quantize %w {site = "w"} : (tensor<96x4096xf32>) -> !intq.q<96x4096, i8, [1, *], f32>
  %y = intq.matmul %qx, %qw {transpose_b, site = "w"} : (!intq.q<64x4096, i8, [1, *], f32>, !intq.q<96x4096, i8, [1, *], f32>) -> tensor<64x96xf32>
  return %y : tensor<64x96xf32>
}
// AMX-LABEL: intq_matmul_0:
// AMX: ldtilecfg
// AMX-COUNT-4: tilezero
// AMX-COUNT-4: tileload
// AMX-NOT: tilestore
// AMX-COUNT-4: tdpbssd
// AMX-NOT: tilestore
// AMX: {{^}}{{[[:space:]]}}jb
// AMX-COUNT-4: tilestored
// AMX-NOT: {{tileload|tilestore}}
// AMX: tilerelease

// VNNI-LABEL: intq_matmul_0:
// VNNI-COUNT-16: vpdpbusd {{.*}}, %zmm{{[0-9]+}}

// AVXVNNI-LABEL: intq_matmul_0:
// AVXVNNI-COUNT-8: vpdpbusd {{.*}}, %ymm{{[0-9]+}}
// AVXVNNI-NOT: vpmaddwd

// AVX2-LABEL: intq_matmul_0:
// AVX2: vpmaddwd {{.*}}, %ymm{{[0-9]+}}
// AVX2-NOT: vpmulld

// GENERIC-LABEL: intq_matmul_0:
// GENERIC: pmaddwd {{.*}}, %xmm{{[0-9]+}}
// GENERIC-NOT: pmulld

func.func @words(%x: tensor<64x4096xf32>, %w: tensor<96x4096xf32>) -> tensor<64x96xf32> {
  %qx = intq.quantize %x {site = "x"} : (tensor<64x4096xf32>) -> !intq.q<64x4096, i12, [1, *], f32>
  %qw = intq.quantize %w {site = "w"} : (tensor<96x4096xf32>) -> !intq.q<96x4096, i8, [1, *], f32>
  %y = intq.matmul %qx, %qw {transpose_b, site = "w"} : (!intq.q<64x4096, i12, [1, *], f32>, !intq.q<96x4096, i8, [1, *], f32>) -> tensor<64x96xf32>
  return %y : tensor<64x96xf32>
}
// AMX-LABEL: intq_matmul_1:
// AMX: vpdpwssd {{.*}}, %zmm{{[0-9]+}}
// AMX-NOT: tdpb

// VNNI-LABEL: intq_matmul_1:
// VNNI-COUNT-16: vpdpwssd {{.*}}, %zmm{{[0-9]+}}

// AVX2-LABEL: intq_matmul_1:
// AVX2: vpmaddwd {{.*}}, %ymm{{[0-9]+}}

// GENERIC-LABEL: intq_matmul_1:
// GENERIC: pmaddwd {{.*}}, %xmm{{[0-9]+}}

// Blocks of 32: tiles of half the depth, so that nothing is padded.
func.func @blocks(%x: tensor<64x4096xf32>, %w: tensor<96x4096xf32>) -> tensor<64x96xf32> {
  %qx = intq.quantize %x {site = "x"} : (tensor<64x4096xf32>) -> !intq.q<64x4096, i8, [1, 32], pow2>
  %qw = intq.quantize %w {site = "w"} : (tensor<96x4096xf32>) -> !intq.q<96x4096, i8, [1, 32], pow2>
  %y = intq.matmul %qx, %qw {transpose_b, site = "w"} : (!intq.q<64x4096, i8, [1, 32], pow2>, !intq.q<96x4096, i8, [1, 32], pow2>) -> tensor<64x96xf32>
  return %y : tensor<64x96xf32>
}
// AMX-LABEL: intq_matmul_2:
// AMX-COUNT-4: tilezero
// AMX-COUNT-4: tileload
// AMX-NOT: tilestore
// AMX-COUNT-4: tdpbssd
// AMX-COUNT-4: tilestored
// AMX-NOT: {{tileload|tilestore}}
// AMX: tilerelease

// VNNI-LABEL: intq_matmul_2:
// VNNI: vpdpbusd {{.*}}, %zmm{{[0-9]+}}
// VNNI: vfmadd{{[0-9]+}}ps {{.*}}, %zmm{{[0-9]+}}

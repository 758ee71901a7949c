// A tail of one lane is stored as a scalar of the codes' own width: from a masked store of one narrowed lane LLVM 22
// makes a store of the wide element on AVX-512, which overwrites the codes after it.
// RUN: intq-opt %s --intq-lower-to-cpu | FileCheck %s

// CHECK-LABEL: func.func private @intq_quantize_
// CHECK: vector.store {{.*}} : memref<17xi8>, vector<16xi8>
// CHECK-NOT: vector.maskedstore
// CHECK: memref.store {{.*}} : memref<17xi8>
func.func @row(%x: tensor<1x17xf32>) -> (tensor<1x17xi8>, tensor<1x1xf32>) {
  %q = intq.quantize %x {site = "x"} : (tensor<1x17xf32>) -> !intq.q<1x17, i8, [1, *], f32>
  %codes, %scales = check.codes %q : (!intq.q<1x17, i8, [1, *], f32>) -> (tensor<1x17xi8>, tensor<1x1xf32>)
  return %codes, %scales : tensor<1x17xi8>, tensor<1x1xf32>
}

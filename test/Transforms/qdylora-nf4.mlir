// RUN: intq-opt %s --intq-qdylora="targets=all-linear ranks=2 weight=nf4" --nn-differentiate --nn-attach-optimizer --intq-keep-functions=names=step | FileCheck %s
// RUN: not intq-opt %s --intq-qdylora="targets=classifier ranks=2" 2>&1 | FileCheck %s --check-prefix=HEAD
// HEAD: expected a target that names a linear layer before the head, but 'classifier' names none of enc.query

// No float32 weight is left in the state; the codes are decoded where they are read first.
// CHECK-LABEL: func.func @step
// CHECK-NOT: "enc.query.weight"}
// CHECK-SAME: %[[C:[a-z0-9]+]]: tensor<16xi32> {intq.file = "w", intq.nf4 = tensor<16x8xf32>, intq.role = "frozen", intq.state = "enc.query.weight/nf4_codes", intq.transposed}
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<1xi32> {{{.*}}"enc.query.weight/nf4_absmax"
// CHECK-SAME: %[[S:[a-z0-9]+]]: tensor<1xf32> {{{.*}}"enc.query.weight/nf4_scales"
// CHECK-SAME: %[[O:[a-z0-9]+]]: tensor<f32> {{{.*}}"enc.query.weight/nf4_offset"
// CHECK: %[[M:.*]] = nn.constant
// CHECK: %[[W:.*]] = nn.nf4_dequantize %[[C]], %[[A]], %[[S]], %[[O]], %[[M]]
// CHECK-NEXT: nn.linear %{{.*}}, %[[W]] {site = "enc.query.weight"}
// CHECK-NOT: nn.linear_weight_grad {{.*}}site = "enc.query.weight"
func.func @forward(%x: tensor<2x8xf32> {intq.input = "x"}, %t: tensor<2x3xf32> {intq.input = "target"},
                   %w: tensor<16x8xf32> {intq.state = "enc.query.weight", intq.role = "parameter", intq.file = "w", intq.transposed},
                   %c: tensor<3x16xf32> {intq.state = "classifier.weight", intq.role = "parameter"})
    -> (tensor<f32> {intq.output = "loss", intq.loss}) {
  %h = nn.linear %x, %w {site = "enc.query.weight"} : (tensor<2x8xf32>, tensor<16x8xf32>) -> tensor<2x16xf32>
  %y = nn.linear %h, %c {site = "classifier.weight"} : (tensor<2x16xf32>, tensor<3x16xf32>) -> tensor<2x3xf32>
  %e = nn.sub %y, %t : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %q = nn.mul %e, %e : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %loss = nn.reduce_sum %q {count = 2 : i64, trailing} : (tensor<2x3xf32>) -> tensor<f32>
  return %loss : tensor<f32>
}

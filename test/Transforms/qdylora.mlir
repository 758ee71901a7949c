// RUN: intq-opt %s --intq-qdylora="targets=query ranks=1,4" | FileCheck %s --check-prefix=PASS
// RUN: intq-opt %s --intq-qdylora="targets=query ranks=4" --nn-differentiate --canonicalize --nn-attach-optimizer --intq-keep-functions=names=step | FileCheck %s --check-prefix=STEP
// RUN: intq-opt %s --intq-qdylora="targets=query ranks=1,4 frozen=true update=masked" --nn-differentiate --nn-attach-optimizer --intq-keep-functions=names=step | FileCheck %s --check-prefix=MASKED
// RUN: not intq-opt %s --intq-qdylora="targets=value ranks=4" 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not intq-opt %s --intq-qdylora="targets=query ranks=4,1" 2>&1 | FileCheck %s --check-prefix=RANKS
// RUN: not intq-opt %s --intq-qdylora="targets=query ranks=4 eval-ranks=8" 2>&1 | FileCheck %s --check-prefix=EVAL
// RUN: not intq-opt %s --intq-qdylora="targets=query ranks=4 scale=alpha" 2>&1 | FileCheck %s --check-prefix=SCALE
// RUN: not intq-opt %s --intq-qdylora="targets=query ranks=4 alpha=0" 2>&1 | FileCheck %s --check-prefix=ALPHA
// RUN: not intq-opt %s --intq-qdylora="targets=query ranks=4 update=some" 2>&1 | FileCheck %s --check-prefix=UPDATE
// RUN: not intq-opt %s --intq-qdylora="targets=query ranks=4 weight=int4" 2>&1 | FileCheck %s --check-prefix=WEIGHT
// RUN: not intq-opt %s --intq-qdylora="targets=query ranks=4 weight=nf4" 2>&1 | FileCheck %s --check-prefix=BLOCK
// RUN: not intq-opt %s --intq-qdylora="ranks=4" 2>&1 | FileCheck %s --check-prefix=NONE
// ALPHA: intq-qdylora: expected alpha above 0, but got 0.0
// UPDATE: intq-qdylora: expected an update (dense, masked), but got 'some'
// WEIGHT: intq-qdylora: expected a weight (keep, nf4), but got 'int4'
// BLOCK: expected a weight with a multiple of 64 elements for NF4, but got 'enc.query.weight' of 'tensor<6x8xf32>'
// NONE: intq-qdylora: expected targets, but got none
// TARGET: expected a target that names a linear layer before the head, but 'value' names none of enc.query
// RANKS: expected ranks of at least 1 in rising order, but got [4, 1]
// EVAL: expected eval-ranks up to the largest rank 4, but got 8
// SCALE: expected a scale (alpha/b, alpha/sqrt(b), constant), but got 'alpha'

// One function a rank; the truncated factors; the scale alpha/b on the small product; the head stays trained.
// PASS: intq.ranks = array<i64: 1, 4>
// PASS-LABEL: func.func @forward_r1
// PASS-SAME: %[[X:[a-z0-9]+]]: tensor<2x8xf32> {intq.input = "x"}
// PASS-SAME: %[[W:[a-z0-9]+]]: tensor<6x8xf32> {intq.role = "frozen", intq.state = "enc.query.weight"}
// PASS-SAME: tensor<6xf32> {intq.role = "frozen", intq.state = "enc.query.bias"}
// PASS-SAME: tensor<3x6xf32> {intq.role = "parameter", intq.state = "classifier.weight"}
// PASS-SAME: %[[A:[a-z0-9]+]]: tensor<4x8xf32> {intq.init = "kaiming_uniform", intq.role = "parameter", intq.state = "enc.query.lora_A.weight"}
// PASS-SAME: %[[B:[a-z0-9]+]]: tensor<6x4xf32> {intq.role = "parameter", intq.state = "enc.query.lora_B.weight"}
// PASS: %[[Y:.*]] = nn.linear %[[X]], %[[W]]
// PASS-NEXT: %[[A1:.*]] = nn.slice %[[A]] {offsets = array<i64: 0, 0>} : (tensor<4x8xf32>) -> tensor<1x8xf32>
// PASS-NEXT: %[[U:.*]] = nn.linear %[[X]], %[[A1]] {site = "enc.query.lora_A.weight"}
// PASS-NEXT: %[[S:.*]] = nn.scale %[[U]] {factor = 1.600000e+01 : f32}
// PASS-NEXT: %[[B1:.*]] = nn.slice %[[B]] {offsets = array<i64: 0, 0>} : (tensor<6x4xf32>) -> tensor<6x1xf32>
// PASS-NEXT: %[[V:.*]] = nn.linear %[[S]], %[[B1]] {site = "enc.query.lora_B.weight"}
// PASS-NEXT: nn.add %[[Y]], %[[V]]
// PASS-LABEL: func.func @forward_r4
// PASS-NOT: nn.slice
// PASS: nn.scale %{{.*}} {factor = 4.000000e+00 : f32}

// No gradient, update or moment of a frozen parameter; no gradient of an input that none needs.
// STEP-LABEL: func.func @step
// STEP-NOT: "enc.query.weight/moment
// STEP-NOT: "enc.query.bias/moment
// STEP: {
// STEP-NOT: nn.linear_weight_grad {{.*}}site = "enc.query.weight"
// STEP-NOT: nn.bias_grad {{.*}}site = "enc.query.weight"
// STEP-NOT: nn.linear_input_grad {{.*}}site = "enc.query.lora_A.weight"
// STEP: nn.linear_weight_grad {{.*}}site = "enc.query.lora_B.weight"
// STEP-COUNT-4: nn.adamw %
// STEP-NOT: nn.adamw %

// Rank 4, frozen: only row 3 of A and column 3 of B have a gradient and are updated.
// MASKED-LABEL: func.func @step_r4
// MASKED: nn.adamw {{.*}} -> (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>)
// MASKED: nn.adamw {{.*}} -> (tensor<6x1xf32>, tensor<6x1xf32>, tensor<6x1xf32>)
// MASKED: nn.concat {{.*}} {axis = 0 : i64} : (tensor<3x8xf32>, tensor<1x8xf32>) -> tensor<4x8xf32>
// MASKED: nn.concat {{.*}} {axis = 1 : i64} : (tensor<6x3xf32>, tensor<6x1xf32>) -> tensor<6x4xf32>

func.func @forward(%x: tensor<2x8xf32> {intq.input = "x"}, %t: tensor<2x3xf32> {intq.input = "target"},
                   %w: tensor<6x8xf32> {intq.state = "enc.query.weight", intq.role = "parameter"},
                   %b: tensor<6xf32> {intq.state = "enc.query.bias", intq.role = "parameter"},
                   %c: tensor<3x6xf32> {intq.state = "classifier.weight", intq.role = "parameter"},
                   %d: tensor<3xf32> {intq.state = "classifier.bias", intq.role = "parameter"})
    -> (tensor<f32> {intq.output = "loss", intq.loss}) {
  %h = nn.linear %x, %w bias %b {site = "enc.query.weight"} : (tensor<2x8xf32>, tensor<6x8xf32>, tensor<6xf32>) -> tensor<2x6xf32>
  %y = nn.linear %h, %c bias %d {site = "classifier.weight"} : (tensor<2x6xf32>, tensor<3x6xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %e = nn.sub %y, %t : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %q = nn.mul %e, %e : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %loss = nn.reduce_sum %q {count = 2 : i64, trailing} : (tensor<2x3xf32>) -> tensor<f32>
  return %loss : tensor<f32>
}

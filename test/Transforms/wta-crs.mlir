// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --intq-wta-crs="ratio=0.5 minimal-k=1" | FileCheck %s
// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --intq-wta-crs="ratio=0.5 minimal-k=1" --nn-quantize --canonicalize --cse | FileCheck %s --check-prefix=INT
// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --intq-wta-crs="ratio=0.5 minimal-k=1 share-siblings=false" | FileCheck %s --check-prefix=OWN
// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --intq-wta-crs="ratio=0.5" | FileCheck %s --check-prefix=ALL
// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --intq-wta-crs="ratio=0.5 minimal-k=1 cache=token" | FileCheck %s --check-prefix=TOKEN
// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --intq-wta-crs="ratio=0.5 minimal-k=1 cache=sample" | FileCheck %s --check-prefix=SAMPLE
// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-differentiate --intq-wta-crs="ratio=0.5 minimal-k=1 exact-before-gelu=true" | FileCheck %s --check-prefix=GELU
// RUN: not intq-opt %S/../Inputs/encoder.mlir --intq-wta-crs=ratio=2 2>&1 | FileCheck %s --check-prefix=RATIO
// RUN: not intq-opt %S/../Inputs/encoder.mlir --intq-wta-crs=minimal-k=0 2>&1 | FileCheck %s --check-prefix=MINIMAL
// RUN: not intq-opt %S/../Inputs/encoder.mlir --intq-wta-crs=defensive=0.6 2>&1 | FileCheck %s --check-prefix=DEFENSIVE
// RUN: not intq-opt %S/../Inputs/encoder.mlir --intq-wta-crs=sampler=top 2>&1 | FileCheck %s --check-prefix=SAMPLER
// RUN: not intq-opt %S/../Inputs/encoder.mlir --intq-wta-crs=criterion=least 2>&1 | FileCheck %s --check-prefix=CRITERION
// RUN: not intq-opt %S/../Inputs/encoder.mlir --intq-wta-crs=cache=disk 2>&1 | FileCheck %s --check-prefix=CACHE

// Query, key and value share one choice of rows; X is read no more after its rows are gathered. The layer whose
// gradient is nothing but that of the first token keeps its rows alone, and the classifier is left as it is.
// CHECK: intq.sampling = [{{.*}}{reason = "its rows are not tokens", site = "c.weight"}, {kept = 2 : i64, of = 8 : i64, site = "o.weight"}
// CHECK: %[[H:.*]], %{{.*}}, %{{.*}} = nn.layer_norm
// CHECK: nn.linear %[[H]]
// CHECK: %[[N:.*]] = nn.row_norm %[[H]] : (tensor<2x4x8xf32>) -> tensor<8xf32>
// CHECK: %[[R:.*]], %[[S:.*]] = nn.select_rows %[[N]], %{{.*}} keep %{{.*}} {anchor = 0 : i64, {{.*}}} : (tensor<8xf32>, tensor<4xi32>, tensor<2x4xi32>) -> (tensor<4xi32>, tensor<4xf32>)
// CHECK: %[[X:.*]] = nn.gather_rows %[[H]], %[[R]] : (tensor<2x4x8xf32>, tensor<4xi32>) -> tensor<4x8xf32>
// CHECK-NOT: nn.select_rows
// CHECK: nn.cross_entropy_grad
// CHECK: %[[G:.*]] = nn.gather_rows %{{.*}}, %[[R]] scale %[[S]]
// CHECK: nn.linear_weight_grad %[[G]], %[[X]]

// In integers the rows are rows of the codes, and the factors are folded into the gradient before it is encoded.
// INT: %[[N:[0-9]+]] = intq.row_norm %[[Q:[0-9]+]]
// INT: %[[R:.*]], %[[S:.*]] = nn.select_rows %[[N]]
// INT: %[[XQ:[0-9]+]] = intq.gather_rows %[[Q]], %[[R]]

// INT: %[[C:.*]], %[[SX:.*]] = intq.unscale %[[XQ]]
// INT: %[[F:[0-9]+]] = nn.mul %[[SX]], %{{.*}} : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
// INT: %[[HQ:[0-9]+]] = intq.quantize %{{.*}} fold %[[F]] rng %{{.*}} rows %[[R]]
// INT: intq.matmul %[[HQ]], %[[C]] {{.*}}transpose_a

// OWN-COUNT-3: nn.select_rows
// The norm of every token's gradient at its last visit comes in, and that of this visit goes out.
// TOKEN: func.func @grad({{.*}}%[[IN:[a-z0-9]+]]: tensor<1x2x4xf32> {intq.input = "norm_cache"}
// TOKEN-SAME: tensor<1x2x4xf32> {intq.output = "norm_cache"}
// TOKEN: nn.slice %[[IN]] {offsets = array<i64: 0, 0, 0>} : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
// TOKEN: nn.mul
// TOKEN: nn.select_rows
// TOKEN: nn.cross_entropy_grad
// TOKEN-COUNT-3: nn.row_norm
// TOKEN: nn.concat
// SAMPLE: func.func @grad({{.*}}: tensor<1x2xf32> {intq.input = "norm_cache"}
// SAMPLE: nn.broadcast
// SAMPLE: nn.reduce_sum
// GELU: {reason = "its input lives on: the input of the GELU after it is computed again from it", site = "o.weight"}
// ALL: reason = "all 8 rows would be kept"
// RATIO: intq-wta-crs: expected 0 < ratio <= 1, but got 2.0
// MINIMAL: intq-wta-crs: expected minimal-k of at least 1, but got 0
// DEFENSIVE: intq-wta-crs: expected 0 <= defensive <= 0.5, but got 0.6
// SAMPLER: intq-wta-crs: expected a sampler (wta, pps), but got 'top'
// CRITERION: intq-wta-crs: expected a criterion (paper, squared), but got 'least'
// CACHE: intq-wta-crs: expected a cache (none, token, sample), but got 'disk'

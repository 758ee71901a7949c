// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-set-dropout=ratio=0.25 | FileCheck %s
// RUN: intq-opt %S/../Inputs/encoder.mlir --nn-set-dropout=ratio=0 | FileCheck %s --check-prefix=NONE
// RUN: not intq-opt %S/../Inputs/encoder.mlir --nn-set-dropout=ratio=1 2>&1 | FileCheck %s --check-prefix=BAD
// CHECK: nn.dropout {{.*}}ratio = 2.500000e-01 : f32
// NONE: func.func
// NONE-NOT: nn.dropout
// BAD: expected a dropout ratio in [0, 1), but got 1

// RUN: intq-opt %S/../Inputs/encoder.mlir --intq-training-pipeline="recipe=row8 functions=step,eval" | FileCheck %s
// CHECK-NOT: @forward
// CHECK: func.func @eval
// CHECK: func.func @step
// CHECK: nn.adamw_schedule
// CHECK-NOT: nn.linear
// CHECK: intq.matmul

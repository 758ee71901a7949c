// RUN: intq-opt %s --intq-keep-functions=names=b | FileCheck %s
// RUN: not intq-opt %s --intq-keep-functions=names=c 2>&1 | FileCheck %s --check-prefix=NONE
// CHECK-NOT: @a
// CHECK: @b
// NONE: expected a function @c, but got none
func.func @a() { return }
func.func @b() { return }

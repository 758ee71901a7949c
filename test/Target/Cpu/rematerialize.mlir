// RUN: intq-opt %s --pass-pipeline='builtin.module(func.func(intq-rematerialize))' | FileCheck %s

// The codes are needed again much later, and so are those before dropout: the mask is drawn again.
// CHECK-LABEL: func.func @late(
// CHECK: %[[Q:.*]] = intq.quantize
// CHECK: %[[D:.*]] = intq.dropout %[[Q]]
// CHECK-NEXT: intq.dequantize %[[D]]
// CHECK: %[[AGAIN:.*]] = intq.dropout %[[Q]]
// CHECK-NEXT: intq.dequantize %[[AGAIN]]
// CHECK-NEXT: intq.dequantize %[[Q]]

// Nobody else keeps the operand: keeping either costs the same.
// CHECK-LABEL: func.func @operand_dies(
// CHECK-COUNT-1: intq.dropout
// CHECK-NOT: intq.dropout

// The input of gelu is computed again from codes of x, which the backward keeps, and from codes of the weights, which
// are made again too and shared with the later product.
// CHECK-LABEL: func.func @feed_forward(
// CHECK: %[[X:.*]] = intq.quantize
// CHECK-NEXT: %[[W:.*]] = intq.quantize
// CHECK-NEXT: intq.matmul %[[X]], %[[W]] bias
// CHECK: %[[W2:.*]] = intq.quantize
// CHECK-NEXT: %[[H:.*]] = intq.matmul %[[X]], %[[W2]] bias
// CHECK-NEXT: %[[R:.*]] = nn.reshape %[[H]]
// CHECK-NEXT: nn.gelu_grad %{{.*}}, %[[R]]
// CHECK-NEXT: intq.dequantize %[[W2]]
// CHECK-NEXT: intq.dequantize %[[X]]

// The same where an adapter makes it a sum of two products.
// CHECK-LABEL: func.func @adapter(
// CHECK: nn.gelu
// CHECK: %[[U:.*]] = intq.matmul
// CHECK: %[[V:.*]] = intq.matmul
// CHECK-NEXT: %[[SUM:.*]] = nn.add %[[U]], %[[V]]
// CHECK-NEXT: %[[R:.*]] = nn.reshape %[[SUM]]
// CHECK-NEXT: nn.gelu_grad %{{.*}}, %[[R]]

// The state is large enough for the float to be kept; the codes of the weights are not.
// CHECK-LABEL: func.func @large_state(
// CHECK: intq.matmul
// CHECK-NOT: intq.matmul
// CHECK: intq.quantize

// Where moments are codes memory is what is wanted.
// CHECK-LABEL: func.func @moments_as_codes(
// CHECK-COUNT-2: intq.matmul
// CHECK: nn.gelu_grad

// A byte would cost 512 multiply-adds: the float is kept.
// CHECK-LABEL: func.func @long_contraction(
// CHECK-COUNT-1: intq.matmul
// CHECK-NOT: intq.matmul
func.func @late(%x: tensor<4x16xf32>, %rng: tensor<4xi32>) -> (tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x16xf32>) {
  %y = nn.scale %x {factor = 2.0 : f32} : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %q = intq.quantize %y {site = "x"} : (tensor<4x16xf32>) -> !intq.q<4x16, i8, [1, *], f32>
  %d = intq.dropout %q, %rng {ratio = 0.1 : f32, stream = "d"} : (!intq.q<4x16, i8, [1, *], f32>, tensor<4xi32>) -> !intq.q<4x16, i8, [1, *], f32>
  %a = intq.dequantize %d : (!intq.q<4x16, i8, [1, *], f32>) -> tensor<4x16xf32>
  %t0 = nn.tanh %a : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t1 = nn.tanh %t0 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t2 = nn.tanh %t1 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t3 = nn.tanh %t2 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t4 = nn.tanh %t3 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t5 = nn.tanh %t4 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t6 = nn.tanh %t5 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t7 = nn.tanh %t6 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t8 = nn.tanh %t7 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t9 = nn.tanh %t8 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t10 = nn.tanh %t9 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t11 = nn.tanh %t10 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t12 = nn.tanh %t11 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t13 = nn.tanh %t12 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t14 = nn.tanh %t13 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t15 = nn.tanh %t14 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t16 = nn.tanh %t15 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t17 = nn.tanh %t16 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t18 = nn.tanh %t17 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t19 = nn.tanh %t18 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t20 = nn.tanh %t19 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t21 = nn.tanh %t20 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t22 = nn.tanh %t21 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t23 = nn.tanh %t22 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t24 = nn.tanh %t23 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t25 = nn.tanh %t24 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t26 = nn.tanh %t25 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t27 = nn.tanh %t26 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t28 = nn.tanh %t27 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t29 = nn.tanh %t28 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t30 = nn.tanh %t29 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t31 = nn.tanh %t30 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t32 = nn.tanh %t31 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t33 = nn.tanh %t32 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t34 = nn.tanh %t33 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t35 = nn.tanh %t34 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t36 = nn.tanh %t35 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t37 = nn.tanh %t36 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t38 = nn.tanh %t37 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t39 = nn.tanh %t38 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t40 = nn.tanh %t39 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t41 = nn.tanh %t40 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t42 = nn.tanh %t41 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t43 = nn.tanh %t42 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t44 = nn.tanh %t43 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t45 = nn.tanh %t44 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t46 = nn.tanh %t45 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t47 = nn.tanh %t46 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t48 = nn.tanh %t47 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t49 = nn.tanh %t48 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t50 = nn.tanh %t49 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t51 = nn.tanh %t50 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t52 = nn.tanh %t51 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t53 = nn.tanh %t52 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t54 = nn.tanh %t53 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t55 = nn.tanh %t54 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t56 = nn.tanh %t55 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t57 = nn.tanh %t56 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t58 = nn.tanh %t57 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t59 = nn.tanh %t58 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t60 = nn.tanh %t59 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t61 = nn.tanh %t60 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t62 = nn.tanh %t61 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t63 = nn.tanh %t62 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %b = intq.dequantize %d : (!intq.q<4x16, i8, [1, *], f32>) -> tensor<4x16xf32>
  %c = intq.dequantize %q : (!intq.q<4x16, i8, [1, *], f32>) -> tensor<4x16xf32>
  return %t63, %b, %c : tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x16xf32>
}
func.func @operand_dies(%x: tensor<4x16xf32>, %rng: tensor<4xi32>) -> (tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x16xf32>) {
  %y = nn.scale %x {factor = 2.0 : f32} : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %q = intq.quantize %y {site = "x"} : (tensor<4x16xf32>) -> !intq.q<4x16, i8, [1, *], f32>
  %d = intq.dropout %q, %rng {ratio = 0.1 : f32, stream = "d"} : (!intq.q<4x16, i8, [1, *], f32>, tensor<4xi32>) -> !intq.q<4x16, i8, [1, *], f32>
  %a = intq.dequantize %d : (!intq.q<4x16, i8, [1, *], f32>) -> tensor<4x16xf32>
  %t0 = nn.tanh %a : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t1 = nn.tanh %t0 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t2 = nn.tanh %t1 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t3 = nn.tanh %t2 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t4 = nn.tanh %t3 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t5 = nn.tanh %t4 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t6 = nn.tanh %t5 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t7 = nn.tanh %t6 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t8 = nn.tanh %t7 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t9 = nn.tanh %t8 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t10 = nn.tanh %t9 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t11 = nn.tanh %t10 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t12 = nn.tanh %t11 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t13 = nn.tanh %t12 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t14 = nn.tanh %t13 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t15 = nn.tanh %t14 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t16 = nn.tanh %t15 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t17 = nn.tanh %t16 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t18 = nn.tanh %t17 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t19 = nn.tanh %t18 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t20 = nn.tanh %t19 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t21 = nn.tanh %t20 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t22 = nn.tanh %t21 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t23 = nn.tanh %t22 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t24 = nn.tanh %t23 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t25 = nn.tanh %t24 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t26 = nn.tanh %t25 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t27 = nn.tanh %t26 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t28 = nn.tanh %t27 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t29 = nn.tanh %t28 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t30 = nn.tanh %t29 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t31 = nn.tanh %t30 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t32 = nn.tanh %t31 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t33 = nn.tanh %t32 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t34 = nn.tanh %t33 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t35 = nn.tanh %t34 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t36 = nn.tanh %t35 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t37 = nn.tanh %t36 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t38 = nn.tanh %t37 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t39 = nn.tanh %t38 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t40 = nn.tanh %t39 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t41 = nn.tanh %t40 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t42 = nn.tanh %t41 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t43 = nn.tanh %t42 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t44 = nn.tanh %t43 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t45 = nn.tanh %t44 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t46 = nn.tanh %t45 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t47 = nn.tanh %t46 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t48 = nn.tanh %t47 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t49 = nn.tanh %t48 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t50 = nn.tanh %t49 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t51 = nn.tanh %t50 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t52 = nn.tanh %t51 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t53 = nn.tanh %t52 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t54 = nn.tanh %t53 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t55 = nn.tanh %t54 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t56 = nn.tanh %t55 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t57 = nn.tanh %t56 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t58 = nn.tanh %t57 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t59 = nn.tanh %t58 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t60 = nn.tanh %t59 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t61 = nn.tanh %t60 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t62 = nn.tanh %t61 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t63 = nn.tanh %t62 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %b = intq.dequantize %d : (!intq.q<4x16, i8, [1, *], f32>) -> tensor<4x16xf32>
  %c = intq.dequantize %d : (!intq.q<4x16, i8, [1, *], f32>) -> tensor<4x16xf32>
  return %t63, %b, %c : tensor<4x16xf32>, tensor<4x16xf32>, tensor<4x16xf32>
}
func.func @feed_forward(%x: tensor<4x8xf32>, %w: tensor<16x8xf32>, %b: tensor<16xf32>) -> (tensor<1x4x16xf32>, tensor<16x8xf32>, tensor<4x8xf32>) {
  %d = nn.scale %x {factor = 2.0 : f32} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %xq = intq.quantize %d {site = "x"} : (tensor<4x8xf32>) -> !intq.q<4x8, i8, [1, *], f32>
  %wq = intq.quantize %w {site = "w"} : (tensor<16x8xf32>) -> !intq.q<16x8, i8, [1, *], f32>
  %u = intq.matmul %xq, %wq bias %b {transpose_b, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<16x8, i8, [1, *], f32>, tensor<16xf32>) -> tensor<4x16xf32>
  %r = nn.reshape %u : (tensor<4x16xf32>) -> tensor<1x4x16xf32>
  %g = nn.gelu %r : (tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %s = nn.reshape %g : (tensor<1x4x16xf32>) -> tensor<4x16xf32>
  %t0 = nn.tanh %s : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t1 = nn.tanh %t0 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t2 = nn.tanh %t1 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t3 = nn.tanh %t2 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t4 = nn.tanh %t3 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t5 = nn.tanh %t4 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t6 = nn.tanh %t5 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t7 = nn.tanh %t6 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t8 = nn.tanh %t7 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t9 = nn.tanh %t8 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t10 = nn.tanh %t9 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t11 = nn.tanh %t10 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t12 = nn.tanh %t11 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t13 = nn.tanh %t12 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t14 = nn.tanh %t13 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t15 = nn.tanh %t14 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t16 = nn.tanh %t15 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t17 = nn.tanh %t16 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t18 = nn.tanh %t17 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t19 = nn.tanh %t18 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t20 = nn.tanh %t19 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t21 = nn.tanh %t20 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t22 = nn.tanh %t21 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t23 = nn.tanh %t22 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t24 = nn.tanh %t23 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t25 = nn.tanh %t24 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t26 = nn.tanh %t25 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t27 = nn.tanh %t26 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t28 = nn.tanh %t27 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t29 = nn.tanh %t28 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t30 = nn.tanh %t29 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t31 = nn.tanh %t30 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t32 = nn.tanh %t31 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t33 = nn.tanh %t32 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t34 = nn.tanh %t33 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t35 = nn.tanh %t34 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t36 = nn.tanh %t35 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t37 = nn.tanh %t36 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t38 = nn.tanh %t37 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t39 = nn.tanh %t38 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t40 = nn.tanh %t39 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t41 = nn.tanh %t40 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t42 = nn.tanh %t41 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t43 = nn.tanh %t42 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t44 = nn.tanh %t43 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t45 = nn.tanh %t44 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t46 = nn.tanh %t45 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t47 = nn.tanh %t46 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t48 = nn.tanh %t47 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t49 = nn.tanh %t48 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t50 = nn.tanh %t49 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t51 = nn.tanh %t50 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t52 = nn.tanh %t51 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t53 = nn.tanh %t52 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t54 = nn.tanh %t53 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t55 = nn.tanh %t54 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t56 = nn.tanh %t55 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t57 = nn.tanh %t56 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t58 = nn.tanh %t57 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t59 = nn.tanh %t58 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t60 = nn.tanh %t59 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t61 = nn.tanh %t60 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t62 = nn.tanh %t61 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t63 = nn.tanh %t62 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %e = nn.reshape %t63 : (tensor<4x16xf32>) -> tensor<1x4x16xf32>
  %du = nn.gelu_grad %e, %r : (tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %wf = intq.dequantize %wq : (!intq.q<16x8, i8, [1, *], f32>) -> tensor<16x8xf32>
  %xf = intq.dequantize %xq : (!intq.q<4x8, i8, [1, *], f32>) -> tensor<4x8xf32>
  return %du, %wf, %xf : tensor<1x4x16xf32>, tensor<16x8xf32>, tensor<4x8xf32>
}
func.func @adapter(%x: tensor<4x8xf32>, %w: tensor<16x8xf32>, %b: tensor<16xf32>, %lora: tensor<16x8xf32>) -> (tensor<1x4x16xf32>, tensor<16x8xf32>, tensor<4x8xf32>) {
  %d = nn.scale %x {factor = 2.0 : f32} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %xq = intq.quantize %d {site = "x"} : (tensor<4x8xf32>) -> !intq.q<4x8, i8, [1, *], f32>
  %wq = intq.quantize %w {site = "w"} : (tensor<16x8xf32>) -> !intq.q<16x8, i8, [1, *], f32>
  %u = intq.matmul %xq, %wq bias %b {transpose_b, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<16x8, i8, [1, *], f32>, tensor<16xf32>) -> tensor<4x16xf32>
  %lq = intq.quantize %lora {site = "lora"} : (tensor<16x8xf32>) -> !intq.q<16x8, i8, [1, *], f32>
  %v = intq.matmul %xq, %lq {transpose_b, site = "lora"} : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<16x8, i8, [1, *], f32>) -> tensor<4x16xf32>
  %sum = nn.add %u, %v : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x16xf32>
  %r = nn.reshape %sum : (tensor<4x16xf32>) -> tensor<1x4x16xf32>
  %g = nn.gelu %r : (tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %s = nn.reshape %g : (tensor<1x4x16xf32>) -> tensor<4x16xf32>
  %t0 = nn.tanh %s : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t1 = nn.tanh %t0 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t2 = nn.tanh %t1 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t3 = nn.tanh %t2 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t4 = nn.tanh %t3 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t5 = nn.tanh %t4 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t6 = nn.tanh %t5 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t7 = nn.tanh %t6 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t8 = nn.tanh %t7 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t9 = nn.tanh %t8 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t10 = nn.tanh %t9 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t11 = nn.tanh %t10 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t12 = nn.tanh %t11 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t13 = nn.tanh %t12 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t14 = nn.tanh %t13 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t15 = nn.tanh %t14 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t16 = nn.tanh %t15 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t17 = nn.tanh %t16 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t18 = nn.tanh %t17 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t19 = nn.tanh %t18 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t20 = nn.tanh %t19 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t21 = nn.tanh %t20 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t22 = nn.tanh %t21 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t23 = nn.tanh %t22 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t24 = nn.tanh %t23 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t25 = nn.tanh %t24 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t26 = nn.tanh %t25 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t27 = nn.tanh %t26 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t28 = nn.tanh %t27 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t29 = nn.tanh %t28 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t30 = nn.tanh %t29 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t31 = nn.tanh %t30 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t32 = nn.tanh %t31 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t33 = nn.tanh %t32 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t34 = nn.tanh %t33 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t35 = nn.tanh %t34 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t36 = nn.tanh %t35 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t37 = nn.tanh %t36 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t38 = nn.tanh %t37 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t39 = nn.tanh %t38 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t40 = nn.tanh %t39 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t41 = nn.tanh %t40 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t42 = nn.tanh %t41 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t43 = nn.tanh %t42 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t44 = nn.tanh %t43 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t45 = nn.tanh %t44 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t46 = nn.tanh %t45 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t47 = nn.tanh %t46 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t48 = nn.tanh %t47 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t49 = nn.tanh %t48 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t50 = nn.tanh %t49 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t51 = nn.tanh %t50 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t52 = nn.tanh %t51 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t53 = nn.tanh %t52 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t54 = nn.tanh %t53 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t55 = nn.tanh %t54 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t56 = nn.tanh %t55 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t57 = nn.tanh %t56 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t58 = nn.tanh %t57 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t59 = nn.tanh %t58 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t60 = nn.tanh %t59 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t61 = nn.tanh %t60 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t62 = nn.tanh %t61 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t63 = nn.tanh %t62 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %e = nn.reshape %t63 : (tensor<4x16xf32>) -> tensor<1x4x16xf32>
  %du = nn.gelu_grad %e, %r : (tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %wf = intq.dequantize %wq : (!intq.q<16x8, i8, [1, *], f32>) -> tensor<16x8xf32>
  %xf = intq.dequantize %xq : (!intq.q<4x8, i8, [1, *], f32>) -> tensor<4x8xf32>
  return %du, %wf, %xf : tensor<1x4x16xf32>, tensor<16x8xf32>, tensor<4x8xf32>
}
func.func @large_state(%x: tensor<4x8xf32>, %w: tensor<16x8xf32>, %b: tensor<16xf32>,
                       %table: tensor<64x64xf32> {intq.state = "table"}) -> (tensor<1x4x16xf32>, tensor<16x8xf32>, tensor<4x8xf32>) {
  %d = nn.scale %x {factor = 2.0 : f32} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %xq = intq.quantize %d {site = "x"} : (tensor<4x8xf32>) -> !intq.q<4x8, i8, [1, *], f32>
  %wq = intq.quantize %w {site = "w"} : (tensor<16x8xf32>) -> !intq.q<16x8, i8, [1, *], f32>
  %u = intq.matmul %xq, %wq bias %b {transpose_b, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<16x8, i8, [1, *], f32>, tensor<16xf32>) -> tensor<4x16xf32>
  %r = nn.reshape %u : (tensor<4x16xf32>) -> tensor<1x4x16xf32>
  %g = nn.gelu %r : (tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %s = nn.reshape %g : (tensor<1x4x16xf32>) -> tensor<4x16xf32>
  %t0 = nn.tanh %s : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t1 = nn.tanh %t0 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t2 = nn.tanh %t1 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t3 = nn.tanh %t2 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t4 = nn.tanh %t3 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t5 = nn.tanh %t4 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t6 = nn.tanh %t5 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t7 = nn.tanh %t6 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t8 = nn.tanh %t7 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t9 = nn.tanh %t8 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t10 = nn.tanh %t9 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t11 = nn.tanh %t10 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t12 = nn.tanh %t11 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t13 = nn.tanh %t12 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t14 = nn.tanh %t13 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t15 = nn.tanh %t14 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t16 = nn.tanh %t15 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t17 = nn.tanh %t16 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t18 = nn.tanh %t17 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t19 = nn.tanh %t18 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t20 = nn.tanh %t19 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t21 = nn.tanh %t20 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t22 = nn.tanh %t21 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t23 = nn.tanh %t22 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t24 = nn.tanh %t23 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t25 = nn.tanh %t24 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t26 = nn.tanh %t25 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t27 = nn.tanh %t26 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t28 = nn.tanh %t27 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t29 = nn.tanh %t28 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t30 = nn.tanh %t29 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t31 = nn.tanh %t30 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t32 = nn.tanh %t31 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t33 = nn.tanh %t32 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t34 = nn.tanh %t33 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t35 = nn.tanh %t34 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t36 = nn.tanh %t35 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t37 = nn.tanh %t36 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t38 = nn.tanh %t37 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t39 = nn.tanh %t38 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t40 = nn.tanh %t39 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t41 = nn.tanh %t40 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t42 = nn.tanh %t41 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t43 = nn.tanh %t42 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t44 = nn.tanh %t43 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t45 = nn.tanh %t44 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t46 = nn.tanh %t45 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t47 = nn.tanh %t46 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t48 = nn.tanh %t47 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t49 = nn.tanh %t48 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t50 = nn.tanh %t49 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t51 = nn.tanh %t50 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t52 = nn.tanh %t51 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t53 = nn.tanh %t52 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t54 = nn.tanh %t53 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t55 = nn.tanh %t54 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t56 = nn.tanh %t55 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t57 = nn.tanh %t56 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t58 = nn.tanh %t57 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t59 = nn.tanh %t58 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t60 = nn.tanh %t59 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t61 = nn.tanh %t60 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t62 = nn.tanh %t61 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t63 = nn.tanh %t62 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %e = nn.reshape %t63 : (tensor<4x16xf32>) -> tensor<1x4x16xf32>
  %du = nn.gelu_grad %e, %r : (tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %wf = intq.dequantize %wq : (!intq.q<16x8, i8, [1, *], f32>) -> tensor<16x8xf32>
  %xf = intq.dequantize %xq : (!intq.q<4x8, i8, [1, *], f32>) -> tensor<4x8xf32>
  return %du, %wf, %xf : tensor<1x4x16xf32>, tensor<16x8xf32>, tensor<4x8xf32>
}

func.func @moments_as_codes(%x: tensor<4x8xf32>, %w: tensor<16x8xf32>, %b: tensor<16xf32>,
                       %table: tensor<64x64xf32> {intq.state = "table"}, %codes: tensor<4x16xi8> {intq.state = "m"}) -> (tensor<1x4x16xf32>, tensor<16x8xf32>, tensor<4x8xf32>) {
  %d = nn.scale %x {factor = 2.0 : f32} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %xq = intq.quantize %d {site = "x"} : (tensor<4x8xf32>) -> !intq.q<4x8, i8, [1, *], f32>
  %wq = intq.quantize %w {site = "w"} : (tensor<16x8xf32>) -> !intq.q<16x8, i8, [1, *], f32>
  %u = intq.matmul %xq, %wq bias %b {transpose_b, site = "w"} : (!intq.q<4x8, i8, [1, *], f32>, !intq.q<16x8, i8, [1, *], f32>, tensor<16xf32>) -> tensor<4x16xf32>
  %r = nn.reshape %u : (tensor<4x16xf32>) -> tensor<1x4x16xf32>
  %g = nn.gelu %r : (tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %s = nn.reshape %g : (tensor<1x4x16xf32>) -> tensor<4x16xf32>
  %t0 = nn.tanh %s : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t1 = nn.tanh %t0 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t2 = nn.tanh %t1 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t3 = nn.tanh %t2 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t4 = nn.tanh %t3 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t5 = nn.tanh %t4 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t6 = nn.tanh %t5 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t7 = nn.tanh %t6 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t8 = nn.tanh %t7 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t9 = nn.tanh %t8 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t10 = nn.tanh %t9 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t11 = nn.tanh %t10 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t12 = nn.tanh %t11 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t13 = nn.tanh %t12 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t14 = nn.tanh %t13 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t15 = nn.tanh %t14 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t16 = nn.tanh %t15 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t17 = nn.tanh %t16 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t18 = nn.tanh %t17 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t19 = nn.tanh %t18 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t20 = nn.tanh %t19 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t21 = nn.tanh %t20 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t22 = nn.tanh %t21 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t23 = nn.tanh %t22 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t24 = nn.tanh %t23 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t25 = nn.tanh %t24 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t26 = nn.tanh %t25 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t27 = nn.tanh %t26 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t28 = nn.tanh %t27 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t29 = nn.tanh %t28 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t30 = nn.tanh %t29 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t31 = nn.tanh %t30 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t32 = nn.tanh %t31 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t33 = nn.tanh %t32 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t34 = nn.tanh %t33 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t35 = nn.tanh %t34 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t36 = nn.tanh %t35 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t37 = nn.tanh %t36 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t38 = nn.tanh %t37 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t39 = nn.tanh %t38 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t40 = nn.tanh %t39 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t41 = nn.tanh %t40 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t42 = nn.tanh %t41 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t43 = nn.tanh %t42 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t44 = nn.tanh %t43 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t45 = nn.tanh %t44 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t46 = nn.tanh %t45 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t47 = nn.tanh %t46 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t48 = nn.tanh %t47 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t49 = nn.tanh %t48 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t50 = nn.tanh %t49 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t51 = nn.tanh %t50 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t52 = nn.tanh %t51 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t53 = nn.tanh %t52 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t54 = nn.tanh %t53 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t55 = nn.tanh %t54 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t56 = nn.tanh %t55 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t57 = nn.tanh %t56 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t58 = nn.tanh %t57 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t59 = nn.tanh %t58 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t60 = nn.tanh %t59 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t61 = nn.tanh %t60 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t62 = nn.tanh %t61 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t63 = nn.tanh %t62 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %e = nn.reshape %t63 : (tensor<4x16xf32>) -> tensor<1x4x16xf32>
  %du = nn.gelu_grad %e, %r : (tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %wf = intq.dequantize %wq : (!intq.q<16x8, i8, [1, *], f32>) -> tensor<16x8xf32>
  %xf = intq.dequantize %xq : (!intq.q<4x8, i8, [1, *], f32>) -> tensor<4x8xf32>
  return %du, %wf, %xf : tensor<1x4x16xf32>, tensor<16x8xf32>, tensor<4x8xf32>
}
func.func @long_contraction(%x: tensor<4x2048xf32>, %w: tensor<16x2048xf32>, %b: tensor<16xf32>) -> (tensor<1x4x16xf32>, tensor<16x2048xf32>, tensor<4x2048xf32>) {
  %d = nn.scale %x {factor = 2.0 : f32} : (tensor<4x2048xf32>) -> tensor<4x2048xf32>
  %xq = intq.quantize %d {site = "x"} : (tensor<4x2048xf32>) -> !intq.q<4x2048, i8, [1, *], f32>
  %wq = intq.quantize %w {site = "w"} : (tensor<16x2048xf32>) -> !intq.q<16x2048, i8, [1, *], f32>
  %u = intq.matmul %xq, %wq bias %b {transpose_b, site = "w"} : (!intq.q<4x2048, i8, [1, *], f32>, !intq.q<16x2048, i8, [1, *], f32>, tensor<16xf32>) -> tensor<4x16xf32>
  %r = nn.reshape %u : (tensor<4x16xf32>) -> tensor<1x4x16xf32>
  %g = nn.gelu %r : (tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %s = nn.reshape %g : (tensor<1x4x16xf32>) -> tensor<4x16xf32>
  %t0 = nn.tanh %s : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t1 = nn.tanh %t0 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t2 = nn.tanh %t1 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t3 = nn.tanh %t2 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t4 = nn.tanh %t3 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t5 = nn.tanh %t4 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t6 = nn.tanh %t5 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t7 = nn.tanh %t6 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t8 = nn.tanh %t7 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t9 = nn.tanh %t8 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t10 = nn.tanh %t9 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t11 = nn.tanh %t10 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t12 = nn.tanh %t11 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t13 = nn.tanh %t12 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t14 = nn.tanh %t13 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t15 = nn.tanh %t14 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t16 = nn.tanh %t15 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t17 = nn.tanh %t16 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t18 = nn.tanh %t17 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t19 = nn.tanh %t18 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t20 = nn.tanh %t19 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t21 = nn.tanh %t20 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t22 = nn.tanh %t21 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t23 = nn.tanh %t22 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t24 = nn.tanh %t23 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t25 = nn.tanh %t24 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t26 = nn.tanh %t25 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t27 = nn.tanh %t26 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t28 = nn.tanh %t27 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t29 = nn.tanh %t28 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t30 = nn.tanh %t29 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t31 = nn.tanh %t30 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t32 = nn.tanh %t31 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t33 = nn.tanh %t32 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t34 = nn.tanh %t33 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t35 = nn.tanh %t34 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t36 = nn.tanh %t35 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t37 = nn.tanh %t36 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t38 = nn.tanh %t37 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t39 = nn.tanh %t38 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t40 = nn.tanh %t39 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t41 = nn.tanh %t40 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t42 = nn.tanh %t41 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t43 = nn.tanh %t42 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t44 = nn.tanh %t43 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t45 = nn.tanh %t44 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t46 = nn.tanh %t45 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t47 = nn.tanh %t46 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t48 = nn.tanh %t47 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t49 = nn.tanh %t48 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t50 = nn.tanh %t49 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t51 = nn.tanh %t50 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t52 = nn.tanh %t51 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t53 = nn.tanh %t52 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t54 = nn.tanh %t53 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t55 = nn.tanh %t54 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t56 = nn.tanh %t55 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t57 = nn.tanh %t56 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t58 = nn.tanh %t57 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t59 = nn.tanh %t58 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t60 = nn.tanh %t59 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t61 = nn.tanh %t60 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t62 = nn.tanh %t61 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %t63 = nn.tanh %t62 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %e = nn.reshape %t63 : (tensor<4x16xf32>) -> tensor<1x4x16xf32>
  %du = nn.gelu_grad %e, %r : (tensor<1x4x16xf32>, tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %wf = intq.dequantize %wq : (!intq.q<16x2048, i8, [1, *], f32>) -> tensor<16x2048xf32>
  %xf = intq.dequantize %xq : (!intq.q<4x2048, i8, [1, *], f32>) -> tensor<4x2048xf32>
  return %du, %wf, %xf : tensor<1x4x16xf32>, tensor<16x2048xf32>, tensor<4x2048xf32>
}

// RUN: intq-run %s
// RUN: intq-run --engine=cpu --cpu-isa=all --cpu-threads=1,2,3 %s
func.func @moves() {
  %x = nn.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  %t = nn.transpose %x {perm = array<i64: 1, 0>} : (tensor<2x3xi32>) -> tensor<3x2xi32>
  %t_want = nn.constant dense<[[1, 4], [2, 5], [3, 6]]> : tensor<3x2xi32>
  check.expect_eq %t, %t_want : tensor<3x2xi32>
  %r = nn.reshape %x : (tensor<2x3xi32>) -> tensor<3x2x1xi32>
  %r_want = nn.constant dense<[[[1], [2]], [[3], [4]], [[5], [6]]]> : tensor<3x2x1xi32>
  check.expect_eq %r, %r_want : tensor<3x2x1xi32>
  %s = nn.slice %x {offsets = array<i64: 0, 1>} : (tensor<2x3xi32>) -> tensor<2x2xi32>
  %s_want = nn.constant dense<[[2, 3], [5, 6]]> : tensor<2x2xi32>
  check.expect_eq %s, %s_want : tensor<2x2xi32>
  %c = nn.concat %s, %x {axis = 1 : i64} : (tensor<2x2xi32>, tensor<2x3xi32>) -> tensor<2x5xi32>
  %c_want = nn.constant dense<[[2, 3, 1, 2, 3], [5, 6, 4, 5, 6]]> : tensor<2x5xi32>
  check.expect_eq %c, %c_want : tensor<2x5xi32>
  %v = nn.concat %x, %x {axis = 0 : i64} : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<4x3xi32>
  %v_want = nn.constant dense<[[1, 2, 3], [4, 5, 6], [1, 2, 3], [4, 5, 6]]> : tensor<4x3xi32>
  check.expect_eq %v, %v_want : tensor<4x3xi32>
  %row = nn.constant dense<[[7], [8]]> : tensor<2x1xi32>
  %b = nn.broadcast %row : (tensor<2x1xi32>) -> tensor<2x2x3xi32>
  %b_want = nn.constant dense<[[[7, 7, 7], [8, 8, 8]], [[7, 7, 7], [8, 8, 8]]]> : tensor<2x2x3xi32>
  check.expect_eq %b, %b_want : tensor<2x2x3xi32>
  return
}
func.func @pad() {
  %x = nn.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %y = nn.pad %x {offsets = array<i64: 1, 1>} : (tensor<1x2xf32>) -> tensor<3x4xf32>
  %want = nn.constant dense<[[0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  check.expect_eq %y, %want : tensor<3x4xf32>
  return
}
func.func @transpose4() {
  %x = nn.constant dense<[[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]]> : tensor<1x2x2x2xf32>
  %y = nn.transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %want = nn.constant dense<[[[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]]> : tensor<1x2x2x2xf32>
  check.expect_eq %y, %want : tensor<1x2x2x2xf32>
  return
}

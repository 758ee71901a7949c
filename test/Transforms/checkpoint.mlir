// RUN: intq-opt %s --intq-checkpoint | FileCheck %s
// RUN: not intq-opt %S/../Inputs/linear.mlir --nn-differentiate --intq-checkpoint 2>&1 | FileCheck %s --check-prefix=NONE
// Two layers: softmax, dropout, and a product with a weight. The second, which the backward meets first, keeps what it
// made; of the first only its input, the embedding's rows, stays, and its softmax and dropout are made again.
// CHECK-LABEL: @grad
// CHECK: %[[X:.*]] = nn.embedding
// CHECK: nn.softmax %[[X]]
// CHECK: nn.dropout {{.*}}stream = "a"
// CHECK: %[[P2:.*]] = nn.softmax
// CHECK: nn.cross_entropy_grad
// CHECK: nn.softmax_grad %{{.*}}, %[[P2]]
// CHECK: nn.dropout {{.*}}stream = "a"
// CHECK: %[[P1:.*]] = nn.softmax %[[X]]
// CHECK: nn.softmax_grad %{{.*}}, %[[P1]]
// CHECK-NOT: nn.softmax %
// CHECK: return
func.func @grad(%ids: tensor<4xi32> {intq.input = "ids"}, %labels: tensor<4xi32> {intq.input = "labels"},
                %table: tensor<9x3xf32> {intq.state = "t"}, %rng: tensor<4xi32> {intq.rng})
    -> (tensor<f32> {intq.output = "loss", intq.loss}, tensor<9x3xf32> {intq.grad = "t"}) {
  %one = nn.constant dense<1.0> : tensor<f32>
  %x = nn.embedding %table, %ids {site = "t"} : (tensor<9x3xf32>, tensor<4xi32>) -> tensor<4x3xf32>
  %p1 = nn.softmax %x : (tensor<4x3xf32>) -> tensor<4x3xf32>
  %d1 = nn.dropout %p1, %rng {ratio = 0.5 : f32, stream = "a"} : (tensor<4x3xf32>, tensor<4xi32>) -> tensor<4x3xf32>
  %p2 = nn.softmax %d1 : (tensor<4x3xf32>) -> tensor<4x3xf32>
  %loss = nn.cross_entropy %p2, %labels : (tensor<4x3xf32>, tensor<4xi32>) -> tensor<f32>
  %g = nn.cross_entropy_grad %one, %p2, %labels : (tensor<f32>, tensor<4x3xf32>, tensor<4xi32>) -> tensor<4x3xf32>
  %g2 = nn.softmax_grad %g, %p2 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %g1 = nn.dropout %g2, %rng {ratio = 0.5 : f32, stream = "a"} : (tensor<4x3xf32>, tensor<4xi32>) -> tensor<4x3xf32>
  %gx = nn.softmax_grad %g1, %p1 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %dt = nn.embedding_grad %gx, %ids {site = "t"} : (tensor<4x3xf32>, tensor<4xi32>) -> tensor<9x3xf32>
  return %loss, %dt : tensor<f32>, tensor<9x3xf32>
}
// NONE: intq-checkpoint: expected layers with attention in @grad, before which one activation alone is alive, but found none

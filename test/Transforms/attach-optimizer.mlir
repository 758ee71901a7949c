// RUN: intq-opt %s --nn-attach-optimizer="max-grad-norm=0 weight-decay=0.01" | FileCheck %s --check-prefix=NOCLIP
// RUN: intq-opt %s --nn-attach-optimizer="mode=ort" | FileCheck %s --check-prefix=CLIP
// RUN: intq-opt %s --nn-attach-optimizer="accumulate=true" | FileCheck %s --check-prefix=UPDATE
// RUN: not intq-opt %s --nn-attach-optimizer="mode=adam" 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not intq-opt %s --nn-attach-optimizer="beta2=1.0" 2>&1 | FileCheck %s --check-prefix=BETA
// MODE: expected AdamW mode torch or ort, but got 'adam'
// BETA: expected beta2 in [0, 1), but got 1

// Without clipping an update follows its gradient and the last reader of the old parameter; the rank-1 bias
// does not decay.
// NOCLIP-LABEL: func.func @step
// NOCLIP-SAME: %[[W:[a-z0-9]+]]: tensor<3x4xf32> {intq.role = "parameter", intq.state = "w"}
// NOCLIP-SAME: tensor<3x4xf32> {intq.role = "moment1", intq.state = "w/moment1"}
// NOCLIP-SAME: tensor<2xf64> {intq.role = "powers", intq.state = "optimizer/powers"}
// NOCLIP-SAME: tensor<f64> {intq.lr}
// NOCLIP: %[[S:.*]], %{{.*}} = nn.adamw_schedule
// NOCLIP: %[[DW:.*]] = nn.linear_weight_grad
// NOCLIP: nn.linear_input_grad %{{.*}}, %[[W]]
// NOCLIP-NEXT: nn.adamw %[[W]], %{{.*}}, %{{.*}}, %[[DW]], %[[S]] {{{.*}}decay
// NOCLIP: nn.bias_grad
// NOCLIP-NEXT: nn.adamw
// NOCLIP-NOT: decay
// NOCLIP: return

// CLIP-LABEL: func.func @step
// CLIP: %[[NORM:.*]], %[[C:.*]] = nn.clip_coefficient
// CLIP: nn.adamw {{.*}} clip %[[C]] {{.*}}mode = #nn<adam ort>
// CLIP: nn.adamw {{.*}} clip %[[C]]

// UPDATE-LABEL: func.func @update
// UPDATE-SAME: tensor<3x4xf32> {intq.dtype = "float32", intq.input = "grad/w"}
// UPDATE-SAME: tensor<3x4xf32> {intq.role = "parameter", intq.state = "w"}
// UPDATE: nn.clip_coefficient
// UPDATE: nn.adamw

func.func @grad(%x: tensor<2x4xf32> {intq.input = "x"}, %dy: tensor<2x3xf32> {intq.input = "dy"},
                %w: tensor<3x4xf32> {intq.state = "w", intq.role = "parameter"},
                %b: tensor<3xf32> {intq.state = "b", intq.role = "parameter"})
    -> (tensor<2x4xf32> {intq.output = "dx"}, tensor<3x4xf32> {intq.grad = "w"}, tensor<3xf32> {intq.grad = "b"}) {
  %dw = nn.linear_weight_grad %dy, %x {site = "w"} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  %dx = nn.linear_input_grad %dy, %w {site = "w"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %db = nn.bias_grad %dy {site = "w"} : (tensor<2x3xf32>) -> tensor<3xf32>
  return %dx, %dw, %db : tensor<2x4xf32>, tensor<3x4xf32>, tensor<3xf32>
}

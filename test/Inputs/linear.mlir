// One linear layer under a loss: what docs/Tour.md follows from here to machine code.
func.func @forward(%x: tensor<256x64xf32> {intq.input = "x"}, %labels: tensor<256xi32> {intq.input = "labels"},
                   %w: tensor<48x64xf32> {intq.state = "fc.weight", intq.role = "parameter"},
                   %b: tensor<48xf32> {intq.state = "fc.bias", intq.role = "parameter"})
    -> (tensor<f32> {intq.output = "loss", intq.loss}) {
  %y = nn.linear %x, %w bias %b {site = "fc.weight"} : (tensor<256x64xf32>, tensor<48x64xf32>, tensor<48xf32>) -> tensor<256x48xf32>
  %loss = nn.cross_entropy %y, %labels : (tensor<256x48xf32>, tensor<256xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

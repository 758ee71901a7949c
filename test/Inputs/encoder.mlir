// A one-layer encoder with every kind of layer that a recipe speaks of: embedding,
// layer norm, linear, masked attention with dropout, GELU, pooler, cross-entropy.
func.func @forward(
    %ids: tensor<2x4xi32> {intq.input = "input_ids", intq.dtype = "int64"},
    %mask: tensor<2x4xi32> {intq.input = "attention_mask", intq.dtype = "int64"},
    %labels: tensor<2xi32> {intq.input = "labels", intq.dtype = "int64"},
    %emb: tensor<10x8xf32> {intq.state = "emb", intq.role = "parameter", intq.file = "emb"},
    %pos: tensor<4x8xf32> {intq.state = "pos", intq.role = "parameter", intq.file = "pos"},
    %g: tensor<8xf32> {intq.state = "ln.weight", intq.role = "parameter", intq.file = "ln.weight"},
    %b: tensor<8xf32> {intq.state = "ln.bias", intq.role = "parameter", intq.file = "ln.bias"},
    %wq: tensor<8x8xf32> {intq.state = "q.weight", intq.role = "parameter", intq.file = "q.weight"},
    %bq: tensor<8xf32> {intq.state = "q.bias", intq.role = "parameter", intq.file = "q.bias"},
    %wk: tensor<8x8xf32> {intq.state = "k.weight", intq.role = "parameter", intq.file = "k.weight"},
    %bk: tensor<8xf32> {intq.state = "k.bias", intq.role = "parameter", intq.file = "k.bias"},
    %wv: tensor<8x8xf32> {intq.state = "v.weight", intq.role = "parameter", intq.file = "v.weight"},
    %bv: tensor<8xf32> {intq.state = "v.bias", intq.role = "parameter", intq.file = "v.bias"},
    %wo: tensor<8x8xf32> {intq.state = "o.weight", intq.role = "parameter", intq.file = "o.weight"},
    %bo: tensor<8xf32> {intq.state = "o.bias", intq.role = "parameter", intq.file = "o.bias"},
    %wc: tensor<3x8xf32> {intq.state = "c.weight", intq.role = "parameter", intq.file = "c.weight"},
    %bc: tensor<3xf32> {intq.state = "c.bias", intq.role = "parameter", intq.file = "c.bias"},
    %rng: tensor<4xi32> {intq.rng})
    -> (tensor<f32> {intq.output = "loss", intq.loss}, tensor<2x3xf32> {intq.output = "logits"}) {
  %positions = nn.constant dense<[[0, 1, 2, 3], [0, 1, 2, 3]]> : tensor<2x4xi32>
  %e0 = nn.embedding %emb, %ids {site = "emb"} : (tensor<10x8xf32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
  %e1 = nn.embedding %pos, %positions {site = "pos"} : (tensor<4x8xf32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
  %e = nn.add %e0, %e1 : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %h, %m, %r = nn.layer_norm %e, %g, %b {epsilon = 1.0e-12 : f32, site = "ln.weight"} : (tensor<2x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<2x4x8xf32>, tensor<2x4x1xf32>, tensor<2x4x1xf32>)
  %q = nn.linear %h, %wq bias %bq {site = "q.weight"} : (tensor<2x4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  %k = nn.linear %h, %wk bias %bk {site = "k.weight"} : (tensor<2x4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  %v = nn.linear %h, %wv bias %bv {site = "v.weight"} : (tensor<2x4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  %q1 = nn.reshape %q : (tensor<2x4x8xf32>) -> tensor<2x4x2x4xf32>
  %k1 = nn.reshape %k : (tensor<2x4x8xf32>) -> tensor<2x4x2x4xf32>
  %v1 = nn.reshape %v : (tensor<2x4x8xf32>) -> tensor<2x4x2x4xf32>
  %q2 = nn.transpose %q1 {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x4x2x4xf32>) -> tensor<2x2x4x4xf32>
  %k2 = nn.transpose %k1 {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x4x2x4xf32>) -> tensor<2x2x4x4xf32>
  %v2 = nn.transpose %v1 {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x4x2x4xf32>) -> tensor<2x2x4x4xf32>
  %s = nn.matmul %q2, %k2 {transpose_b, site = "scores"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
  %s1 = nn.scale %s {factor = 0.5 : f32} : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
  %p = nn.softmax %s1 keep %mask : (tensor<2x2x4x4xf32>, tensor<2x4xi32>) -> tensor<2x2x4x4xf32>
  %pd = nn.dropout %p, %rng {ratio = 0.1 : f32, stream = "attention/dropout"} : (tensor<2x2x4x4xf32>, tensor<4xi32>) -> tensor<2x2x4x4xf32>
  %c = nn.matmul %pd, %v2 {site = "context"} : (tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
  %c1 = nn.transpose %c {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x2x4x4xf32>) -> tensor<2x4x2x4xf32>
  %c2 = nn.reshape %c1 : (tensor<2x4x2x4xf32>) -> tensor<2x4x8xf32>
  %o = nn.linear %c2, %wo bias %bo {site = "o.weight"} : (tensor<2x4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  %a = nn.gelu %o : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %u = nn.add %a, %h : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %f = nn.slice %u {offsets = array<i64: 0, 0, 0>} : (tensor<2x4x8xf32>) -> tensor<2x1x8xf32>
  %f1 = nn.reshape %f : (tensor<2x1x8xf32>) -> tensor<2x8xf32>
  %t = nn.tanh %f1 : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %l = nn.linear %t, %wc bias %bc {site = "c.weight"} : (tensor<2x8xf32>, tensor<3x8xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %loss = nn.cross_entropy %l, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<f32>
  return %loss, %l : tensor<f32>, tensor<2x3xf32>
}

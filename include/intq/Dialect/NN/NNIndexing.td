// Embedding tables and losses: ops that take indices.
#ifndef INTQ_NN_INDEXING
#define INTQ_NN_INDEXING
include "intq/Dialect/NN/NNBase.td"

def NN_EmbeddingOp : NN_PlainOp<"embedding"> {
  let summary = "rows of a table: [V, H], i32 [...] → [..., H]";
  let description = [{
    Indices are in [0, V): the runtime checks inputs before a step runs (never clamped).
    `padding_idx` (−1: none) changes only the gradient. `site`: canonical name of the table.
    (C1) table has rank 2. (C2) result is [ids..., H]. (C3) −1 ≤ padding_idx < V.
  }];
  let arguments = (ins NN_F32:$table, NN_I32:$ids, DefaultValuedAttr<I64Attr, "-1">:$padding_idx,
                       StrAttr:$site);
  let results = (outs NN_F32:$result);
  let hasVerifier = 1;
}
def NN_EmbeddingGradOp : NN_PlainOp<"embedding_grad"> {
  let summary = "dtable[v] = Σ dy over the positions whose index is v, in row-major order";
  let description = [{The row padding_idx gets +0. (C1) dtable has rank 2. (C2) dy is [ids..., H].
    (C3) −1 ≤ padding_idx < V.}];
  let arguments = (ins NN_F32:$dy, NN_I32:$ids, DefaultValuedAttr<I64Attr, "-1">:$padding_idx,
                       StrAttr:$site);
  let results = (outs NN_F32:$dtable);
  let hasVerifier = 1;
}
def NN_PositionIdsOp : NN_PlainOp<"position_ids"> {
  let summary = "positions counted over the tokens that are no padding: i32 [B, S] → i32 [B, S]";
  let description = [{
    `padding_idx` where the id is `padding_idx`, else `padding_idx` + the number of tokens up to and with this one
    whose id is another: RoBERTa's and MPNet's positions. (C1) ids have rank 2. (C2) The result has the type
    of ids. (C3) 0 ≤ padding_idx < 2^30.
  }];
  let arguments = (ins NN_I32:$ids, I64Attr:$padding_idx);
  let results = (outs NN_I32:$result);
  let hasVerifier = 1;
}
def NN_CrossEntropyOp : NN_PlainOp<"cross_entropy"> {
  let summary = "mean softmax cross-entropy: f32 [N, C], i32 [N] → scalar";
  let description = [{
    Rows whose label is `ignore_index` do not count. No row left: loss 0. Spec, section
    Cross-entropy. (C1) logits [N, C]. (C2) labels [N].
  }];
  let arguments = (ins NN_F32:$logits, NN_I32:$labels, DefaultValuedAttr<I64Attr, "-100">:$ignore_index);
  let results = (outs NN_ScalarF32:$loss);
  let hasVerifier = 1;
}
def NN_CrossEntropyGradOp : NN_PlainOp<"cross_entropy_grad"> {
  let summary = "dlogits of cross_entropy from dloss, logits and labels";
  let description = "(C1) logits [N, C]. (C2) labels [N]. (C3) dlogits as logits.";
  let arguments = (ins NN_ScalarF32:$dloss, NN_F32:$logits, NN_I32:$labels,
                       DefaultValuedAttr<I64Attr, "-100">:$ignore_index);
  let results = (outs NN_F32:$dlogits);
  let hasVerifier = 1;
}
def NN_MseOp : NN_PlainOp<"mse"> {
  let summary = "mean squared error of two equal shapes → scalar";
  let description = "div(Σ by N3 over the flattened tensor of mul(d, d), f32(count)), d = sub(prediction, target). (C1) equal shapes.";
  let arguments = (ins NN_F32:$prediction, NN_F32:$target);
  let results = (outs NN_ScalarF32:$loss);
  let hasVerifier = 1;
}
def NN_MseGradOp : NN_PlainOp<"mse_grad"> {
  let summary = "dprediction = mul(mul(sub(prediction, target), div(2, f32(count))), dloss)";
  let description = "(C1) equal shapes.";
  let arguments = (ins NN_ScalarF32:$dloss, NN_F32:$prediction, NN_F32:$target);
  let results = (outs NN_F32:$dprediction);
  let hasVerifier = 1;
}
#endif

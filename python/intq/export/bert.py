"""The BERT encoder as ONNX nodes: embeddings, attention, feed-forward, pooler, as in Hugging Face's BertModel."""
import numpy as np

from intq.errors import UserError

_GELU = {"gelu": "none", "gelu_python": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh",
         "gelu_fast": "tanh"}


class BertGraph:
    """Adds the encoder to a builder. `weight(name)` gives a parameter's array; `dropout` replaces the
    configured ratios, and None keeps them."""

    def __init__(self, builder, config, weight, prefix, dropout, training):
        if config["hidden_act"] not in _GELU:
            raise UserError(f"config.json: expected hidden_act of {', '.join(_GELU)}, "
                            f"but got {config['hidden_act']!r}")
        self.b, self.config, self.weight, self.prefix = builder, config, weight, prefix
        self.dropout_override, self.training = dropout, training

    def parameter(self, name):
        return self.b.initializer(name, self.weight(name))

    def dropout(self, x, ratio, name):
        ratio = ratio if self.dropout_override is None else self.dropout_override
        if not self.training or ratio == 0:
            return x
        operands = [x, self.b.floats(f"dropout_ratio_{ratio}", ratio),
                    self.b.initializer("dropout_training", np.array(True))]
        return self.b.node("Dropout", operands, name)

    def linear(self, x, name):
        """x·Wᵀ + b on the last dimension of a rank-3 value."""
        transposed = self.b.node("Transpose", [self.parameter(name + ".weight")], name + "/transpose", perm=[1, 0])
        product = self.b.node("MatMul", [x, transposed], name + "/matmul")
        return self.b.node("Add", [product, self.parameter(name + ".bias")], name + "/add")

    def gemm(self, x, name):
        """The same for a rank-2 value."""
        operands = [x, self.parameter(name + ".weight"), self.parameter(name + ".bias")]
        return self.b.node("Gemm", operands, name + "/gemm", transB=1)

    def layer_norm(self, x, name):
        operands = [x, self.parameter(name + ".weight"), self.parameter(name + ".bias")]
        return self.b.node("LayerNormalization", operands, name, axis=-1, epsilon=self.config["layer_norm_eps"])

    def positions(self, seq):
        """Position ids [1, S]: constant for a fixed length, else cut from the table's rows."""
        limit = self.config["max_position_embeddings"]
        if isinstance(seq, int):
            if seq > limit:
                raise UserError(f"expected a sequence length of at most max_position_embeddings = {limit}, "
                                f"but got {seq}")
            return self.b.ints("position_ids", np.arange(seq)[None])
        every = self.b.ints("position_ids", np.arange(limit)[None])
        length = self.b.node("Shape", ["input_ids"], "embeddings/length", start=1, end=2)
        bounds = [self.b.ints("slice_start", [0]), length, self.b.ints("slice_axis", [1])]
        return self.b.node("Slice", [every, *bounds], "embeddings/positions")

    def padding_note(self):
        """Which row of the word table gets no gradient. Gather cannot say it; torch's exporter notes the call that a
        node comes from under this key, and so does this one."""
        row = self.config["pad_token_id"]
        call = f"torch.ops.aten.embedding.default](args = (%weight, %input_ids, {row}), kwargs = {{}})"
        return {} if row is None else {"pkg.torch.onnx.fx_node": f"%embedding = call_function[target={call}"}

    def embeddings(self, seq):
        base = self.prefix + "embeddings."

        def lookup(kind, ids, metadata=None):
            name = f"{base}{kind}_embeddings"
            return self.b.node("Gather", [self.parameter(name + ".weight"), ids], name, metadata, axis=0)

        words = lookup("word", "input_ids", self.padding_note())
        total = self.b.node("Add", [words, lookup("token_type", "token_type_ids")], base + "add_types")
        total = self.b.node("Add", [total, lookup("position", self.positions(seq))], base + "add_positions")
        normed = self.layer_norm(total, base + "LayerNorm")
        return self.dropout(normed, self.config["hidden_dropout_prob"], base + "dropout")

    def attention_bias(self):
        """[B, S] mask of 0 and 1 to [B, 1, 1, S]: 0 where a key counts, the least float where it does not."""
        mask = self.b.node("Unsqueeze", ["attention_mask", self.b.ints("mask_axes", [1, 2])], "mask/unsqueeze")
        mask = self.b.node("Cast", [mask], "mask/cast", to=1)
        masked = self.b.node("Sub", [self.b.floats("one", 1.0), mask], "mask/invert")
        return self.b.node("Mul", [masked, self.b.floats("float_min", np.finfo(np.float32).min)], "mask/bias")

    def heads(self, x, name, perm):
        h = self.config["num_attention_heads"]
        shape = self.b.ints("split_heads", [0, 0, h, self.config["hidden_size"] // h])
        return self.b.node("Transpose", [self.b.node("Reshape", [x, shape], name + "/split")], name + "/heads",
                           perm=perm)

    def attention(self, x, bias, base):
        q = self.heads(self.linear(x, base + "self.query"), base + "self.query", [0, 2, 1, 3])
        k = self.heads(self.linear(x, base + "self.key"), base + "self.key", [0, 2, 3, 1])
        v = self.heads(self.linear(x, base + "self.value"), base + "self.value", [0, 2, 1, 3])
        head = self.config["hidden_size"] // self.config["num_attention_heads"]
        scores = self.b.node("Mul", [self.b.node("MatMul", [q, k], base + "scores"),
                                     self.b.floats("scores_scale", 1.0 / np.sqrt(head))], base + "scale")
        scores = self.b.node("Add", [scores, bias], base + "mask")
        weights = self.b.node("Softmax", [scores], base + "softmax", axis=-1)
        weights = self.dropout(weights, self.config["attention_probs_dropout_prob"], base + "dropout")
        context = self.b.node("MatMul", [weights, v], base + "context")
        context = self.b.node("Transpose", [context], base + "merge", perm=[0, 2, 1, 3])
        merged = self.b.ints("merge_heads", [0, 0, self.config["hidden_size"]])
        return self.b.node("Reshape", [context, merged], base + "merged")

    def residual(self, x, update, base):
        """Projection, dropout, sum with the residual, norm: the end of both halves of a layer."""
        projected = self.dropout(self.linear(update, base + "dense"), self.config["hidden_dropout_prob"],
                                 base + "dropout")
        return self.layer_norm(self.b.node("Add", [projected, x], base + "residual"), base + "LayerNorm")

    def layer(self, x, bias, index):
        base = f"{self.prefix}encoder.layer.{index}."
        x = self.residual(x, self.attention(x, bias, base + "attention."), base + "attention.output.")
        inner = self.b.node("Gelu", [self.linear(x, base + "intermediate.dense")], base + "intermediate.gelu",
                            approximate=_GELU[self.config["hidden_act"]])
        return self.residual(x, inner, base + "output.")

    def encoder(self, seq):
        """Hidden states [B, S, H] of the last layer."""
        x, bias = self.embeddings(seq), self.attention_bias()
        for index in range(self.config["num_hidden_layers"]):
            x = self.layer(x, bias, index)
        return x

    def pooled(self, hidden):
        """The first token's state through the pooler: [B, H]."""
        first = self.b.node("Gather", [hidden, self.b.ints("first_token", 0)], self.prefix + "pooler/first", axis=1)
        return self.b.node("Tanh", [self.gemm(first, self.prefix + "pooler.dense")], self.prefix + "pooler/tanh")

"""An encoder of the BERT family as ONNX nodes: embeddings, attention, feed-forward, pooler, as in Hugging Face's models."""
import numpy as np

from intq.errors import UserError
from intq.export.families import family_of, ties_embeddings

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
        self.family = family_of(config)
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

    def linear(self, x, name, weight=None, bias=None):
        """x·Wᵀ + b on the last dimension of a rank-3 value. `weight`, `bias`: where they are not named after the layer."""
        transposed = self.b.node("Transpose", [self.parameter(weight or name + ".weight")], name + "/transpose", perm=[1, 0])
        product = self.b.node("MatMul", [x, transposed], name + "/matmul")
        return self.b.node("Add", [product, self.parameter(bias or name + ".bias")], name + "/add")

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
        if self.family.positions == "counted":
            return self.counted_positions(seq)
        if isinstance(seq, int):
            if seq > limit:
                raise UserError(f"expected a sequence length of at most max_position_embeddings = {limit}, "
                                f"but got {seq}")
            return self.b.ints("position_ids", np.arange(seq)[None])
        every = self.b.ints("position_ids", np.arange(limit)[None])
        length = self.b.node("Shape", ["input_ids"], "embeddings/length", start=1, end=2)
        bounds = [self.b.ints("slice_start", [0]), length, self.b.ints("slice_axis", [1])]
        return self.b.node("Slice", [every, *bounds], "embeddings/positions")

    def counted_positions(self, seq):
        """Position ids [B, S]: the padding's own, or counted from it over the tokens that are none."""
        padding, limit = self.config["pad_token_id"], self.config["max_position_embeddings"]
        if isinstance(seq, int) and seq + padding + 1 > limit:
            raise UserError(f"expected a sequence length of at most {limit - padding - 1}, so that positions counted from "
                            f"the padding {padding} stay below max_position_embeddings = {limit}, but got {seq}")
        pad = self.b.ints("padding_id", padding)
        kept = self.b.node("Not", [self.b.node("Equal", ["input_ids", pad], "positions/is_padding")], "positions/kept")
        kept = self.b.node("Cast", [kept], "positions/ones", to=7)
        counted = self.b.node("CumSum", [kept, self.b.ints("positions_axis", 1)], "positions/count")
        return self.b.node("Add", [self.b.node("Mul", [counted, kept], "positions/masked"), pad], "positions/ids")

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

        total = lookup("word", "input_ids", self.padding_note())
        if self.family.token_types:
            total = self.b.node("Add", [total, lookup("token_type", self.token_types())], base + "add_types")
        total = self.b.node("Add", [total, lookup("position", self.positions(seq))], base + "add_positions")
        normed = self.layer_norm(total, base + "LayerNorm")
        x = self.dropout(normed, self.config["hidden_dropout_prob"], base + "dropout")
        if self.family.projects_embeddings(self.config):
            x = self.linear(x, self.prefix + self.family.embedding_projection)
        return x

    def token_types(self):
        """An input; models with one type add its row everywhere."""
        if self.config["type_vocab_size"] > 1:
            return "token_type_ids"
        return self.b.ints("token_type", [[0]])

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

    def relative_bias(self, seq):
        """[1, h, S, S]: a learned number for each bucket of distances, shared by all layers (MPNet)."""
        name = self.prefix + self.family.relative_bias
        fixed = isinstance(seq, int)
        every = relative_buckets(seq if fixed else self.config["max_position_embeddings"],
                                 self.config["relative_attention_num_buckets"])
        buckets = self.b.ints("distance_buckets", every)
        if not fixed:
            length = self.b.node("Shape", ["input_ids"], "distance/length", start=1, end=2)
            ends = self.b.node("Concat", [length, length], "distance/ends", axis=0)
            buckets = self.b.node("Slice", [buckets, self.b.ints("origin", [0, 0]), ends], "distance/buckets")
        rows = self.b.node("Gather", [self.parameter(name + ".weight"), buckets], name + "/lookup", axis=0)
        by_head = self.b.node("Transpose", [rows], name + "/by_head", perm=[2, 0, 1])
        return self.b.node("Unsqueeze", [by_head, self.b.ints("batch_axis", [0])], name + "/bias")

    def attention(self, x, bias, base):
        names = self.family
        q = self.heads(self.linear(x, base + names.query), base + names.query, [0, 2, 1, 3])
        k = self.heads(self.linear(x, base + names.key), base + names.key, [0, 2, 3, 1])
        v = self.heads(self.linear(x, base + names.value), base + names.value, [0, 2, 1, 3])
        base += "attention."  # names of nodes are those of random streams: they stay as they are
        head = self.config["hidden_size"] // self.config["num_attention_heads"]
        scores = self.b.node("Mul", [self.b.node("MatMul", [q, k], base + "scores"),
                                     self.b.floats("scores_scale", 1.0 / np.sqrt(head))], base + "scale")
        for number, part in enumerate(bias):
            scores = self.b.node("Add", [scores, part], base + ("mask" if number + 1 == len(bias) else "distance"))
        weights = self.b.node("Softmax", [scores], base + "softmax", axis=-1)
        weights = self.dropout(weights, self.config["attention_probs_dropout_prob"], base + "dropout")
        context = self.b.node("MatMul", [weights, v], base + "context")
        context = self.b.node("Transpose", [context], base + "merge", perm=[0, 2, 1, 3])
        merged = self.b.ints("merge_heads", [0, 0, self.config["hidden_size"]])
        return self.b.node("Reshape", [context, merged], base + "merged")

    def residual(self, x, update, projection, norm, drops):
        """Projection, dropout, sum with the residual, norm: the end of both halves of a layer."""
        update = self.linear(update, projection)
        if drops:
            name = projection.removesuffix(".dense") if projection.endswith("output.dense") else projection
            update = self.dropout(update, self.config["hidden_dropout_prob"], name + ".dropout")
        return self.layer_norm(self.b.node("Add", [update, x], norm + "/residual"), norm)

    def activation(self, x, name, kind=None):
        return self.b.node("Gelu", [x], name, approximate=_GELU[kind or self.config["hidden_act"]])

    def layer(self, x, bias, index):
        names, base = self.family, self.prefix + self.family.layer_prefix(self.config, index)
        self.b.scope = f"layer{index}/" if "num_hidden_groups" in self.config else ""  # shared layers: names stay apart
        x = self.residual(x, self.attention(x, bias, base), base + names.projection, base + names.attention_norm,
                          names.dropout_after_projection)
        inner = self.activation(self.linear(x, base + names.inner), base + names.inner + "/gelu")
        x = self.residual(x, inner, base + names.outer, base + names.output_norm, names.dropout_after_outer)
        self.b.scope = ""
        return x

    def encoder(self, seq):
        """Hidden states [B, S, H] of the last layer."""
        x, bias = self.embeddings(seq), [self.attention_bias()]
        if self.family.relative_bias:
            bias.insert(0, self.relative_bias(seq))
        for index in range(self.config["num_hidden_layers"]):
            x = self.layer(x, bias, index)
        return x

    def words(self, hidden):
        """Scores of every word for every token, by the word table where it is tied: [B, S, V]."""
        dense, norm, decoder, bias = self.family.mlm
        x = self.activation(self.linear(hidden, dense), dense + "/gelu", self.family.mlm_activation)
        table = self.prefix + "embeddings.word_embeddings.weight" if ties_embeddings(self.config) else decoder
        return self.linear(self.layer_norm(x, norm), decoder.removesuffix(".weight"), table, bias)

    def first_token(self, hidden):
        return self.b.node("Gather", [hidden, self.b.ints("first_token", 0)], self.prefix + "pooler/first", axis=1)

    def pooled(self, hidden):
        """The first token's state through the pooler: [B, H]."""
        pooled = self.gemm(self.first_token(hidden), self.prefix + self.family.pooler)
        return self.b.node("Tanh", [pooled], self.prefix + "pooler/tanh")


def relative_buckets(seq, buckets, furthest=128):
    """[S, S]: the bucket of each distance key − query, near ones apart and far ones on a logarithmic scale."""
    distance = -(np.arange(seq)[None] - np.arange(seq)[:, None])
    half = buckets // 2
    exact = half // 2
    size = np.abs(distance)
    far = np.log(np.maximum(size, 1).astype(np.float32) / np.float32(exact)) / np.float32(np.log(furthest / exact))
    far = np.minimum(exact + (far.astype(np.float32) * np.float32(half - exact)).astype(np.int64), half - 1)
    return (distance < 0) * half + np.where(size < exact, size, far)

"""Whole graphs: forward and loss for training (fixed shapes), forward for inference (any batch and length)."""
import numpy as np

from intq.errors import UserError
from intq.export import heads
from intq.export.bert import BertGraph
from intq.export.graph import GraphBuilder
from intq.export.write import write_model
from intq.philox import normal


def export_training(folder, path, *, task, num_labels, batch, seq, dropout=None, seed=0):
    """Writes forward and loss of a checkpoint folder; a head that the checkpoint lacks is drawn from `seed`."""
    _check_sizes(task, num_labels, batch, seq)
    builder = GraphBuilder("bert_" + task)
    weight = _Weights(folder, task, num_labels, seed)
    bert = BertGraph(builder, folder.config, weight, folder.prefix, dropout, training=True)
    _inputs(builder, batch, seq)
    logits = heads.logits(bert, task, bert.encoder(seq))
    loss = heads.loss(builder, task, logits, num_labels, batch, seq)
    builder.output("loss", loss, [])
    builder.output("logits", logits, [batch, seq, 2] if task == "qa" else [batch, num_labels])
    write_model(builder.model(), path)
    return weight.drawn


def export_inference(config, weight, prefix, path, *, task, num_labels):
    """Writes the forward graph of fine-tuned weights (`weight(name)`), batch and length free."""
    builder = GraphBuilder("bert_" + task)
    bert = BertGraph(builder, config, weight, prefix, 0.0, training=False)
    _inputs(builder, "batch", "sequence")
    logits = heads.logits(bert, task, bert.encoder("sequence"))
    builder.output("logits", logits, ["batch", "sequence", 2] if task == "qa" else ["batch", num_labels])
    write_model(builder.model(), path)


def _check_sizes(task, num_labels, batch, seq):
    if task not in heads.TASKS:
        raise UserError(f"expected a task of {', '.join(heads.TASKS)}, but got '{task}'")
    least = 2 if task == "classification" else 1
    if num_labels < least:
        raise UserError(f"expected at least {least} labels for {task}, but got {num_labels}")
    for name, value in (("batch", batch), ("sequence length", seq)):
        if value < 1:
            raise UserError(f"expected a {name} of at least 1, but got {value}")


def _inputs(builder, batch, seq):
    for name in ("input_ids", "attention_mask", "token_type_ids"):
        builder.input(name, np.int64, [batch, seq])


class _Weights:
    """Arrays by name: from the folder, or drawn for the new head and a pooler that the folder lacks."""

    def __init__(self, folder, task, num_labels, seed):
        self.folder, self.seed, self.drawn = folder, seed, []
        hidden, rows = folder.config["hidden_size"], heads.head_outputs(task, num_labels)
        self.head = heads.head_name(task)
        pooler = folder.prefix + "pooler.dense"
        self.drawable = {f"{self.head}.weight": [rows, hidden], f"{self.head}.bias": [rows],
                         f"{pooler}.weight": [hidden, hidden], f"{pooler}.bias": [hidden]}
        self.shapes = {**encoder_shapes(folder.config, folder.prefix), **self.drawable}

    def __call__(self, name):
        expected = self.shapes[name]
        found = self.folder.shapes.get(name)
        if found is None and name in self.drawable:
            return self._draw(name, expected)
        if found is None:
            raise UserError(f"{self.folder.path}: expected a tensor '{name}' of shape {expected}, but it has none")
        if found != expected:
            if name.startswith(self.head + "."):
                return self._draw(name, expected)
            raise UserError(f"{self.folder.path}: tensor '{name}': expected shape {expected}, but got {found}")
        return self._finite(name, self.folder.tensor(name))

    def _draw(self, name, shape):
        self.drawn.append(name)
        if name.endswith(".bias"):
            return np.zeros(shape, np.float32)
        return normal(name, shape, self.folder.config["initializer_range"], seed=self.seed)

    def _finite(self, name, array):
        bad = np.flatnonzero(~np.isfinite(array.reshape(-1)))
        if bad.size:
            index = [int(i) for i in np.unravel_index(bad[0], array.shape)]
            raise UserError(f"{self.folder.path}: tensor '{name}': expected finite numbers, but got "
                            f"{array.reshape(-1)[bad[0]]} at {index}")
        return array


def encoder_shapes(config, prefix):
    """Every encoder tensor of a BertModel and its shape."""
    h, i = config["hidden_size"], config["intermediate_size"]
    shapes = {f"embeddings.{kind}_embeddings.weight": [config[rows], h] for kind, rows in (
        ("word", "vocab_size"), ("position", "max_position_embeddings"), ("token_type", "type_vocab_size"))}
    linears, norms = {}, ["embeddings.LayerNorm"]
    for n in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{n}."
        linears.update({f"{layer}attention.self.{k}": (h, h) for k in ("query", "key", "value")})
        linears.update({layer + "attention.output.dense": (h, h), layer + "intermediate.dense": (i, h),
                        layer + "output.dense": (h, i)})
        norms += [layer + "attention.output.LayerNorm", layer + "output.LayerNorm"]
    for name, (rows, columns) in linears.items():
        shapes.update({name + ".weight": [rows, columns], name + ".bias": [rows]})
    for name in norms:
        shapes.update({name + ".weight": [h], name + ".bias": [h]})
    return {prefix + name: shape for name, shape in shapes.items()}

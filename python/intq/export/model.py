"""Whole graphs: forward and loss for training (fixed shapes), forward for inference (any batch and length)."""
import numpy as np

from intq.errors import UserError
from intq.export import heads
from intq.export.bert import BertGraph
from intq.export.families import encoder_shapes, family_of, head_shapes
from intq.export.graph import GraphBuilder
from intq.export.write import write_model
from intq.philox import normal


SEQUENCE = "sequence"  # the name of a free length


def export_training(folder, path, *, task, num_labels, batch, seq, dropout=None, seed=0):
    """Writes forward and loss of a checkpoint folder; a head that the checkpoint lacks is drawn from `seed`. `num_labels`:
    of mlm the words of the vocabulary. `seq`: a number, or SEQUENCE for a length that is bound later (not for qa, whose
    loss knows it)."""
    num_labels = folder.config["vocab_size"] if task == "mlm" else num_labels
    _check_sizes(task, num_labels, batch, seq)
    builder = GraphBuilder("bert_" + task)
    weight = _Weights(folder, task, num_labels, seed)
    bert = BertGraph(builder, folder.config, weight, folder.prefix, dropout, training=True)
    _inputs(builder, folder.config, batch, seq)
    logits = heads.logits(bert, task, bert.encoder(seq))
    loss = heads.loss(builder, task, logits, num_labels, batch, seq)
    builder.output("loss", loss, [])
    builder.output("logits", logits, _logits_shape(task, num_labels, batch, seq))
    write_model(builder.model(), path, builder.weights)
    return weight.drawn


def export_inference(config, weight, prefix, path, *, task, num_labels):
    """Writes the forward graph of fine-tuned weights (`weight(name)`), batch and length free."""
    builder = GraphBuilder("bert_" + task)
    bert = BertGraph(builder, config, weight, prefix, 0.0, training=False)
    _inputs(builder, config, "batch", SEQUENCE)
    logits = heads.logits(bert, task, bert.encoder(SEQUENCE))
    builder.output("logits", logits, _logits_shape(task, num_labels, "batch", SEQUENCE))
    write_model(builder.model(), path, builder.weights)


def _check_sizes(task, num_labels, batch, seq):
    if task not in heads.HEADS:
        raise UserError(f"expected a task of {', '.join(heads.HEADS)}, but got '{task}'")
    least = 2 if task in ("classification", "token-classification") else 1
    if num_labels < least:
        raise UserError(f"expected at least {least} labels for {task}, but got {num_labels}")
    for name, value in (("batch", batch), ("sequence length", seq)):
        if value != SEQUENCE and value < 1:
            raise UserError(f"expected a {name} of at least 1, but got {value}")


def _logits_shape(task, num_labels, batch, seq):
    outputs = heads.head_outputs(task, num_labels)
    return [batch, seq, outputs] if task in heads.PER_TOKEN else [batch, outputs]


def _inputs(builder, config, batch, seq):
    has_types = family_of(config).token_types and config["type_vocab_size"] > 1
    for name in ("input_ids", "attention_mask", *["token_type_ids"] * has_types):
        builder.input(name, np.int64, [batch, seq])


class _Weights:
    """Arrays by name: from the folder, or drawn for the new head and a pooler that the folder lacks."""

    def __init__(self, folder, task, num_labels, seed):
        self.folder, self.seed, self.drawn = folder, seed, []
        self.drawable = head_shapes(folder.config, folder.prefix, task, heads.head_outputs(task, num_labels))
        self.shapes = {**encoder_shapes(folder.config, folder.prefix), **self.drawable}

    def __call__(self, name):
        expected = self.shapes[name]
        found = self.folder.shapes.get(name)
        if found is None and name in self.drawable:
            return self._draw(name, expected)
        if found is None:
            raise UserError(f"{self.folder.path}: expected a tensor '{name}' of shape {expected}, but it has none")
        if found != expected:
            if name in self.drawable and not name.startswith(self.folder.prefix + "pooler"):
                return self._draw(name, expected)
            raise UserError(f"{self.folder.path}: tensor '{name}': expected shape {expected}, but got {found}")
        return self._finite(name, self.folder.tensor(name))

    def _draw(self, name, shape):
        self.drawn.append(name)
        if name.endswith(".bias"):
            return np.zeros(shape, np.float32)
        if len(shape) == 1:  # a norm's
            return np.ones(shape, np.float32)
        return normal(name, shape, self.folder.config["initializer_range"], seed=self.seed)

    def _finite(self, name, array):
        bad = np.flatnonzero(~np.isfinite(array.reshape(-1)))
        if bad.size:
            index = [int(i) for i in np.unravel_index(bad[0], array.shape)]
            raise UserError(f"{self.folder.path}: tensor '{name}': expected finite numbers, but got "
                            f"{array.reshape(-1)[bad[0]]} at {index}")
        return array

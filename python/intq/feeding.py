"""Between data sets and programs: which arrays a function wants, and what its outputs mean."""
import numpy as np

from intq import norm_cache
from intq.data.dataset import sequential_batches
from intq.errors import UserError

LABELS = ("labels", "start_positions", "end_positions")


class Feeder:
    """Batches of a data set: which compiled function takes them (`function`, or its variant for their length), and its
    inputs."""

    def __init__(self, program, function, dataset, padding):
        self.program, self.function, self.dataset, self.padding = program, function, dataset, padding
        for spec in self._specs(function):
            if spec["name"] not in dataset.arrays and spec["name"] not in LABELS:
                raise UserError(f"the model wants an input '{spec['name']}', but the data give "
                                f"{', '.join(dataset.arrays)}")

    def _specs(self, function):
        return [spec for spec in self.program.inputs(function) if spec["name"] != norm_cache.NAME]

    def __call__(self, indices):
        length = self.padding.length(self.dataset.arrays["attention_mask"][indices])
        function = self.padding.variant(self.function, length)
        return function, {spec["name"]: self._array(spec, indices, length) for spec in self._specs(function)}

    def _array(self, spec, indices, length):
        source = self.dataset.arrays.get(spec["name"])
        if source is None:  # labels of unlabelled data: any valid value
            return np.zeros(spec["shape"], np.float32 if spec["dtype"] == "float32" else np.int64)
        rows = source[indices] if source.ndim == 1 else source[indices, :length]
        if spec["dtype"] == "float32":
            rows = rows.astype(np.float32)
        return rows.reshape(spec["shape"]) if rows.size == np.prod(spec["shape"]) else rows


def check_fits(program, function, task, batch, seq):
    """The compiled shapes are those that the data will have."""
    inputs = {spec["name"]: spec for spec in program.inputs(function)}
    if "input_ids" not in inputs:
        raise UserError(f"expected a model with an input 'input_ids', but it has {', '.join(inputs)}")
    if list(inputs["input_ids"]["shape"]) != [batch, seq]:
        raise UserError(f"the model takes input_ids of shape {inputs['input_ids']['shape']}, but --batch {batch} "
                        f"--seq {seq} were asked for")
    wanted = LABELS[1:] if task == "qa" else LABELS[:1]
    for name in wanted:
        if name not in inputs:
            raise UserError(f"expected a model with an input '{name}' for {task}, but it has {', '.join(inputs)}")


def logits_name(program, function):
    """The output that holds predictions: `logits`, or the only one besides the loss."""
    names = [o["name"] for o in program.outputs(function) if not o.get("loss")
             and not o["name"].startswith("grad/")]
    if "logits" in names:
        return "logits"
    if len(names) != 1:
        raise UserError(f"expected a model with an output 'logits' to evaluate, but its outputs are "
                        f"{', '.join(o['name'] for o in program.outputs(function))}")
    return names[0]


def predict_logits(program, dataset, batch, padding, rank=None):
    """Logits of every row of the data set, in its order. `rank`: of the adapters; None: the largest."""
    feeder, name = Feeder(program, "eval", dataset, padding), logits_name(program, "eval")
    parts = []
    for indices, count in sequential_batches(len(dataset), batch):
        function, inputs = feeder(indices)
        parts.append(program.run(function, inputs, only=[name], **({"rank": rank} if rank else {}))[name][:count])
    return np.concatenate(parts)

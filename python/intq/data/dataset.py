"""Token arrays with labels, cut into batches of a fixed size."""
import hashlib
from dataclasses import dataclass

import numpy as np

from intq.data import squad
from intq.data.examples import read_examples
from intq.data.tokenizer import encode
from intq.errors import UserError
from intq.philox import permutation


@dataclass
class Dataset:
    """`arrays`: inputs and labels by the names the graph gives them, one row an example (or window)."""
    arrays: dict
    source: object  # Examples, or (questions, Windows)

    def __len__(self):
        return len(self.arrays["input_ids"])

    def rows(self, indices):
        return {name: array[indices] for name, array in self.arrays.items()}

    def sha256(self):
        """Identifies what was trained on: a resumed run must see the same."""
        digest = hashlib.sha256()
        for name in sorted(self.arrays):
            digest.update(f"{name}{self.arrays[name].shape}{self.arrays[name].dtype.str}".encode())
            digest.update(np.ascontiguousarray(self.arrays[name]))
        return digest.hexdigest()


def load_dataset(path, tokenizer, seq, *, task, columns=None, label_names=None, need_labels=True,
                 num_labels=None):
    if task == "qa":
        return _load_squad(path, tokenizer, seq, need_labels)
    examples = read_examples(path, columns, task, label_names, need_labels, num_labels)
    arrays = encode(tokenizer, examples.texts, seq)
    if examples.labels is not None:
        arrays["labels"] = np.array(examples.labels, np.float32 if task == "regression" else np.int64)
    return Dataset(arrays, examples)


def _load_squad(path, tokenizer, seq, need_labels):
    questions = squad.read_squad(path, need_labels)
    found = squad.windows(tokenizer, questions, seq)
    arrays = {**found.inputs, "start_positions": found.start_positions, "end_positions": found.end_positions}
    return Dataset(arrays, (questions, found))


def check_token_ids(dataset, limit, path):
    """Every id must have a row in the model's word table."""
    top = int(dataset.arrays["input_ids"].max())
    if top >= limit:
        row = int(np.argmax(dataset.arrays["input_ids"].max(axis=1) >= limit))
        raise UserError(f"{path}: the tokenizer gave token id {top} (example {row}), but the model's vocabulary has "
                        f"{limit} entries: is it the model's own tokenizer?")


class TrainingOrder:
    """The endless sequence of examples: epoch after epoch, each in its own order (docs/Spec.md, data order).

    A batch is the next `batch` of them, so a batch may hold the end of an epoch and the start of the next, and
    every batch is full.
    """

    def __init__(self, count, batch, seed):
        self.count, self.batch, self.seed = count, batch, seed
        self._orders = {}

    def indices(self, number):
        """Of batch `number`, counted from the start of the run."""
        positions = np.arange(number * self.batch, (number + 1) * self.batch)
        return np.array([self._order(int(p) // self.count)[int(p) % self.count] for p in positions])

    def _order(self, epoch):
        if epoch not in self._orders:
            self._orders = {e: o for e, o in self._orders.items() if e >= epoch - 1}
            self._orders[epoch] = permutation(self.count, seed=self.seed, epoch=epoch)
        return self._orders[epoch]


def sequential_batches(count, batch):
    """For evaluation: indices of full batches; the last is filled up with its own last example."""
    for start in range(0, count, batch):
        yield np.minimum(np.arange(start, start + batch), count - 1), min(batch, count - start)

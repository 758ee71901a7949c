"""An ONNX file as a model to fine-tune: its free dimensions, its weight files, its kind of head."""
import shutil
from pathlib import Path

import onnx

from intq.errors import UserError


def read_graph(path):
    """The model without its external weights."""
    try:
        return onnx.load(path, load_external_data=False)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except Exception:  # protobuf's own exception types differ between its versions
        raise UserError(f"{path}: not an ONNX file, or a damaged one") from None


def bindings(model, batch, seq):
    """Values for symbolic dimensions: the first of every input is the batch, the second of token inputs the length."""
    bound = {}
    for value in model.graph.input:
        dims = [d.dim_param for d in value.type.tensor_type.shape.dim]
        for name, size in zip(dims, (batch, seq)):
            if name:
                bound.setdefault(name, size)
    return bound


def sequence_names(model):
    """The symbolic dimensions that stand for the sequence length: the second ones of token inputs."""
    return sorted(name for name, size in bindings(model, 0, 1).items() if size)


def num_labels(model):
    """How many classes the graph's logits have, or None where the file does not say."""
    for value in model.graph.output:
        dims = value.type.tensor_type.shape.dim
        if value.name == "logits" and len(dims) == 2 and dims[1].dim_value:
            return dims[1].dim_value
    return None


def missing_loss(model, task):
    """The loss to add where the graph takes no labels, else None."""
    if any(value.name in ("labels", "start_positions") for value in model.graph.input):
        return None
    return {"classification": "cross-entropy", "regression": "mse", "qa": "span"}[task]


def weight_files(model):
    """Where its external data lie, relative to the file."""
    return sorted({e.value for t in model.graph.initializer for e in t.external_data if e.key == "location"})


def copy_model(path, target):
    """Copies the file and the weight files beside it."""
    path, target = Path(path), Path(target)
    for location in weight_files(read_graph(path)):
        if Path(location).is_absolute() or ".." in Path(location).parts:
            raise UserError(f"{path}: expected weight files below its folder, but got '{location}'")
        (target.parent / location).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path.parent / location, target.parent / location)
    shutil.copyfile(path, target)

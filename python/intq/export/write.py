"""Writes an ONNX file at once or not at all; weights go to a file beside it where they exceed 1 GB."""
import os
import tempfile
from pathlib import Path

import onnx

from intq.errors import UserError

EXTERNAL_DATA_FROM = 1_000_000_000  # bytes of weights


def write_model(model, path, external_from=EXTERNAL_DATA_FROM):
    path = Path(path)
    size = sum(len(t.raw_data) for t in model.graph.initializer)
    try:
        onnx.checker.check_model(model) if size < EXTERNAL_DATA_FROM else None
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".intq-export-") as folder:
            _save(model, Path(folder), path, size >= external_from)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None


def _save(model, folder, path, external):
    draft = folder / path.name
    data = path.name + ".data"
    onnx.save_model(model, draft, save_as_external_data=external, location=data, size_threshold=1024)
    for name in ([data] if external else []) + [path.name]:
        with open(folder / name, "rb") as file:
            os.fsync(file.fileno())
        os.replace(folder / name, path.parent / name)

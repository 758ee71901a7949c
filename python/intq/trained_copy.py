"""Trained values in a copy of the user's own ONNX file: its orientation, its names, its metadata.

A parameter that the exporter had merged with others of equal value gets an initializer of its own, and the nodes that
read it are rewired; a bias that was dropped as zero becomes the Gemm's third operand. What was not trained keeps its
bytes. External data go to a new file beside the copy.
"""
import numpy as np
import onnx
from onnx import numpy_helper

from intq.export.write import EXTERNAL_DATA_FROM
from intq.run_folder import write_together

class NoPlace(Exception):
    """Why the file has no place for a parameter."""


def trained_copy(model_path, entries, value_of):
    """The model with the values of `entries` (state of a program) put in; raises NoPlace. `value_of(name)`: an array."""
    model = onnx.load(model_path)
    copy = _Copy(model.graph)
    for entry in entries:
        if entry["role"] == "parameter":
            copy.place(entry, np.asarray(value_of(entry["name"])))
    copy.remove_unused()
    return model


def save_trained_copy(model_path, entries, value_of, target):
    """Writes the copy whole or not at all. Returns why there is none where the file has no place for the values."""
    try:
        model = trained_copy(model_path, entries, value_of)
    except NoPlace as why:
        return str(why)
    header = onnx.load(model_path, load_external_data=False)
    outside = {t.name for t in header.graph.initializer if t.external_data}
    sizes = {t.name: len(t.raw_data) for t in model.graph.initializer}
    external_from = min([size for name, size in sizes.items() if name in outside], default=None)
    if external_from is None and sum(sizes.values()) >= EXTERNAL_DATA_FROM:
        external_from = 1024
    write_together(target, lambda draft: _write(model, draft, external_from))
    return None


def _write(model, draft, external_from):
    """`external_from`: bytes from which a tensor goes into the file beside it; None: no such file."""
    if external_from is not None:
        onnx.save_model(model, draft, save_as_external_data=True, location=draft.name + ".data", size_threshold=external_from)
    else:
        draft.write_bytes(model.SerializeToString(deterministic=True))


class _Copy:
    def __init__(self, graph):
        self.graph = graph
        self.held = {t.name: t for t in graph.initializer}
        self.nodes = {n.output[0]: n for n in graph.node if n.output}
        self.names = {*self.held, *self.nodes, *(i.name for i in graph.input)}
        self.kept, self.left = {}, set()

    def place(self, entry, value):
        file, users = entry["file"], entry.get("users")
        if file and file not in self.held:
            raise NoPlace(f"the file holds no value of '{entry['name']}'")
        if users and file != entry["name"] or not file:
            return self._own(entry, value)
        if users is None and file in self.kept:
            raise NoPlace(f"the file holds '{entry['name']}' and '{self.kept[file]}' as one, '{file}'")
        self.kept[file] = entry["name"]
        self._replace(self.held[file], entry, value)

    def _own(self, entry, value):
        """An initializer of its own, for the nodes that read the parameter."""
        if not entry["file"] and not value.any():
            return  # dropped as zero, and still zero
        users = [user.split(":", 1) for user in entry.get("users", [])]
        if not users or any(result not in self.nodes for _, result in users):
            raise NoPlace(f"the file does not say which node reads '{entry['name']}'")
        shape = self.held[entry["file"]].dims if entry["file"] else value.shape
        value = _in_form(entry, value, list(shape))
        name = entry["name"]
        while name in self.names and name != entry["file"]:
            name += ".trained"
        self.names.add(name)
        self.graph.initializer.append(numpy_helper.from_array(value, name))
        for operand, result in users:
            node = self.nodes[result]
            while len(node.input) <= int(operand):
                node.input.append("")
            node.input[int(operand)] = name
        self.left.add(entry["file"])

    def _replace(self, tensor, entry, value):
        if tensor.data_type != onnx.TensorProto.FLOAT:
            raise NoPlace(f"the file holds '{tensor.name}' in another type than float32")
        value = _in_form(entry, value, list(tensor.dims))
        if numpy_helper.to_array(tensor).tobytes() == value.tobytes():
            return
        for field in ("float_data", "raw_data"):
            tensor.ClearField(field)
        tensor.raw_data = value.astype("<f4").tobytes()

    def remove_unused(self):
        read = {name for node in self.graph.node for name in node.input} | {o.name for o in self.graph.output}
        for name in self.left - read - {""}:
            self.graph.initializer.remove(self.held[name])


def _in_form(entry, value, shape):
    """The values in the shape of the file."""
    value = np.ascontiguousarray(value.T if entry.get("transposed") else value, np.float32)
    if entry.get("rows") and len(value) == 1:  # one row, looked up everywhere
        return np.ascontiguousarray(np.broadcast_to(value.reshape([1] * (len(shape) - 1) + [-1]), shape))
    if value.size != int(np.prod(shape)):
        raise NoPlace(f"the file holds '{entry['file']}' in another shape than '{entry['name']}'")
    return value.reshape(shape)

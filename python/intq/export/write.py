"""Writes an ONNX file at once or not at all; weights go to a file beside it where they exceed 1 GB."""
import numpy as np
import onnx
from onnx import helper

from intq.run_folder import write_together

EXTERNAL_DATA_FROM = 1_000_000_000  # bytes of weights


def write_model(model, path, weights=None, external_from=EXTERNAL_DATA_FROM):
    """`weights`: arrays of the initializers that have no data in `model`."""
    weights = weights or {}
    size = sum(len(t.raw_data) for t in model.graph.initializer) + sum(array.nbytes for array in weights.values())
    if size < EXTERNAL_DATA_FROM:
        onnx.checker.check_model(_with_inputs(model, weights))
    write_together(path, lambda draft: _save(model, weights, draft, size >= external_from))


def _with_inputs(model, weights):
    """The model with inputs in the place of `weights`: the checker wants data of initializers."""
    checked = onnx.ModelProto()
    checked.CopyFrom(model)
    graph, kept = checked.graph, []
    for tensor in graph.initializer:
        if tensor.name in weights:
            graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
        else:
            kept.append(tensor)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    return checked


def _save(model, weights, draft, external):
    if external:
        for tensor in model.graph.initializer:
            if tensor.name in weights:
                tensor.raw_data = _bytes(weights[tensor.name])
        onnx.save_model(model, draft, save_as_external_data=True, location=draft.name + ".data", size_threshold=1024)
    else:
        with open(draft, "wb") as file:
            _stream(model, weights, file)


def _bytes(array):
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()


def _stream(model, weights, file):
    """The message, weight by weight: a whole one would need the weights several times over in memory."""
    shell = onnx.ModelProto()
    shell.CopyFrom(model)
    tensors = list(shell.graph.initializer)
    heads = [tensor.SerializeToString() + (_head(tensor, "raw_data", weights[tensor.name].nbytes) if tensor.name in weights else b"")
             for tensor in tensors]
    del shell.graph.initializer[:]
    graph = shell.graph.SerializeToString()
    shell.ClearField("graph")
    sizes = [len(head) + (weights[tensor.name].nbytes if tensor.name in weights else 0) for tensor, head in zip(tensors, heads)]
    fields = [_head(model.graph, "initializer", size) for size in sizes]
    file.write(shell.SerializeToString())
    file.write(_head(model, "graph", len(graph) + sum(map(len, fields)) + sum(sizes)) + graph)
    for tensor, field, head in zip(tensors, fields, heads):
        file.write(field + head)
        if tensor.name in weights:
            file.write(_bytes(weights[tensor.name]))


def _head(message, field, size):
    """What stands before the `size` bytes of a field (https://protobuf.dev/programming-guides/encoding)."""
    return _varint(message.DESCRIPTOR.fields_by_name[field].number << 3 | 2) + _varint(size)


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])

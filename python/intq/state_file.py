"""The state of a run: its hash (docs/Spec.md, state_sha256) and its file, written without copying the tensors."""
import hashlib
import json
import math
import struct

import numpy as np
from safetensors import SafetensorError, safe_open

from intq.errors import UserError
from intq.run_folder import on_disk

_SAFETENSORS = {"uint8": "U8", "int8": "I8", "float32": "F32", "float64": "F64", "int32": "I32", "int64": "I64"}


def state_sha256(tensors, *, step, seed):
    """Entries in their order: name, a zero byte, element type and dimensions as text, a zero byte, data."""
    digest = hashlib.sha256()
    for name, array in tensors.items():
        dims = "x".join(map(str, array.shape))
        digest.update(name.encode() + b"\0" + f"{array.dtype.name}[{dims}]".encode() + b"\0")
        digest.update(_little_endian(array))
    digest.update(struct.pack("<QQ", step, seed))
    return digest.hexdigest()


def _little_endian(array):
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))


def state_bytes(program):
    return sum(math.prod(e["shape"]) * np.dtype(e["dtype"]).itemsize for e in program.state_entries)


def write_safetensors(path, tensors, metadata=None):
    """Writes a safetensors file and waits until it is on the disk. `tensors`: arrays by name."""
    header, offset = ({"__metadata__": metadata} if metadata else {}), 0
    for name, array in tensors.items():
        header[name] = {"dtype": _SAFETENSORS[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with on_disk(path) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in tensors.values():
            file.write(_little_endian(array).data)


def read_tensor(path, name, into):
    """Copies one tensor of a state file into an array of the same shape and type."""
    try:
        with safe_open(str(path), "numpy") as file:
            array = file.get_tensor(name)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: expected a tensor '{name}', but got: {error}") from None
    if array.shape != into.shape or array.dtype != into.dtype:
        raise UserError(f"{path}: tensor '{name}': expected {into.dtype} {list(into.shape)}, but got {array.dtype} "
                        f"{list(array.shape)}")
    into[...] = array


def read_into_state(path, program, entries=None):
    """Copies a state file's tensors into the program; names, shapes and types must be the program's."""
    try:
        with safe_open(str(path), "numpy") as file:
            present = set(file.keys())
            for entry in entries or program.state_entries:
                if entry["name"] not in present:
                    raise UserError(f"{path}: expected a tensor '{entry['name']}', but it has none")
                array = file.get_tensor(entry["name"])
                if list(array.shape) != list(entry["shape"]) or array.dtype.name != entry["dtype"]:
                    raise UserError(f"{path}: tensor '{entry['name']}': expected {entry['dtype']} "
                                    f"{entry['shape']}, but got {array.dtype.name} {list(array.shape)}")
                program.assign(entry["name"], array)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: not a readable state file: {error}") from None

#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets: small files of this project, one folder a target.

    make_seeds.py [FOLDER]        default: the folder corpus beside this script; needs flatc and the onnx package
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from onnx import TensorProto, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = HERE.parents[1] / "lib" / "Import" / "OrtCheckpoint.fbs"
sys.path.insert(0, str(HERE.parent / "Import" / "Inputs"))
import models  # noqa: E402
from ortmodule import ortmodule  # noqa: E402
from training_info import training_info  # noqa: E402


def tensor(name, shape):
    values = np.arange(np.prod(shape), dtype=np.float32)
    return {"name": name, "dims": list(shape), "data_type": 1, "raw_data": list(values.tobytes())}


def checkpoint(**parts):
    state = {"requires_grad_params": [tensor("w", (2, 3)), tensor("b", (2,))], "frozen_params": [],
             **parts.pop("state", {})}
    return {"version": 2, "module_state": state, **parts}


CHECKPOINTS = {
    "plain": checkpoint(optimizer_groups=[]),
    "moments": checkpoint(optimizer_groups=[{"group_name": "group0", "step": 7, "initial_learning_rate": 0.1,
                                             "optimizer_states": [{"param_name": "w", "momentums": [
                                                 tensor("momentum0", (2, 3)), tensor("momentum1", (2, 3))]}]}]),
    "properties": checkpoint(property_bag={"ints": [{"name": "epoch", "value": 3}],
                                           "strings": [{"name": "note", "value": "x"}]}),
    "external": checkpoint(state={"has_external_data": True, "frozen_params": [
        {"name": "f", "dims": [2], "data_type": 1, "external_data_offset": 0}]}),
    "nominal": checkpoint(state={"is_nominal_state": True}),
}


def tensors():
    yield "raw", numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3), "w")
    yield "floats", TensorProto(name="w", dims=[2], data_type=TensorProto.FLOAT, float_data=[1, 2])
    yield "bytes", TensorProto(name="w", dims=[3], data_type=TensorProto.INT8, int32_data=[1, -2, 3])
    yield "bools", TensorProto(name="w", dims=[2], data_type=TensorProto.BOOL, int32_data=[0, 1])
    yield "empty", TensorProto(name="w", dims=[0], data_type=TensorProto.INT64)
    for name, location, entries in (("file", "w", {"offset": 8, "length": 24}), ("folder", "d/v", {"offset": 0}),
                                    ("link", "s", {}), ("up", "../w", {})):
        outside = TensorProto(name="w", dims=[2, 3], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
        if name == "folder":
            outside.dims[1] = 2
        for key, value in {"location": location, **entries}.items():
            outside.external_data.add(key=key, value=str(value))
        yield name, outside


def main(folder):
    def write(target, name, data):
        path = folder / target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    others = {"training-b": ortmodule, "training-e": lambda: training_info("Adam", {"alpha": 0.8}, "VH")[0]}
    for name, make in {**models.MODELS, **others}.items():
        write("model", name, make().SerializeToString(deterministic=True))
    for name, value in tensors():
        write("tensor", name, value.SerializeToString(deterministic=True))
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in CHECKPOINTS.items():
            text = pathlib.Path(scratch) / f"{name}.json"
            text.write_text(json.dumps(content))
            subprocess.run(["flatc", "--binary", "-o", scratch, SCHEMA, text], check=True)
            write("checkpoint", name, text.with_suffix(".bin").read_bytes())
    for name, data in (("zeros", bytes(64)), ("counts", bytes(range(256))), ("steps", bytes(7 * i % 256 for i in range(200)))):
        write("graph", name, data)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "corpus")

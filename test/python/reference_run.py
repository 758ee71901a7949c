"""Runs a few ops in intq-run: NumPy arrays in and out."""
import pathlib
import re
import subprocess
import tempfile

import numpy as np
import pytest

_TYPES = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i16": np.int16, "i8": np.int8}
_NAMES = {np.dtype(v): k for k, v in _TYPES.items()}


def tensor_type(x):
    return "tensor<" + "".join(f"{n}x" for n in x.shape) + _NAMES[x.dtype] + ">"


def constant(name, x):
    return f'  %{name} = arith.constant dense<"0x{x.tobytes().hex().upper()}"> : {tensor_type(x)}\n'


def _parse(line):
    body, shape, element = re.fullmatch(r"dense<(.*)> : tensor<((?:\d+x)*)(\w+)>", line).groups()
    shape = tuple(int(n) for n in shape.split("x")[:-1])
    dtype = np.dtype(_TYPES[element])
    if body.startswith('"0x'):
        raw = np.frombuffer(bytes.fromhex(body[3:-1]), dtype)
        return raw.reshape(shape) if raw.size != 1 else np.broadcast_to(raw, shape).copy()
    values = []
    for token in re.findall(r"[^\[\], ]+", body):
        if token.startswith("0x"):
            values.append(np.array(int(token, 16), f"uint{dtype.itemsize * 8}").view(dtype))
        else:
            values.append(dtype.type(token))
    values = np.array(values, dtype)
    return values.reshape(shape) if values.size != 1 else np.full(shape, values[0], dtype)


def run_ops(build, body, inputs, results, engine):
    """Runs `body`, ops that read %NAME of `inputs` (a dict), and returns the values named in
    `results` (name to MLIR type) as a list of arrays."""
    names, types = ", ".join("%" + n for n in results), ", ".join(results.values())
    text = (f"func.func @main() -> ({types}) {{\n" + "".join(constant(n, x) for n, x in inputs.items()) + body
            + f"\n  return {names} : {types}\n}}\n")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "main.mlir"
        path.write_text(text)
        done = subprocess.run([build / "bin" / "intq-run", f"--engine={engine}", "--entry=main", path],
                              text=True, capture_output=True)
    if "is not supported by the CPU target" in done.stderr:
        pytest.skip(done.stderr.split("error: ")[1].splitlines()[0])
    assert done.returncode == 0, done.stderr[:3000]
    return [_parse(line) for line in done.stdout.splitlines()]

"""Imports an ONNX file and runs its gradients in the reference interpreter: what the import tests share."""
import pathlib
import re
import subprocess
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper
from reference_run import _parse, constant

_ARGUMENT = re.compile(r"(%arg\d+): (tensor<[^>]*>) \{(.*?)\}(?=, %arg|$)")
_RESULT = re.compile(r"(tensor<[^>]*>) \{(.*?)\}(?=, tensor|$)")


def run_tool(build, tool, *arguments):
    return subprocess.run([build / "bin" / tool, *map(str, arguments)], text=True, capture_output=True)


def text_of(attributes, name):
    found = re.search(rf'{re.escape(name)} = "((?:[^"\\]|\\.)*)"', attributes)
    return found.group(1) if found else None


class Imported:
    """The program of a file in nn: `arguments` and `results` as (name, type, attributes)."""

    def __init__(self, build, model, *options):
        self.build = build
        done = run_tool(build, "intq-translate", f"--import-model={model}", *options)
        assert done.returncode == 0, done.stderr[:3000]
        self.text, self.notes = done.stdout, done.stderr
        values = onnx.load(str(model)).graph.initializer
        self.values = {t.name: numpy_helper.to_array(t) for t in values}
        self.gradient = self._differentiated()
        header = re.search(r"func\.func @grad\((.*)\) -> \((.*)\) \{\n", self.gradient)
        self.arguments = [m.groups() for m in _ARGUMENT.finditer(header.group(1))]
        self.results = [m.groups() for m in _RESULT.finditer(header.group(2))]
        self.body = self.gradient[header.end():].split("\n  }\n")[0]

    def _differentiated(self):
        if "@grad(" in self.text:
            return self.text
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "forward.mlir"
            path.write_text(self.text)
            done = run_tool(self.build, "intq-opt", "--nn-differentiate", path)
        assert done.returncode == 0, done.stderr[:3000]
        return done.stdout

    def state(self):
        """Name to attributes of every parameter."""
        return {text_of(a, "intq.state"): a for _, _, a in self.arguments if text_of(a, "intq.state")}

    def _value(self, attributes, inputs, shape):
        if name := text_of(attributes, "intq.input"):
            value = np.asarray(inputs[name])
            return value.astype(np.float32 if value.dtype.kind == "f" else np.int32)
        if "intq.rng" in attributes:
            return np.zeros(4, np.int32)
        file = text_of(attributes, "intq.file")
        if file is None:
            return np.zeros(shape, np.float32)
        value = self.values[file]
        if "intq.transposed" in attributes:
            value = value.T
        return np.ascontiguousarray(value.reshape(-1)[:np.prod(shape, dtype=int)].reshape(shape))

    def run(self, inputs):
        """Outputs by name, gradients as grad/<parameter>."""
        constants = ""
        for name, kind, attributes in self.arguments:
            shape = tuple(int(n) for n in kind[7:-1].split("x")[:-1])
            constants += constant(name[1:], self._value(attributes, inputs, shape))
        types = ", ".join(kind for kind, _ in self.results)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "main.mlir"
            path.write_text(f"func.func @main() -> ({types}) {{\n{constants}{self.body}\n}}\n")
            done = run_tool(self.build, "intq-run", "--engine=reference", "--entry=main", path)
        assert done.returncode == 0, done.stderr[:3000]
        names = [text_of(a, "intq.output") or "grad/" + text_of(a, "intq.grad") for _, a in self.results]
        return dict(zip(names, map(_parse, done.stdout.splitlines())))


def assert_gradients_close(got, expected, relative=1e-5):
    """Every gradient within `relative` of its norm, plus the noise of gradients that are truly zero."""
    total = np.sqrt(sum(float(np.sum(np.square(g, dtype=np.float64))) for g in expected.values()))
    for name, reference in expected.items():
        difference = np.linalg.norm(got[name].astype(np.float64).ravel() - reference.astype(np.float64).ravel())
        bound = relative * np.linalg.norm(reference.astype(np.float64)) + 1e-8 * total
        assert difference <= bound, f"{name}: {difference} > {bound}"

"""A stand-in for intq.program.Program: a bag-of-words model in NumPy, for tests of everything around the library."""
import os
import signal
import time

import numpy as np
import onnx
from onnx import numpy_helper

from intq.errors import NonFiniteError, UserError

EPSILON = 1e-8


class FakeProgram:
    """Logits are the sum of a table's rows over the kept tokens; trained with Adam. The graph's
    own weights are held and never change. Same interface as Program."""

    compiled = []  # options of every compilation, for tests to look at

    def __init__(self, model_path, options):
        model = onnx.load(model_path)
        self.compiled.append(options)
        self.options = options
        shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in model.graph.input}
        kinds = {i.name: i.type.tensor_type.elem_type for i in model.graph.input}
        vocabulary = next(t.dims[0] for t in model.graph.initializer if "word_embeddings" in t.name)
        self.batch = shapes["input_ids"][0]
        logits = [d.dim_value for o in model.graph.output if o.name == "logits" for d in o.type.tensor_type.shape.dim]
        self.arrays = {name: np.zeros((vocabulary, logits[-1]), np.float32) for name in
                       ("table", "table/moment1", "table/moment2")}
        self.arrays["optimizer/powers"] = np.ones(2)
        roles = ["parameter", "moment1", "moment2", "powers"]
        for tensor in model.graph.initializer:
            if tensor.data_type == onnx.TensorProto.FLOAT and tensor.dims:
                self.arrays[tensor.name] = numpy_helper.to_array(tensor).copy()
                roles.append("frozen")
        inputs = [{"name": n, "shape": s, "dtype": "float32" if kinds[n] == 1 else "int64"} for n, s in shapes.items()]
        inputs[0]["range"] = [0, vocabulary]
        outputs = [{"name": "loss", "dtype": "float32", "shape": [], "loss": True},
                   {"name": "logits", "dtype": "float32", "shape": logits}]
        update = [{"name": "grad/table", "dtype": "float32", "shape": [vocabulary, logits[-1]]}]
        every = {"step": (inputs, outputs), "eval": (inputs, outputs), "grad": (inputs, outputs + update),
                 "update": (update, [])}
        self.info = {"recipe": options["recipe"], "engine": options["engine"], "cpu_isa": "generic", "threads": 1,
                     "functions": {f: {"inputs": every[f][0], "outputs": every[f][1]} for f in options["functions"]},
                     "notes": [], "form": "D", "state": [{"name": n, "role": r, "dtype": a.dtype.name, "shape": list(a.shape),
                                "file": "", "initialized": True} for (n, a), r in zip(self.arrays.items(), roles)]}
        self.runs = 0

    @classmethod
    def compile(cls, model_path, options):
        return cls(model_path, options)

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @property
    def state_entries(self):
        return self.info["state"]

    def inputs(self, function):
        return self.info["functions"][function]["inputs"]

    def outputs(self, function):
        return self.info["functions"][function]["outputs"]

    def state(self, name):
        return self.arrays[name]

    def assign(self, name, values):
        self.arrays[name][...] = values

    def require_values(self):
        pass

    def run(self, function, inputs, *, seed=0, step=0, microbatch=0, lr=0.0, only=None):
        self._disturb(function, step)
        for spec in self.inputs(function):
            if list(np.shape(inputs[spec["name"]])) != spec["shape"]:
                raise UserError(f"input '{spec['name']}' has the wrong shape")
        if function == "update":
            self._adam(inputs["grad/table"], lr)
            return {}
        logits, loss, gradient = self._differentiate(inputs)
        if function == "step":
            self._adam(gradient, lr)
        return {"loss": loss, "logits": logits, "grad/table": gradient}

    def _disturb(self, function, step):
        """Slowness, NaN and self-inflicted kills, asked for by the environment."""
        if function in ("step", "grad"):
            time.sleep(float(os.environ.get("FAKE_SECONDS", 0)))
            if os.environ.get("FAKE_NAN") == str(step):
                raise NonFiniteError(f"step {step + 1}: expected finite values, but got NaN or Inf in the loss")
            if os.environ.get("FAKE_SIGINT") == str(step):
                os.kill(os.getpid(), signal.SIGINT)

    def _differentiate(self, inputs):
        table, ids, keep = self.arrays["table"], inputs["input_ids"], inputs["attention_mask"]
        rows = np.einsum("bsc,bs->bsc", table[ids], keep.astype(np.float32))
        if "start_positions" in inputs:
            return rows, np.float32(0), np.zeros_like(table)
        logits, labels = rows.sum(axis=1), inputs["labels"]
        if labels.dtype.kind == "f":
            difference = logits[:, 0] - labels
            loss, d = np.mean(difference**2), (2 * difference / len(labels))[:, None]
        else:
            shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
            p = shifted / shifted.sum(axis=1, keepdims=True)
            loss = -np.mean(np.log(p[np.arange(len(labels)), labels]))
            p[np.arange(len(labels)), labels] -= 1
            d = p / len(labels)
        gradient = np.zeros_like(table)
        np.add.at(gradient, ids, (keep[..., None] * d[:, None]).astype(np.float32))
        return logits, np.float32(loss), gradient

    def _adam(self, gradient, lr):
        w, m, v = (self.arrays[n] for n in ("table", "table/moment1", "table/moment2"))
        powers = self.arrays["optimizer/powers"]
        powers *= (0.9, 0.999)
        m[...] = np.float32(0.9) * m + np.float32(0.1) * gradient
        v[...] = np.float32(0.999) * v + np.float32(0.001) * gradient * gradient
        w -= np.float32(lr / (1 - powers[0])) * m / (np.sqrt(v / np.float32(1 - powers[1])) + np.float32(EPSILON))


def install():
    """Puts the stand-in where the commands look."""
    from intq import finetuning
    from intq.commands import compile, finished, step, train
    for module in (finetuning, finished, step, train, compile):
        module.Program = FakeProgram


if __name__ == "__main__":
    import sys

    from intq.cli import main
    install()
    sys.exit(main())

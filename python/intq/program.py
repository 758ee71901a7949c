"""A compiled training step for NumPy: compile, run a function, see and set the state."""
import ctypes
import json
from ctypes import byref, c_int64, c_uint64, c_void_p

import numpy as np

from intq import abi
from intq.adapters import rank_of_step
from intq.errors import UserError

# Element types of the C interface, by their ONNX numbers.
DTYPES = {"float32": (1, np.float32), "int32": (6, np.int32), "int64": (7, np.int64), "bool": (9, np.bool_),
          "float64": (11, np.float64)}


class Program:
    """One model compiled with one recipe. Its state lives in the library; `state` gives live views."""

    def __init__(self, handle):
        self._handle = handle
        self.info = json.loads(abi.library().intq_info(handle).decode())
        self._views = {}
        self._unset = {e["name"] for e in self.info["state"] if not e["initialized"]}

    @classmethod
    def compile(cls, model_path, options):
        """`options`: the dictionary of docs/Program.md, section Options."""
        handle = c_void_p()
        abi.call("intq_compile", str(model_path).encode(), json.dumps(options).encode(), byref(handle))
        return cls(handle)

    def add_variant(self, variant, model_path, options):
        """Compiles again to functions `<function>@<variant>` on the same state (docs/Program.md, section Variants)."""
        abi.call("intq_add_variant", self._handle, variant.encode(), str(model_path).encode(), json.dumps(options).encode())
        known = {e["name"] for e in self.state_entries}
        self.info = json.loads(abi.library().intq_info(self._handle).decode())
        self._unset |= {e["name"] for e in self.state_entries if not e["initialized"] and e["name"] not in known}

    def close(self):
        if self._handle:
            self._views.clear()
            abi.library().intq_destroy(self._handle)
            self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def state_entries(self):
        return self.info["state"]

    def inputs(self, function):
        return self._function(function)["inputs"]

    def outputs(self, function):
        return self._function(function)["outputs"]

    def _function(self, name):
        """Of one function a rank, all have the same inputs and outputs."""
        functions = self.info["functions"]
        return functions[name] if name in functions else functions[self._variant(name, max(self._ranks(name)))]

    def _ranks(self, function):
        return self.info["eval_ranks" if _base(function) == "eval" else "ranks"]

    def rank(self, function, *, seed=0, step=0):
        """The adapters' rank that `function` runs at: drawn for the step; the largest in evaluation; None without."""
        if "ranks" not in self.info:
            return None
        ranks = self._ranks(function)
        return max(ranks) if _base(function) == "eval" else rank_of_step(ranks, seed=seed, step=step)

    def _variant(self, function, rank):
        """Of one function a rank, the compiled one: step_r8, or step_r8@16 of the variant 16."""
        base, at, variant = function.partition("@")
        return function if function in self.info["functions"] else f"{base}_r{rank}{at}{variant}"

    def assign(self, name, values):
        self.state(name)[...] = values
        self._unset.discard(name)

    def require_values(self):
        """Every parameter must have a value from the file, a checkpoint or `assign`."""
        if self._unset:
            first = next(e["name"] for e in self.state_entries if e["name"] in self._unset)
            raise UserError(f"the model file holds no value for {len(self._unset)} parameters (the first is '{first}'): "
                            f"name an ONNX Runtime checkpoint, or give their values by name")

    def state(self, name):
        """The live array of a state entry."""
        if name not in self._views:
            entry = next((e for e in self.state_entries if e["name"] == name), None)
            if entry is None:
                raise UserError(f"the program has no state entry '{name}'")
            self._views[name] = self._view(entry)
        return self._views[name]

    def _view(self, entry):
        data, size = c_void_p(), c_uint64()
        abi.call("intq_state", self._handle, entry["name"].encode(), byref(data), byref(size))
        dtype = np.dtype(DTYPES[entry["dtype"]][1])
        count = int(np.prod(entry["shape"], dtype=np.int64))
        if size.value != count * dtype.itemsize:
            raise UserError(f"state entry '{entry['name']}': expected {count * dtype.itemsize} bytes, "
                            f"but got {size.value}")
        buffer = (ctypes.c_char * size.value).from_address(data.value)
        return np.frombuffer(buffer, dtype).reshape(entry["shape"])

    def profile(self):
        """Of a program compiled with the option `profile`: the cycles that each kernel took so far, by kernel."""
        text = c_void_p()
        abi.call("intq_profile", self._handle, byref(text))
        return json.loads(abi.take_string(text.value))

    def save_checkpoint(self, path, *, step, lr):
        """Parameters and moments as a checkpoint of ONNX Runtime: the whole file or none of it."""
        abi.call("intq_save_checkpoint", self._handle, str(path).encode(), step, lr)

    def run(self, function, inputs, *, seed=0, step=0, microbatch=0, lr=0.0, only=None, rank=None):
        """Runs a compiled function; returns its outputs by name, or just those named in `only`. `rank`: of the adapters."""
        variant = self._variant(function, rank or self.rank(function, seed=seed, step=step))
        self.require_values()
        given = [_checked(spec, inputs) for spec in self.inputs(function)]
        wanted = [spec for spec in self.outputs(function) if only is None or spec["name"] in only]
        taken = [np.empty(spec["shape"], DTYPES[spec["dtype"]][1]) for spec in wanted]
        options = abi.RunOptions(seed, step, microbatch, lr)
        abi.call("intq_run", self._handle, variant.encode(), *_pack(self.inputs(function), given),
                 *_pack(wanted, taken), byref(options))
        return {spec["name"]: array for spec, array in zip(wanted, taken)}


def _base(function):
    """A function's name without its variant."""
    return function.partition("@")[0]


def inspect(model_path, options):
    """What an ONNX file holds, without compiling it."""
    text = c_void_p()
    abi.call("intq_inspect", str(model_path).encode(), json.dumps(options).encode(), byref(text))
    return json.loads(abi.take_string(text.value))


def _checked(spec, inputs):
    """The given array in the declared type. A conversion that would change a value is an error."""
    if spec["name"] not in inputs:
        raise UserError(f"input '{spec['name']}' is missing; expected inputs of shape {spec['shape']} and type "
                        f"{spec['dtype']}, given: {', '.join(sorted(inputs)) or 'none'}")
    array = np.asarray(inputs[spec["name"]])
    if list(array.shape) != list(spec["shape"]):
        raise UserError(f"input '{spec['name']}': expected shape {spec['shape']}, but got {list(array.shape)}")
    wanted = np.dtype(DTYPES[spec["dtype"]][1])
    if array.dtype == wanted:
        return np.asarray(array, order="C")
    if array.dtype.kind not in "biuf" or (array.dtype.kind == "f") != (wanted.kind == "f"):
        raise UserError(f"input '{spec['name']}': expected {wanted.name}, but got {array.dtype.name}")
    converted = array.astype(wanted)
    if wanted.kind != "f" and not np.array_equal(converted.astype(array.dtype), array):
        raise UserError(f"input '{spec['name']}': values do not fit {wanted.name}")
    return np.asarray(converted, order="C")


def _pack(specs, arrays):
    packed = (abi.Array * max(len(arrays), 1))()
    for slot, spec, array in zip(packed, specs, arrays):
        slot.name = spec["name"].encode()
        slot.dtype, slot.rank = DTYPES[spec["dtype"]][0], array.ndim
        slot.shape = (c_int64 * max(array.ndim, 1))(*array.shape)
        slot.data = array.ctypes.data
    return packed, len(arrays)

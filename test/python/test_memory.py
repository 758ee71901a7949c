"""What info says about memory adds up; what is cheap to compute again is not kept; nothing of the compiler stays resident."""
import subprocess
import sys

import numpy as np
import pytest

from intq.checkpoint_folder import CheckpointFolder
from intq.export import export_training
from intq.program import Program
from intq.state_file import state_bytes
from tiny_bert import CONFIG, write_checkpoint

BATCH, SEQ, LAYERS = 4, 16, 3
PURPOSES = {"saved_codes", "saved_floats", "weight_codes", "gradients", "temporaries", "scratch", "gaps"}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """Deep enough that the forward of a layer is far from its backward."""
    folder = write_checkpoint(tmp_path_factory.mktemp("deep"), CONFIG | {"num_hidden_layers": LAYERS})
    export_training(CheckpointFolder.open(str(folder)), folder / "train.onnx", task="classification", num_labels=2,
                    batch=BATCH, seq=SEQ, seed=1)
    return folder / "train.onnx"


def compile_step(graph, recipe="row8"):
    return Program.compile(graph, {"recipe": recipe, "threads": 1, "functions": ["step", "eval"],
                                   "optimizer": {"max_grad_norm": 0}})


def test_the_plan_adds_up(graph):
    with compile_step(graph) as program:
        plan, arena = program.info["plan"], program.info["plan_bytes"]
        for function in plan["functions"].values():
            assert set(function) == PURPOSES | {"arena", "fullest"}
            assert sum(function[purpose] for purpose in PURPOSES) == function["arena"]
        assert max(f["arena"] for f in plan["functions"].values()) == arena
        assert sum(plan["state"].values()) == state_bytes(program) == plan["total"] - arena
        assert plan["state"]["moment1"] == plan["state"]["moment2"] == plan["state"]["parameter"]


def test_no_input_of_gelu_is_kept(graph):
    gelu_input = BATCH * SEQ * CONFIG["intermediate_size"] * 4
    kept = {}
    for recipe in ("row8", "float"):
        with compile_step(graph, recipe) as program:
            kept[recipe] = program.info["plan"]["functions"]["step"]["saved_floats"]
    assert kept["row8"] < gelu_input < kept["float"]


RESIDENT = """
import sys
from intq.program import Program
program = Program.compile(sys.argv[1], {"functions": ["step"], "threads": 1})
resident, name = 0, ""
for line in open("/proc/self/smaps"):
    fields = line.split()
    if not fields[0].endswith(":"):
        name = fields[-1]
    elif fields[0] == "Rss:" and ("libMLIR" in name or "libLLVM" in name):
        resident += int(fields[1])
print(resident)
"""


def test_the_compilers_code_is_not_resident(graph, source):
    """About 120 MiB while compiling."""
    out = subprocess.run([sys.executable, "-c", RESIDENT, str(graph)], check=True, stdout=subprocess.PIPE, text=True,
                         env={"PYTHONPATH": str(source / "python"), "PATH": ""})
    assert int(out.stdout) < 20 << 10


LOADING = """
import sys
from intq.commands.report import peak_rss_mib
from intq.program import Program
from intq.state_file import state_bytes
program = Program.compile(sys.argv[1], {"functions": ["eval"], "recipe": "float", "engine": "reference"})
print(peak_rss_mib(), state_bytes(program) / 2**20)
"""


def test_file_and_state_are_not_in_memory_both(graph, tmp_path, source):
    """A tensor of the file goes when the state has it: against a small model the peak grows by little more than the state."""
    folder = write_checkpoint(tmp_path, CONFIG | {"hidden_size": 512, "intermediate_size": 2048})
    export_training(CheckpointFolder.open(str(folder)), folder / "train.onnx", task="classification", num_labels=2, batch=1, seq=4,
                    seed=1)
    (small, _), (large, state) = (
        map(float, subprocess.run([sys.executable, "-c", LOADING, str(path)], check=True, stdout=subprocess.PIPE, text=True,
                                  env={"PYTHONPATH": str(source / "python"), "PATH": ""}).stdout.split())
        for path in (graph, folder / "train.onnx"))
    assert 16 < state < large - small < 1.6 * state


def test_moments_start_at_zero(graph):
    with compile_step(graph) as program:
        moments = [program.state(e["name"]) for e in program.state_entries if e["role"].startswith("moment")]
        assert moments and not any(np.any(m) for m in moments)

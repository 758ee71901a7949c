"""The profile of a program: the time of each kernel, which changes no result."""
import numpy as np
import pytest
from tiny_bert import write_checkpoint

from intq import cli
from intq.checkpoint_folder import CheckpointFolder
from intq.commands.compile import made_up
from intq.errors import UserError
from intq.export import export_training
from intq.options import TrainingOptions
from intq.program import Program


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graph")
    export_training(CheckpointFolder.open(write_checkpoint(folder / "tiny")), folder / "g.onnx", task="classification",
                    num_labels=3, batch=4, seq=12, seed=1)
    return folder / "g.onnx"


def run_once(graph, **options):
    """(state after a step, what `profile` gives before and after it)."""
    with Program.compile(graph, TrainingOptions(cache_dir="").compiler_options(["step"], **options)) as program:
        before = program.profile() if options else None
        program.run("step", {spec["name"]: made_up(spec) for spec in program.inputs("step")}, lr=1e-3)
        state = {e["name"]: program.state(e["name"]).copy() for e in program.state_entries}
        return state, before, program.profile() if options else None


def test_profile_counts_kernels_and_changes_nothing(graph):
    state, before, after = run_once(graph, profile=True)
    assert {"intq_matmul_0", "nn_softmax_0", "nn_adamw_0"} <= set(before) and not any(before.values())
    assert all(cycles > 0 for cycles in after.values())
    plain, *_ = run_once(graph)
    assert all(np.array_equal(state[name], plain[name]) for name in plain)


def test_programs_without_profile(graph):
    with Program.compile(graph, TrainingOptions(engine="reference").compiler_options(["step"], profile=True)) as program:
        with pytest.raises(UserError, match="expected a program compiled for the CPU with the option profile"):
            program.profile()


def test_report(graph, capsys):
    """Of a program from the code cache, too: shares by kind of op, the largest first, that add up to 1."""
    for _ in range(2):
        assert cli.main(["compile", str(graph), "--recipe", "row8", "--report", "--profile"]) == 0
        _, _, table = capsys.readouterr().out.partition("time by kind of op, 3 steps")
        shares = {op: float(share) for op, share, _ in (line.split() for line in table.splitlines()[1:])}
        assert list(shares.values()) == sorted(shares.values(), reverse=True)
        assert {"intq.matmul", "nn.softmax", "nn.adamw"} <= set(shares) and sum(shares.values()) == pytest.approx(100, abs=3)
    assert cli.main(["compile", str(graph), "--recipe", "row8", "-o", "x.mlir", "--profile"]) == 2
    assert "--profile needs --report" in capsys.readouterr().err

"""A disk that is full, or a process that is killed, while a checkpoint, an export or a result is written: a message and exit
code 2, or nothing; what was there before stays, nothing is half written, and --resume ends with the same numbers."""
import os
import pathlib
import signal
import subprocess
import sys

import numpy as np
import onnx
import pytest
from safetensors.numpy import load_file

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Import" / "Inputs"))
import models  # noqa: E402

# The first argument is the size that no file may exceed.
LIMITED = """
import resource, sys
from intq import cli
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(cli.main(sys.argv[2:]))
"""
# The same, from when the checkpoint of ONNX Runtime is written.
LATE_LIMITED = """
import resource, sys
from intq import cli
from intq.program import Program
save = Program.save_checkpoint
def limited(*arguments, **more):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
    save(*arguments, **more)
Program.save_checkpoint = limited
sys.exit(cli.main(sys.argv[2:]))
"""
# The first argument is the number of the write to the disk, or of the rename, at which the process dies.
KILLED = """
import os, signal, sys
from intq import cli
left = int(sys.argv[1])
def counted(real):
    def call(*arguments, **more):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **more)
    return call
os.fsync, os.replace = counted(os.fsync), counted(os.replace)
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.fixture
def intq(source):
    def call(script, number, *arguments):
        environment = {**os.environ, "PYTHONPATH": str(source / "python")}
        return subprocess.run([sys.executable, "-c", script, str(number), *map(str, arguments)], env=environment,
                              capture_output=True, text=True)
    return call


def unlimited(intq, *arguments):
    done = intq(LIMITED, 1 << 40, *arguments)
    assert done.returncode == 0, done.stderr


def job(folder, form="D", note=0):
    """Arguments of `intq train`, without --out. `note`: bytes of metadata that the model carries along."""
    model, batches = models.training(form), {"ids": np.array([[[3, 5, 7, 1], [9, 2, 2, 10]]]), "labels": np.array([[2, 0]])}
    model.metadata_props.add(key="note", value="x" * note)
    if form == "A":
        batches |= {t.name: onnx.numpy_helper.to_array(t) for t in models.training("D").graph.initializer
                    if t.name in models.PARAMETERS}
    onnx.save(model, folder / "model.onnx")
    np.savez(folder / "batches.npz", **batches)
    return ["train", folder / "model.onnx", "--batches", folder / "batches.npz", "--steps", "2", "--save-steps", "1", "--lr", "0.01",
            "--recipe", "row8", "--engine", "reference", "--no-cache"]


def files(folder):
    return {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("form,note,name", [("D", 0, "checkpoints"), ("D", 60000, "trained.onnx"), ("A", 0, "ort_checkpoint")])
def test_full_disk_while_training(intq, tmp_path, form, note, name):
    train = job(tmp_path, form, note)
    unlimited(intq, *train, "--out", tmp_path / "whole")
    written = tmp_path / "whole" / name
    sizes = [p.stat().st_size for p in ([written] if written.is_file() else written.rglob("*.safetensors"))]
    done = intq(LATE_LIMITED if form == "A" else LIMITED, min(sizes) - 1, *train, "--out", tmp_path / "r")
    assert done.returncode == 2 and "File too large" in done.stderr and name in done.stderr, done.stderr
    left = files(tmp_path / "r")
    assert left < files(tmp_path / "whole") and not (tmp_path / "r" / name).is_file()
    for path in left:
        if path.suffix in (".safetensors", ".onnx"):
            assert (tmp_path / "r" / path).read_bytes() == (tmp_path / "whole" / path).read_bytes()
    unlimited(intq, *train, "--out", tmp_path / "r", "--resume")
    assert files(tmp_path / "r") == files(tmp_path / "whole")
    for one in ("parameters.safetensors", *[name] * written.is_file()):
        assert (tmp_path / "r" / one).read_bytes() == (tmp_path / "whole" / one).read_bytes()


@pytest.mark.parametrize("kind", ["export", "step"])
def test_full_disk_leaves_the_old_file(intq, checkpoint, tmp_path, kind):
    target = tmp_path / "out"
    if kind == "export":
        arguments = ["export", checkpoint, "--batch", "2", "--seq", "8", "-o", target]
    else:
        train = job(tmp_path)
        np.savez(tmp_path / "in.npz", ids=np.array([[3, 5, 7, 1], [9, 2, 2, 10]]), labels=np.array([2, 0]))
        arguments = ["step", train[1], "--inputs", tmp_path / "in.npz", "--outputs", target, *train[-5:]]
    for before in (None, b"before"):
        if before:
            target.write_bytes(before)
        there = files(tmp_path)
        done = intq(LIMITED, 1000, *arguments)
        assert done.returncode == 2 and f"cannot write {target}: File too large" in done.stderr, done.stderr
        assert files(tmp_path) == there and (not before or target.read_bytes() == before)


def test_full_disk_while_writing_stages(intq, tmp_path):
    """Whatever stage does not fit is named; the first limit is below the smallest, the last below the largest."""
    compile_ = ["compile", job(tmp_path)[1], "--recipe", "row8", "--report", "--cpu-isa", "generic"]
    unlimited(intq, *compile_, "--dump-stages", tmp_path / "whole")
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "whole").iterdir()}
    assert len(sizes) == 8
    for limit in sorted(sizes.values())[::3]:
        done = intq(LIMITED, limit - 1, *compile_, "--dump-stages", tmp_path / "stages")
        first = next(name for name in sorted(sizes) if sizes[name] >= limit)
        assert done.returncode == 2 and f"cannot write {tmp_path / 'stages' / first}: File too large" in done.stderr, done.stderr


def test_killed_while_exporting(intq, checkpoint, tmp_path):
    target = tmp_path / "m.onnx"
    unlimited(intq, "export", checkpoint, "--batch", "2", "--seq", "8", "-o", target)
    before, codes = target.read_bytes(), []
    while 0 not in codes:
        done = intq(KILLED, len(codes) + 1, "export", checkpoint, "--batch", "4", "--seq", "8", "-o", target)
        codes.append(done.returncode)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        assert (target.read_bytes() == before) == (done.returncode != 0)
    assert len(codes) > 2
    assert onnx.load(target).graph.input[0].type.tensor_type.shape.dim[0].dim_value == 4


def test_killed_while_training(intq, tmp_path):
    """Killed again and again, a little later each time."""
    train = job(tmp_path)
    unlimited(intq, *train, "--out", tmp_path / "whole")
    code, runs = None, 0
    while code != 0:
        runs += 1
        resume = ["--resume"] * (tmp_path / "r" / "run.json").exists()
        done = intq(KILLED, 4 * runs, *train, "--out", tmp_path / "r", *resume)
        code = done.returncode
        assert code in (0, -signal.SIGKILL), done.stderr
        for path in (tmp_path / "r").glob("*.safetensors"):
            load_file(path)
        if (tmp_path / "r" / "trained.onnx").exists():
            onnx.load(tmp_path / "r" / "trained.onnx")
    assert runs > 2
    for name in ("parameters.safetensors", "trained.onnx"):
        assert (tmp_path / "r" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()

"""--moments i8 in whole runs: the same state by every route and after every stop, in every file that holds moments."""
import json

import numpy as np
import onnx
import pytest
import test_state
from safetensors import safe_open
from test_end_to_end import kill_after, record, run  # noqa: F401 (run: a fixture)
from test_train import write_data
from tiny_bert import CONFIG, write_checkpoint

from intq import abi
from intq.checkpoint_folder import CheckpointFolder
from intq.export import export_training
from intq.program import Program

# Matrices of 4,096 elements and of 4,480, which are no multiple of 256; the tables keep floats.
LARGE = CONFIG | {"hidden_size": 64, "intermediate_size": 70, "num_hidden_layers": 1}
QUERY = "encoder.layer.0.attention.self.query.weight"
PINNED = {"torch": "a69e89b04486a7e76eb728c701fbd2c8bf992802921fd8e4aa916e636e1533b2",
          "ort": "02ec38e7c1f33cbf7c7d7f846297acfd0ef24ff08a8d5c76251799a5313c6403"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("large"), LARGE)


@pytest.fixture(scope="module")
def graph(model):
    export_training(CheckpointFolder.open(str(model)), model / "train.onnx", task="classification", num_labels=2, batch=4, seq=12,
                    seed=1)
    return model / "train.onnx"


@pytest.fixture
def job(model, tmp_path):
    return ["finetune", str(model), "--train", write_data(tmp_path / "train.tsv", 50, 1), "--task-preset", "sst2", "--batch", "4",
            "--seq", "12", "--steps", "4", "--lr", "1e-2", "--seed", "3", "--weight-decay", "0.01", "--moments", "i8"]


@pytest.mark.parametrize("mode", ["torch", "ort"])
def test_every_route_gives_the_same_state(job, run, tmp_path, mode):  # noqa: F811
    isas = abi.cpu_isas()
    routes = [["--engine", "reference"], ["--on-nonfinite", "skip"], ["--cpu-isa", isas[0], "--threads", "1"],
              ["--cpu-isa", isas[-1], "--threads", "3"]] + [["--cpu-isa", isa, "--threads", "2"] for isa in isas]
    states = {" ".join(route): record(run(*job, "--adam-mode", mode, *route, "--out", tmp_path / str(i), "--json"))["state_sha256"]
              for i, route in enumerate(routes)}
    assert set(states.values()) == {PINNED[mode]}, states


def test_accumulation(job, run, tmp_path):  # noqa: F811
    assert record(run(*job, "--grad-accum", "2", "--out", tmp_path / "r", "--json"))["steps"] == 4


def test_it_learns_as_with_floats(job, run, tmp_path):  # noqa: F811
    job = [*job[:-2], "--eval", write_data(tmp_path / "dev.tsv", 40, 2), "--dropout", "0", "--warmup", "0.1"]
    job[job.index("--steps") + 1], job[job.index("--lr") + 1] = "100", "2e-3"
    for moments in ("f32", "i8"):
        assert record(run(*job, "--moments", moments, "--out", tmp_path / moments, "--json"))["accuracy"] >= 0.95


@pytest.mark.parametrize("seconds", [0.5, 1.0])
def test_kill_and_resume(job, run, source, tmp_path, seconds):  # noqa: F811
    job[job.index("--steps") + 1] = "60"
    job += ["--save-steps", "7"]
    expected = record(run(*job, "--out", tmp_path / "whole", "--json"))["state_sha256"]
    kill_after(seconds, [*job, "--out", tmp_path / "r"], source)
    assert record(run(*job, "--out", tmp_path / "r", "--resume", "--json"))["state_sha256"] == expected
    newest = max((tmp_path / "r" / "checkpoints").iterdir(), key=lambda p: int(p.name.split("-")[1]))
    with safe_open(str(newest / "state.safetensors"), "numpy") as state:
        name = "bert." + QUERY if "bert." + QUERY in state.keys() else QUERY
        shapes = {s: (state.get_tensor(name + s).dtype.name, state.get_tensor(name + s).size)
                  for s in ("/moment1", "/moment1_scale", "/moment2", "/moment2_base")}
    assert shapes == {"/moment1": ("int8", 4096), "/moment1_scale": ("float32", 16), "/moment2": ("int8", 4096),
                      "/moment2_base": ("int32", 16)}


def test_identity(job, run, tmp_path):  # noqa: F811
    """i8 is part of it; f32 is what every run had before there was a choice."""
    plain = job[:-2]
    states = [record(run(*plain, *more, "--out", tmp_path / str(i), "--json"))["state_sha256"]
              for i, more in enumerate(([], ["--moments", "f32"], ["--moments", "i8"]))]
    assert states[0] == states[1] != states[2]
    identity = [json.loads((tmp_path / str(i) / "run.json").read_text())["identity"] for i in range(3)]
    assert identity[0] == identity[1] and "moments" not in identity[0] and identity[2]["moments"] == "i8"
    code, _, err = run(*plain, "--out", tmp_path / "2", "--resume")
    assert code == 2 and "moments" in err


def test_report(graph, run):  # noqa: F811
    code, out, _ = run("compile", graph, "--recipe", "row8", "--report", "--moments", "i8")
    assert code == 0 and "moments of 7 tensors in 8 bits, of 18 in float32" in out
    assert "moments of" not in run("compile", graph, "--recipe", "row8", "--report")[1]


def test_bytes(graph):
    """A byte an element, and eight a block of 256."""
    sizes = {}
    for moments in ("f32", "i8"):
        with Program.compile(graph, {"functions": ["step"], "optimizer": {"moments": moments}}) as program:
            sizes[moments] = program.info["plan"]["state"]
            large = sum(np.prod(e["shape"]) for e in program.state_entries if e["role"] == "parameter" and np.prod(e["shape"]) >= 4096)
            blocks = sum(e["shape"][0] for e in program.state_entries if e["name"].endswith("_scale"))
    for role in ("moment1", "moment2"):
        assert sizes["f32"][role] - sizes["i8"][role] == 3 * large - 4 * blocks > 0


def test_adapters(graph):
    """Factors that are large enough; not where rows are left alone."""
    for update, kinds in (("dense", {"int8"}), ("masked", {"float32"})):
        adapter = {"ranks": [8, 64], "targets": ["query"], "alpha": 16.0, "scale": "alpha/b", "seed": 3, "update": update}
        with Program.compile(graph, {"functions": ["step"], "adapter": adapter, "optimizer": {"moments": "i8"}}) as program:
            found = {e["dtype"] for e in program.state_entries if e["name"].endswith(("lora_A.weight/moment1", "lora_B.weight/moment1"))}
            assert found == kinds
            batch = {"input_ids": np.full((4, 12), 5), "attention_mask": np.ones((4, 12), np.int64),
                     "token_type_ids": np.zeros((4, 12), np.int64), "labels": np.array([0, 1, 1, 0])}
            for rank in (8, 64):
                program.run("step", batch, lr=1e-3, step=rank, rank=rank)


def test_unknown_kind(graph, run):  # noqa: F811
    with pytest.raises(SystemExit):
        run("compile", graph, "--report", "--moments", "i4")
    from intq.errors import UserError
    with pytest.raises(UserError, match="option 'moments': expected"):
        Program.compile(graph, {"functions": ["step"], "optimizer": {"moments": "i4"}})


def test_checkpoints_of_onnx_runtime_hold_floats(tmp_path, monkeypatch):
    """Written from codes, read back to the same values and codes: they are on their grid."""
    models = test_state.models
    monkeypatch.setattr(models, "WIDTH", 70)
    monkeypatch.setattr(models, "INNER", 64)
    monkeypatch.setattr(models, "PARAMETERS", {"table": [11, 70], "norm.weight": [70], "norm.bias": [70], "inner.weight": [64, 70],
                                               "inner.bias": [64], "classifier.weight": [3, 64], "classifier.bias": [3]})
    onnx.save(models.training("A"), tmp_path / "model.onnx")
    np.savez(tmp_path / "first.npz", **test_state.batches(), **test_state.values())
    assert test_state.train(tmp_path, "first", 3, "--moments", "i8") == 0
    options = {"recipe": "float", "functions": ["step"], "checkpoint": str(tmp_path / "run-first" / "ort_checkpoint"),
               "optimizer": {"mode": "ort", "moments": "i8"}}
    with Program.compile(tmp_path / "model.onnx", options) as codes:
        [checkpoint] = [p for p in (tmp_path / "run-first" / "checkpoints").iterdir() if p.name.endswith("3")]
        with safe_open(str(checkpoint / "state.safetensors"), "numpy") as state:
            assert codes.state("inner.weight/moment1").dtype == np.int8
            first, second = (state.get_tensor(f"inner.weight/moment{i}") for i in (1, 2))
            np.testing.assert_array_equal(codes.state("inner.weight/moment1"), first)
            scale, base = state.get_tensor("inner.weight/moment1_scale"), state.get_tensor("inner.weight/moment2_base")
    options["optimizer"] = {"mode": "ort"}
    with Program.compile(tmp_path / "model.onnx", options) as floats:
        block = np.arange(first.size) // 256
        values = first.reshape(-1).astype(np.float32) * scale[block]
        np.testing.assert_array_equal(floats.state("inner.weight/moment1").reshape(-1), values)
        byte = second.reshape(-1).view(np.uint8).astype(np.int64)
        values = np.where(byte == 0, 0, (byte + base[block]) << 20).astype(np.uint32).view(np.float32)
        np.testing.assert_array_equal(floats.state("inner.weight/moment2").reshape(-1), values)

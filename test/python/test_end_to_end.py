"""Whole runs with the compiled library: the same state by every route, learning, and bad input of `step` and `train`."""
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from safetensors.numpy import load_file
from test_train import write_data

from intq import abi, cli

PINNED = {"row8": "3c2dd07e2e616efc51cbf39fa0a58f9b1a15e8f0e5e7fd9d57a6296763b00d55",
          "float": "087794be00523c11791ad87cbb1567690a8d4febbced3c4110bd50abc53785e3",
          "tile8": "ce1e6405495697e18f9d17ccbb5fe98bff5b448e6ef503f7952201a84fc36911",
          "mx8": "6a739b0ac6b135be55e27ec782f7c5e77f0a2e821953cc179e6e93c46f045742"}
RECIPES = ["float", "row8", "row8a8", "paper16", "paper8", "paper8x8", "tile8", "mx8"]
BLOCKS = ("tile8", "mx8")


@pytest.fixture
def job(checkpoint, tmp_path):
    return ["finetune", str(checkpoint), "--train", write_data(tmp_path / "train.tsv", 50, 1),
            "--eval", write_data(tmp_path / "dev.tsv", 21, 2), "--task-preset", "sst2", "--batch", "6", "--seq", "10",
            "--steps", "3", "--lr", "1e-2", "--seed", "3"]


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = cli.main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def record(result):
    code, out, err = result
    assert code == 0, err
    return json.loads(out.strip().splitlines()[-1])


def kill_after(seconds, arguments, source):
    process = subprocess.Popen([sys.executable, "-m", "intq", *map(str, arguments)],
                               env={**os.environ, "PYTHONPATH": str(source / "python")}, stdout=subprocess.DEVNULL)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


def routes(recipe):
    """Interpreter and compiled code; for the default recipe and for blocks every instruction set and 1, 2 and 3 threads."""
    isas = abi.cpu_isas()
    compiled = [(isas[0], "2")]
    if recipe == "row8":
        compiled = [(isa, "2") for isa in isas] + [(isas[0], "1"), (isas[-1], "3")]
    elif recipe in BLOCKS:
        compiled = [(isa, str(1 + i % 3)) for i, isa in enumerate(isas)]
    return [["--engine", "reference"]] + [["--cpu-isa", isa, "--threads", threads] for isa, threads in compiled]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_route_gives_the_same_state(job, run, tmp_path, recipe):
    if recipe in BLOCKS:
        job[job.index("--seq") + 1] = "12"  # 72 tokens: more than a block, and not whole ones
    states = {}
    for index, route in enumerate(routes(recipe)):
        result = record(run(*job, "--recipe", recipe, *route, "--out", tmp_path / str(index), "--json"))
        states[" ".join(route)] = result["state_sha256"]
    assert len(set(states.values())) == 1, states
    if recipe in PINNED:  # another machine must find the same bits
        assert set(states.values()) == {PINNED[recipe]}


def test_it_learns(job, run, tmp_path):
    job[job.index("--steps") + 1] = "150"
    result = record(run(*job, "--recipe", "row8", "--dropout", "0", "--warmup", "0.1", "--out", tmp_path / "r", "--json"))
    assert result["accuracy"] >= 0.95
    weights = load_file(tmp_path / "r" / "model" / "model.safetensors")
    assert "bert.encoder.layer.1.output.dense.weight" in weights and "classifier.weight" in weights


def test_accumulation_and_skipping_run(job, run, tmp_path):
    plain = record(run(*job, "--recipe", "row8", "--out", tmp_path / "a", "--json"))
    skip = record(run(*job, "--recipe", "row8", "--on-nonfinite", "skip", "--out", tmp_path / "b", "--json"))
    assert plain["state_sha256"] == skip["state_sha256"]
    assert record(run(*job, "--recipe", "row8", "--grad-accum", "2", "--out", tmp_path / "c", "--json"))["steps"] == 3


@pytest.mark.parametrize("seconds", [0.4, 0.8, 1.2])
def test_kill_and_resume(job, run, source, tmp_path, seconds):
    job[job.index("--steps") + 1] = "60"
    job += ["--recipe", "row8", "--save-steps", "7"]
    expected = record(run(*job, "--out", tmp_path / "whole", "--json"))["state_sha256"]
    kill_after(seconds, [*job, "--out", tmp_path / "r"], source)
    assert record(run(*job, "--out", tmp_path / "r", "--resume", "--json"))["state_sha256"] == expected


@pytest.mark.parametrize("task,lines", [
    ("regression", ["label\ttext"] + [f"{v}\tthe film is {w}" for v, w in ((0.5, "bad"), (2.5, "fine"), (4.5, "good"))] * 4),
    ("qa", None)])
def test_other_tasks(checkpoint, run, tmp_path, task, lines):
    if task == "qa":
        context = "the film is in rome . the plot is in paris ."
        data = {"data": [{"paragraphs": [{"context": context, "qas": [
            {"id": w, "question": f"is it in {w} ?", "answers": [{"text": w, "answer_start": context.index(w)}]}
            for w in ("rome", "paris")]}]}]}
        path = tmp_path / "d.json"
        path.write_text(json.dumps(data))
    else:
        path = tmp_path / "d.tsv"
        path.write_text("\n".join(lines) + "\n")
    result = record(run("finetune", checkpoint, "--train", path, "--eval", path, "--task", task, "--batch", "4", "--seq",
                        "20", "--steps", "4", "--recipe", "row8", "--out", tmp_path / "r", "--json"))
    assert {"regression": "pearson", "qa": "exact_match"}[task] in result
    code, _, err = run("predict", tmp_path / "r", "--data", path, "-o", tmp_path / "o.tsv")
    assert code == 0, err
    assert len((tmp_path / "o.tsv").read_text().splitlines()) == (3 if task == "qa" else 13)


def test_an_onnx_file_as_model(checkpoint, run, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    assert run("export", checkpoint, "--batch", "6", "--seq", "10", "-o", tmp_path / "m.onnx")[0] == 0
    data = write_data(tmp_path / "t.tsv", 30, 1)
    result = record(run("finetune", tmp_path / "m.onnx", "--tokenizer", checkpoint, "--train", data, "--eval", data, "--batch",
                        "6", "--seq", "10", "--steps", "5", "--recipe", "row8", "--out", tmp_path / "r", "--json"))
    assert "accuracy" in result
    given = {"input_ids": np.full((6, 10), 5), "attention_mask": np.ones((6, 10), np.int64),
             "token_type_ids": np.zeros((6, 10), np.int64)}
    assert onnxruntime.InferenceSession(tmp_path / "r" / "model" / "model.onnx").run(None, given)[0].shape == (6, 2)


def test_links_and_limits_of_an_onnx_model(checkpoint, run, tmp_path):
    """Weight files that are links are trusted where the user says so, and not because the run copies them."""
    assert run("export", checkpoint, "--batch", "6", "--seq", "10", "-o", tmp_path / "e.onnx")[0] == 0
    model, store = tmp_path / "m.onnx", tmp_path / "store"
    onnx.save(onnx.load(tmp_path / "e.onnx"), model, save_as_external_data=True, location="w.bin", size_threshold=0)
    store.mkdir()
    (tmp_path / "w.bin").rename(store / "blob")
    (tmp_path / "w.bin").symlink_to(store / "blob")
    job = ["finetune", model, "--tokenizer", checkpoint, "--train", write_data(tmp_path / "t.tsv", 12, 1), "--batch", "6",
           "--seq", "10", "--steps", "1", "--out", tmp_path / "r"]
    for options, message in (([], "cannot open external data 'w.bin'"),
                             (["--trust-links", store, "--limit", "nodes=3"], "at most 3 nodes")):
        code, _, err = run(*job, *options)
        assert code == 2 and message in err and not (tmp_path / "r").exists(), err
    code, _, err = run(*job, "--trust-links", store)
    assert code == 0, err
    job[1] = checkpoint
    code, _, err = run(*job[:-1], tmp_path / "other", "--limit", "nodes=3")
    assert code == 2 and "--limit and --trust-links go with an .onnx model" in err


@pytest.fixture
def graph(checkpoint, run, tmp_path):
    assert run("export", checkpoint, "--batch", "2", "--seq", "4", "-o", tmp_path / "m.onnx")[0] == 0
    return tmp_path / "m.onnx"


GOOD = {"input_ids": np.full((2, 4), 5), "attention_mask": np.ones((2, 4), np.int64),
        "token_type_ids": np.zeros((2, 4), np.int64), "labels": np.array([0, 1])}


def step(run, tmp_path, graph, **changes):
    arrays = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    np.savez(tmp_path / "in.npz", **arrays)
    return run("step", graph, "--recipe", "row8", "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz")


def test_step_writes_loss_outputs_and_gradients(run, tmp_path, graph, checkpoint):
    assert step(run, tmp_path, graph)[0] == 0
    with np.load(tmp_path / "out.npz") as file:
        assert {"loss", "logits"} <= set(file.files)
        weights = load_file(checkpoint / "model.safetensors")
        for name, tensor in weights.items():
            assert file["grad/" + name].shape == tensor.shape


@pytest.mark.parametrize("changes,message", [
    ({"labels": np.array([0, 2])}, "labels"), ({"labels": np.array([0, -1])}, "labels"),
    ({"input_ids": np.full((2, 4), 30)}, "input_ids"), ({"input_ids": np.full((2, 4), -1)}, "input_ids"),
    ({"token_type_ids": np.full((2, 4), 2)}, "token_type_ids"), ({"input_ids": np.full((2, 5), 5)}, "expected shape [2, 4]"),
    ({"input_ids": np.full((2, 4), 5.0)}, "input_ids"), ({"labels": None}, "labels"),
    ({"classifier.weight": np.full((2, 16), np.nan, np.float32)}, "classifier.weight"),
    ({"classifier.weight": np.zeros((3, 16), np.float32)}, "classifier.weight")])
def test_step_names_bad_input(run, tmp_path, graph, changes, message):
    code, _, err = step(run, tmp_path, graph, **changes)
    assert code == 2 and message in err and not (tmp_path / "out.npz").exists()


def test_step_with_an_overflowing_weight(run, tmp_path, graph):
    code, _, err = step(run, tmp_path, graph, **{"classifier.weight": np.full((2, 16), 3e38, np.float32)})
    assert code == 2 and "finite" in err and not (tmp_path / "out.npz").exists()


def test_nan_in_the_model_file(run, tmp_path, graph):
    model = onnx.load(graph)
    tensor = next(t for t in model.graph.initializer if t.name == "pooler.dense.weight")
    array = numpy_helper.to_array(tensor).copy()
    array[3, 2] = np.nan
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    onnx.save(model, graph)
    code, _, err = step(run, tmp_path, graph)
    assert code == 2 and "pooler.dense.weight" in err


@pytest.mark.parametrize("cut", [0, 10, 1000, -1])
def test_truncated_model(run, tmp_path, graph, cut):
    data = graph.read_bytes()
    graph.write_bytes(data[:cut])
    code, _, err = step(run, tmp_path, graph)
    assert code == 2 and "m.onnx" in err and not (tmp_path / "out.npz").exists()


def test_model_without_loss(run, tmp_path, graph):
    model = onnx.load(graph)
    del model.graph.output[0]
    onnx.save(model, graph)
    code, _, err = step(run, tmp_path, graph)
    assert code == 2 and "loss" in err


def test_unknown_recipe(run, tmp_path, graph):
    np.savez(tmp_path / "in.npz", **GOOD)
    code, _, err = run("step", graph, "--recipe", "row9", "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "o.npz")
    assert code == 2 and "row9" in err


def test_compile_writes_the_step(run, tmp_path, graph):
    code, _, err = run("compile", graph, "--recipe", "row8", "-o", tmp_path / "step.mlir", "--dump-stages", tmp_path / "stages")
    assert code == 0, err
    text = (tmp_path / "step.mlir").read_text()
    assert "@step" in text and "intq.matmul" in text and "nn.adamw" in text
    assert len(list((tmp_path / "stages").iterdir())) > 3
    assert run("compile", graph, "--recipe", "row8", "-o", tmp_path / "step.o")[0] == 0
    assert (tmp_path / "step.o").read_bytes()[:4] == b"\x7fELF"
    code, _, err = run("compile", graph, "--recipe", "row8", "-o", tmp_path / "step.txt")
    assert code == 2 and ".mlir or .o" in err
    code, _, err = run("compile", graph, "--recipe", "row8", "--engine", "reference", "-o", tmp_path / "other.o")
    assert code == 2 and not (tmp_path / "other.o").exists()


def test_a_loss_can_be_added(run, tmp_path, shared):
    random = np.random.default_rng(0)
    np.savez(tmp_path / "in.npz", input_ids=random.integers(0, 300, (4, 24)), attention_mask=np.ones((4, 24), np.int64),
             labels=np.array([0, 1, 1, 0]))
    arguments = ["step", shared / "ort_artifacts" / "forward.onnx", "--recipe", "float", "--inputs", tmp_path / "in.npz",
                 "--outputs", tmp_path / "out.npz"]
    code, _, err = run(*arguments)
    assert code == 2 and "--loss" in err
    assert run(*arguments, "--loss", "cross-entropy")[0] == 0
    with np.load(tmp_path / "out.npz") as file:
        assert 0.3 < file["loss"] < 2

"""Adapters through compiled programs: truncation, scale, gradients, updates, rank stream, merge; what is wrong is flagged."""
import json
import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors.numpy import load_file
from test_train import write_data
from tiny_bert import write_checkpoint

from intq import adapters, cli
from intq.checkpoint_folder import CheckpointFolder
from intq.export import export_training
from intq.philox import stream_id, words32
from intq.program import Program

RANKS, ALPHA, LARGEST = [1, 2, 4], 6.0, 4
ADAPTER = {"ranks": RANKS, "targets": ["query", "value"], "alpha": ALPHA, "scale": "alpha/b", "seed": 3}
QUERY = "encoder.layer.0.attention.self.query"


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graph")
    export_training(CheckpointFolder.open(write_checkpoint(folder / "tiny")), folder / "g.onnx", task="classification",
                    num_labels=3, batch=4, seq=12, seed=1, dropout=0.0)
    return folder / "g.onnx"


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(5)
    mask = np.ones((4, 12), np.int64)
    mask[1, 9:] = 0
    return {"input_ids": rng.integers(3, 30, (4, 12)), "attention_mask": mask,
            "token_type_ids": np.zeros((4, 12), np.int64), "labels": np.array([0, 2, 1, 1])}


def compiled(graph, functions, recipe="float", engine="reference", optimizer=None, **adapter):
    options = {"recipe": recipe, "engine": engine, "threads": 1, "functions": functions, "dropout": 0.0}
    if adapter.get("ranks", True):
        options["adapter"] = {**ADAPTER, **adapter}
    return Program.compile(graph, options | ({"optimizer": optimizer} if optimizer else {}))


def fill(program, seed=11):
    """Both factors at random, so that nothing is hidden by B = 0."""
    rng = np.random.default_rng(seed)
    for entry in program.state_entries:
        if ".lora_" in entry["name"] and "/" not in entry["name"]:
            program.assign(entry["name"], rng.normal(0, 0.3, entry["shape"]).astype(np.float32))


def factors(program):
    return {e["name"]: program.state(e["name"]).copy() for e in program.state_entries if e["name"].endswith(
        (".lora_A.weight", ".lora_B.weight"))}


@pytest.mark.parametrize("recipe", ["float", "row8", "paper12"])
def test_truncated_is_lora_of_that_rank(graph, batch, recipe):
    """Forward and every gradient bit for bit, for every rank, with NaN in all that must not be read."""
    with compiled(graph, ["grad"], recipe) as program:
        fill(program)
        full = factors(program)
        for rank in RANKS:
            for name, value in full.items():
                cut = value.copy()
                (cut if "lora_A" in name else cut.T)[rank:] = np.nan
                program.assign(name, cut)
            found = program.run("grad", batch, seed=9, rank=rank)
            with compiled(graph, ["grad"], recipe, ranks=[rank]) as plain:
                for name, value in full.items():
                    plain.assign(name, value[:rank] if "lora_A" in name else value[:, :rank])
                wanted = plain.run("grad", batch, seed=9)
            assert found.keys() == wanted.keys()
            for name, value in wanted.items():
                got = found[name]
                if "lora_" in name:
                    got, rest = np.split(got, [rank], axis=0 if "lora_A" in name else 1)
                    assert not rest.any() and np.isfinite(rest).all()
                np.testing.assert_array_equal(got, value, err_msg=f"{name} at rank {rank}")


def test_engines_agree_and_start_is_the_frozen_model(graph, batch):
    with compiled(graph, ["grad"], "row8", "cpu") as program, compiled(graph, ["grad"], "row8") as judge, \
            compiled(graph, ["grad"], "row8", ranks=None) as base:
        frozen = base.run("grad", batch)
        for rank in RANKS:
            np.testing.assert_array_equal(program.run("grad", batch, rank=rank)["logits"], frozen["logits"])
        fill(program), fill(judge)
        one, two = (p.run("grad", batch, seed=4, rank=2) for p in (program, judge))
        for name in one:
            np.testing.assert_array_equal(one[name], two[name], err_msg=name)
        trained = {n for n in one if n.startswith("grad/")}
        assert trained == {f"grad/{n}" for n in (*factors(program), "classifier.weight", "classifier.bias")}


def _merged_logits(graph, batch, weights):
    with compiled(graph, ["eval"], ranks=None) as plain:
        for entry in plain.state_entries:
            plain.assign(entry["name"], weights[entry["name"]])
        return plain.run("eval", batch)["logits"]


def _wrong(kind, weights, adapter, rank):
    """Merges as published code would have them."""
    largest = adapter["ranks"][-1]
    if kind == "alpha/r·sqrt(r/b), as sd-scripts":
        return adapters.merge(weights, {**adapter, "alpha": adapter["alpha"] / largest * math.sqrt(largest / rank) * rank},
                              rank)[0]
    if kind == "untruncated":
        return adapters.merge(weights, {**adapter, "alpha": adapters.factor(adapter, rank) * largest}, largest)[0]
    if kind == "alpha/(block + 1), as LyCORIS":
        return adapters.merge(weights, {**adapter, "alpha": adapter["alpha"] / (adapter["ranks"].index(rank) + 1) * rank},
                              rank)[0]
    merged, _ = adapters.merge(weights, adapter, rank)  # a rank of its own for one module
    other, _ = adapters.merge(weights, adapter, largest if rank < largest else 1)
    return {**merged, QUERY + ".weight": other[QUERY + ".weight"]}


def test_merged_equals_unmerged_and_wrong_scales_do_not(graph, batch):
    with compiled(graph, ["eval"]) as program:
        fill(program)
        weights = {e["name"]: program.state(e["name"]).copy() for e in program.state_entries}
        for rank in RANKS:
            found = program.run("eval", batch, rank=rank)["logits"]

            def agrees(merged):
                return np.abs(_merged_logits(graph, batch, merged) - found).max() < 1e-5

            merged, report = adapters.merge(weights, ADAPTER, rank)
            assert agrees(merged)
            assert 0 < report["merge_error"] < 1e-6 < report["largest_change"] and report["modules"] == 4
            for kind in ("alpha/r·sqrt(r/b), as sd-scripts", "untruncated", "alpha/(block + 1), as LyCORIS", "ranks by module"):
                same = {"untruncated": rank == LARGEST, "ranks by module": False, "alpha/(block + 1), as LyCORIS": rank <= 2,
                        "alpha/r·sqrt(r/b), as sd-scripts": rank == LARGEST}[kind]
                assert agrees(_wrong(kind, weights, ADAPTER, rank)) == same, (kind, rank)


def test_with_sampling_and_checkpointing(graph, batch):
    """First factors from a sample of rows, second ones exact; recomputed layers change nothing."""
    with compiled(graph, ["grad"], "row8", ranks=[2]) as exact:
        fill(exact)
        wanted = exact.run("grad", batch, seed=1)
    sampled = {"ratio": 0.3}
    for more in ({"sampling": sampled}, {"sampling": sampled, "checkpointing": True}):
        options = {"recipe": "row8", "engine": "reference", "functions": ["grad"], "dropout": 0.0, **more,
                   "adapter": {**ADAPTER, "ranks": [2]}}
        with Program.compile(graph, options) as program:
            fill(program)
            found = program.run("grad", batch, seed=1)
            report = {line["site"]: line for line in program.info["sampling"]}
        assert report[QUERY + ".lora_A.weight"]["kept"] == 14 and "exact" in report[QUERY + ".lora_B.weight"]["reason"]
        assert found["loss"] == wanted["loss"]
        for name, value in wanted.items():
            same = np.array_equal(found[name], value)
            assert same == ("lora_A" not in name), name


def test_compile_report(graph, capsys):
    """Of all ranks, what the one that needs most needs."""
    assert cli.main(["compile", str(graph), "--recipe", "float", "--report", "--adapter", "dylora", "--ranks", "1,4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("step_r4, beside the state") and any(line.startswith("state: frozen") for line in lines)


def test_scale_is_that_of_the_sqrt_wrapper():
    for rank in range(1, 65):
        assert abs(16 / 64 * math.sqrt(64 / rank) ** 2 - 16 / rank) < 1e-13


def test_gradient_against_differences(graph, batch):
    with compiled(graph, ["grad"]) as program:
        fill(program)
        gradients = program.run("grad", batch, rank=2)
        for name, value in factors(program).items():
            direction = np.sign(gradients["grad/" + name]).astype(np.float32)

            def loss(step):
                program.assign(name, value + np.float32(step) * direction)
                return float(program.run("grad", batch, rank=2)["loss"])

            slope = (loss(2e-3) - loss(-2e-3)) / 4e-3
            program.assign(name, value)
            assert abs(slope - np.abs(gradients["grad/" + name]).sum()) < 2e-3 + 0.02 * abs(slope), name


def test_frozen_trains_the_last_row_alone(graph, batch):
    with compiled(graph, ["grad"], frozen=True) as program, compiled(graph, ["grad"]) as whole:
        fill(program), fill(whole)
        found, every = program.run("grad", batch, rank=2), whole.run("grad", batch, rank=2)
        for name in factors(program):
            got, all_rows = (g["grad/" + name] if "lora_A" in name else g["grad/" + name].T for g in (found, every))
            np.testing.assert_array_equal(got[1], all_rows[1])
            assert not got[[0, 2, 3]].any() and all_rows[0].any()


@pytest.mark.parametrize("functions", [["step"], ["grad", "update"]])
@pytest.mark.parametrize("frozen", [False, True])
def test_updates_masked_and_dense(graph, batch, functions, frozen):
    """A step at rank 4 fills all moments; a step at rank 2 must then leave rows 2 and 3 alone, or move them as AdamW does."""
    optimizer = {"weight_decay": 0.1, "max_grad_norm": 0.0}

    def step(program, number, rank):
        if functions == ["step"]:
            program.run("step", batch, lr=0.01, step=number, rank=rank)
        else:
            outputs = program.run("grad", batch, step=number, rank=rank)
            program.run("update", {n: v for n, v in outputs.items() if n.startswith("grad/")}, lr=0.01, step=number, rank=rank)

    for update in ("masked", "dense"):
        with compiled(graph, functions, optimizer=optimizer, update=update, frozen=frozen) as program:
            fill(program)
            step(program, 0, 4)
            names = [n + suffix for n in factors(program) for suffix in ("", "/moment1", "/moment2")]
            before = {n: program.state(n).copy() for n in names}
            step(program, 1, 2)
            untouched = [0, 2, 3] if frozen else [2, 3]
            for name in factors(program):
                w, m, v = (((program.state(name + s), before[name + s]) if "lora_A" in name else
                            (program.state(name + s).T, before[name + s].T)) for s in ("", "/moment1", "/moment2"))
                assert (w[0][1] != w[1][1]).any()
                for new, old in (w, m, v):
                    assert np.array_equal(new[untouched], old[untouched]) == (update == "masked" or not old[untouched].any())
                if update == "dense":
                    np.testing.assert_allclose(m[0][2:], np.float32(0.9) * m[1][2:], rtol=1e-6)
                    np.testing.assert_allclose(v[0][2:], np.float32(0.999) * v[1][2:], rtol=1e-6)
                    change = m[0][2:] / (1 - 0.9**2) / (np.sqrt(v[0][2:] / (1 - 0.999**2)) + 1e-8)
                    np.testing.assert_allclose(w[0][2:], w[1][2:] * (1 - 0.01 * 0.1) - 0.01 * change, rtol=2e-5, atol=1e-7)


def test_initial_values(graph):
    with compiled(graph, ["grad"]) as program:
        a = program.state(QUERY + ".lora_A.weight")
        draws = words32(a.size, seed=3, step=0, stream=stream_id(QUERY + ".lora_A.weight/init"))
        wanted = ((draws + 0.5) * 2.0**-31 - 1) / math.sqrt(a.shape[1])
        np.testing.assert_array_equal(a.reshape(-1), wanted.astype(np.float32))
        assert not program.state(QUERY + ".lora_B.weight").any() and np.abs(a).max() > 0.2


def test_rank_stream():
    ranks = [1, 2, 4, 8, 16, 32, 64]
    drawn = [adapters.rank_of_step(ranks, seed=5, step=s) for s in range(7000)]
    counts = np.array([drawn.count(r) for r in ranks])
    assert ((counts - 1000) ** 2 / 1000).sum() < 22.5  # chi-square, 6 degrees: 1 in 1,000
    assert drawn[10:20] != drawn[:10]
    assert [adapters.rank_of_step(ranks, seed=6, step=s) for s in range(20)] != drawn[:20]
    assert drawn[:8] == [adapters.rank_of_step(ranks, seed=5, step=s) for s in range(8)]


def run_json(capsys, *arguments):
    assert cli.main([str(a) for a in arguments]) == 0
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


@pytest.fixture
def job(tmp_path, checkpoint):
    return ["finetune", checkpoint, "--train", write_data(tmp_path / "t.tsv", 60, 1), "--eval",
            write_data(tmp_path / "e.tsv", 21, 2), "--task-preset", "sst2", "--batch", 4, "--seq", 12, "--steps", 12, "--lr",
            "2e-2", "--engine", "reference", "--adapter", "dylora", "--ranks", "1,2,4", "--json"]


def test_finetune_eval_merge(job, tmp_path, capsys):
    result = run_json(capsys, *job, "--lora-targets", "all-linear", "--out", tmp_path / "r")
    assert [row["rank"] for row in result["ranks"]] == [1, 2, 4] and result["metrics"] == result["ranks"][-1]["metrics"]
    again = run_json(capsys, "eval", tmp_path / "r", "--data", tmp_path / "e.tsv", "--json")
    assert [r["metrics"] for r in again["ranks"]] == [r["metrics"] for r in result["ranks"]]
    merged = run_json(capsys, "merge", tmp_path / "r", "--rank", 3, "-o", tmp_path / "m", "--json")
    assert merged["rank"] == 3 and 0 < merged["merge_error"] < 1e-6
    weights = load_file(tmp_path / "m" / "model.safetensors")
    assert not [n for n in weights if "lora" in n] and (tmp_path / "m" / "model.onnx").exists()
    run_json(capsys, "merge", tmp_path / "r", "--rank", 2, "--adapter-only", "-o", tmp_path / "a", "--json")
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert config["r"] == 2 and config["lora_alpha"] == 16 and config["modules_to_save"] == ["classifier"]
    tensors = load_file(tmp_path / "a" / "adapter_model.safetensors")
    assert tensors["base_model.model.bert.encoder.layer.1.output.dense.lora_B.weight"].shape == (16, 2)
    assert cli.main(["merge", str(tmp_path / "r"), "--rank", "5", "-o", str(tmp_path / "x")]) == 2
    assert "expected a rank from 1 to 4, but got 5" in capsys.readouterr().err


def test_killed_and_resumed(job, tmp_path, capsys, source):
    """Ranks, moments of rows that were not drawn, choices of tokens and the norms they were chosen by are state."""
    job = [*job, "--save-steps", 2, "--lora-update", "masked", "--grad-accum", 2, "--wta-crs", 0.5, "--norm-cache", "token"]
    wanted = run_json(capsys, *job, "--out", tmp_path / "whole")["state_sha256"]
    command = [sys.executable, "-m", "intq", *map(str, job), "--out", str(tmp_path / "cut")]
    environment = {**os.environ, "PYTHONPATH": str(source / "python")}
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (tmp_path / "cut" / "checkpoints" / "step-00000002").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert run_json(capsys, *job, "--out", tmp_path / "cut", "--resume")["state_sha256"] == wanted


@pytest.mark.parametrize("options, message", [
    (["--adapter", "lora", "--ranks", "1,2"], "--ranks belongs to dylora and qdylora"),
    (["--ranks", "1,2"], "--ranks needs --adapter"),
    (["--adapter", "lora", "--eval-ranks", "16"], "expected --eval-ranks up to the largest rank 8, but got 16"),
    (["--adapter", "lora", "--lora-targets", "keys"], "expected a target that names a linear layer before the head, but 'keys'"),
])
def test_mistakes(job, tmp_path, capsys, options, message):
    plain = job[: job.index("--adapter")]
    assert cli.main([str(a) for a in [*plain, *options, "--out", tmp_path / "x"]]) == 2
    assert message in capsys.readouterr().err


def test_file_with_backward(shared):
    """Its own backward is dropped; what is trained is the adapters and the head."""
    options = {"recipe": "row8", "engine": "reference", "functions": ["grad"], "adapter": {"ranks": [1, 2], "targets": ["query"]}}
    with Program.compile(shared / "bert2_training_grads.onnx", options) as program:
        trained = [e["name"] for e in program.state_entries if e["role"] == "parameter"]
        gradients = [o["name"].removeprefix("grad/") for o in program.outputs("grad") if o["name"].startswith("grad/")]
    assert sorted(trained) == sorted(gradients)
    assert all(".lora_" in n or n.startswith("classifier.") for n in trained) and len(trained) > 3

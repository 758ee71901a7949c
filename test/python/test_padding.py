"""Batches cut to their longest row: compiled lengths, results, commands on the finished run, and what is refused."""
import random

import numpy as np
import pytest
from test_end_to_end import record, run  # noqa: F401 (a fixture)

from intq import abi
from intq.padding import compiled_lengths, longest_row
from intq.program import Program


@pytest.mark.parametrize("seq, lengths", [(1, [1]), (7, [7]), (8, [8]), (9, [8, 9]), (20, [8, 16, 20]),
                                          (64, [8, 16, 24, 32, 40, 48, 56, 64]),
                                          (128, [16, 32, 48, 64, 80, 96, 112, 128])])
def test_compiled_lengths(seq, lengths):
    assert compiled_lengths(seq) == lengths


@pytest.mark.parametrize("mask, longest", [([[0, 0, 0]], 1), ([[1, 0, 0], [1, 1, 0]], 2), ([[1, 1, 1]], 3),
                                           ([[0, 0, 1]], 3)])  # padded on the left: nothing to cut
def test_longest_row(mask, longest):
    assert longest_row(np.array(mask)) == longest


def write_data(path, count, seed):
    """Sentences of 5 to 17 words."""
    choose = random.Random(seed)
    lines = ["label\ttext_a"]
    for _ in range(count):
        label = choose.randrange(2)
        words = ["very"] * choose.choice((0, 1, 2, 12)) + [choose.choice(["good", "fine"] if label else ["bad", "dull"])]
        lines.append(f"{label}\tthe film is {' '.join(words)} .")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture
def job(checkpoint, tmp_path):
    return ["finetune", str(checkpoint), "--train", write_data(tmp_path / "train.tsv", 50, 1),
            "--eval", write_data(tmp_path / "dev.tsv", 21, 2), "--task-preset", "sst2", "--batch", "3", "--seq", "24",
            "--steps", "4", "--lr", "1e-2", "--seed", "3"]


def test_float_results_agree_with_full_length(job, run, tmp_path, monkeypatch):  # noqa: F811
    """Without dropout the padding has no part in the loss: at most the order of float sums differs."""
    compiled, add_variant = [], Program.add_variant
    monkeypatch.setattr(Program, "add_variant", lambda self, variant, *rest: (compiled.append(variant),
                                                                              add_variant(self, variant, *rest)))
    loss = {kind: record(run(*job, "--recipe", "float", "--dropout", "0", "--pad-to", kind, "--out", tmp_path / kind,
                             "--json"))["eval_loss"] for kind in ("max", "longest")}
    assert compiled and set(compiled) <= {"8", "16"}  # the full length of 24 is no variant
    assert loss["longest"] == pytest.approx(loss["max"], rel=1e-4)


def test_every_route_gives_the_same_state(job, run, tmp_path):  # noqa: F811
    routes = [["--engine", "reference"]] + [["--cpu-isa", isa, "--threads", str(1 + n % 3)]
                                            for n, isa in enumerate(abi.cpu_isas())]
    states = {" ".join(route): record(run(*job, "--pad-to", "longest", *route, "--out", tmp_path / str(n), "--json"))
              ["state_sha256"] for n, route in enumerate(routes)}
    assert len(set(states.values())) == 1, states


@pytest.mark.parametrize("options", [["--grad-accum", "2"], ["--wta-crs", "0.5"], ["--adapter", "dylora", "--ranks", "1,2"],
                                     ["--wta-crs", "0.5", "--norm-cache", "sample"]])
def test_goes_with_other_options_and_resumes(job, run, tmp_path, options):  # noqa: F811
    job = [*job, "--pad-to", "longest", *options, "--out", tmp_path / "run", "--save-steps", "2"]
    whole = record(run(*job, "--json"))["state_sha256"]
    *_, newest = sorted((tmp_path / "run" / "checkpoints").iterdir())
    (newest / "manifest.json").unlink()  # as if killed before it was whole
    assert record(run(*job, "--resume", "--json"))["state_sha256"] == whole


def test_a_finished_run_is_evaluated_as_it_was_trained(job, run, tmp_path):  # noqa: F811
    found = record(run(*job, "--pad-to", "longest", "--out", tmp_path / "run", "--json"))
    again = record(run("eval", tmp_path / "run", "--data", tmp_path / "dev.tsv", "--json"))
    assert again["eval_loss"] == found["eval_loss"]
    code, _, err = run("predict", tmp_path / "run", "--data", tmp_path / "dev.tsv", "-o", tmp_path / "out.tsv")
    assert code == 0, err
    assert len((tmp_path / "out.tsv").read_text().splitlines()) == 22


def test_resuming_with_other_padding_is_refused(job, run, tmp_path):  # noqa: F811
    record(run(*job, "--pad-to", "longest", "--out", tmp_path / "run", "--json"))
    code, _, err = run(*job, "--resume", "--out", tmp_path / "run")
    assert code == 2 and "pad_to = 'longest'" in err


def test_an_onnx_model_of_fixed_length_is_refused(checkpoint, job, run, tmp_path):  # noqa: F811
    fixed = tmp_path / "fixed.onnx"
    code, _, err = run("export", checkpoint, "--task", "classification", "--num-labels", "2", "--batch", "3", "--seq", "24",
                       "-o", fixed)
    assert code == 0, err
    job[1] = str(fixed)
    code, _, err = run(*job, "--tokenizer", checkpoint, "--pad-to", "longest", "--out", tmp_path / "run")
    assert code == 2 and "symbolic sequence length" in err and not (tmp_path / "run").exists()


def test_token_norms_are_refused(job, run, tmp_path):  # noqa: F811
    code, _, err = run(*job, "--pad-to", "longest", "--wta-crs", "0.5", "--norm-cache", "token", "--out", tmp_path / "run")
    assert code == 2 and "--norm-cache sample" in err and not (tmp_path / "run").exists()

"""Code from the cache gives the bits of compiled code; what is wrong with an entry is noted and harmless."""
import os
import shutil

import numpy as np
import pytest

from intq import cli
from intq.options import TrainingOptions, default_cache_folder
from intq.program import Program


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("model"))


def tiny_model(folder, seq=16):
    from intq.checkpoint_folder import CheckpointFolder
    from intq.export import export_training
    from tiny_bert import write_checkpoint

    path = folder / f"train{seq}.onnx"
    checkpoint = CheckpointFolder.open(str(write_checkpoint(folder / f"bert{seq}")))
    export_training(checkpoint, path, task="classification", num_labels=2, batch=2, seq=seq)
    return path


def compile_step(model, cache):
    return Program.compile(model, {"recipe": "row8", "functions": ["step"], "cache_dir": str(cache)})


def step(program, name="step"):
    inputs = {}
    for spec in program.inputs(name):
        high = spec.get("range", [0, 2])[1]
        inputs[spec["name"]] = np.arange(np.prod(spec["shape"])).reshape(spec["shape"]) * 7 % high
        if spec["name"] == "attention_mask":
            inputs[spec["name"]] = np.ones(spec["shape"], np.int64)
    program.run(name, inputs, seed=1, lr=1e-3)
    return b"".join(program.state(e["name"]).tobytes() for e in program.state_entries)


def outcome(model, cache):
    with compile_step(model, cache) as program:
        return step(program), program.info["compile"]["cache"], program.info["notes"]


@pytest.fixture(scope="module")
def filled(model, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache") / "intq"
    state, how, notes = outcome(model, cache)
    assert how == "miss" and not notes
    return cache, state


def entry(cache):
    (path,) = cache.iterdir()
    return path


def test_second_start_hits_with_the_same_bits(model, filled):
    cache, state = filled
    assert outcome(model, cache) == (state, "hit", [])
    assert outcome(model, "")[:2] == (state, "off")


@pytest.mark.parametrize("options,kept", [(["--cache-dir", "mine"], "mine"), (["--no-cache"], None), ([], "theirs")])
def test_options_come_before_the_environment(model, options, kept, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTQ_CACHE_DIR", "theirs")
    ids = np.ones((2, 16), np.int64)
    np.savez("in.npz", input_ids=ids, attention_mask=ids, token_type_ids=ids * 0, labels=ids[:, 0])
    assert cli.main(["step", str(model), "--recipe", "row8", "--inputs", "in.npz", "--outputs", "out.npz", *options]) == 0
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ([kept] if kept else [])


def test_a_run_may_change_its_cache(monkeypatch):
    monkeypatch.setenv("INTQ_CACHE_DIR", "theirs")
    assert default_cache_folder() == "theirs"
    runs = [TrainingOptions(cache_dir=folder) for folder in (None, "", "mine")]
    assert [run.compiler_options(["step"])["cache_dir"] for run in runs] == ["theirs", "", "mine"]
    assert runs[0].identity() == runs[1].identity() == runs[2].identity()


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def foreign(path):
    path.write_bytes(b"intqobj1" + bytes(32) + path.read_bytes()[40:])


DAMAGES = {"flipped": (flip, "damaged"), "truncated": (lambda p: os.truncate(p, 1000), "damaged"),
           "empty": (lambda p: os.truncate(p, 0), "damaged"), "foreign": (foreign, "damaged"),
           "writable by others": (lambda p: p.chmod(0o666), "only you can write")}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_entry_is_noted_and_rebuilt(model, filled, tmp_path, damage):
    cache = tmp_path / "cache"
    shutil.copytree(filled[0], cache)
    harm, note = DAMAGES[damage]
    harm(entry(cache))
    state, how, notes = outcome(model, cache)
    assert (state, how) == (filled[1], "miss") and note in notes[0]
    assert outcome(model, cache) == (filled[1], "hit", [])


def test_folder_that_cannot_be_used_is_a_note(model, filled, tmp_path):
    (tmp_path / "file").write_text("")
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    for cache in (tmp_path / "file" / "below", open_folder):
        state, how, notes = outcome(model, cache)
        assert (state, how) == (filled[1], "miss") and notes


def test_variant_works_on_the_same_state(model, tmp_path):
    short = tiny_model(tmp_path, seq=8)
    options = {"recipe": "row8", "functions": ["step"]}
    with Program.compile(short, options) as alone, Program.compile(model, options) as both:
        count = len(both.state_entries)
        both.add_variant("8", short, options)
        assert len(both.state_entries) == count
        for e in alone.state_entries:
            both.state(e["name"])[...] = alone.state(e["name"])
        assert step(both, "step@8") == step(alone)

"""State in other programs' files: checkpoints of ONNX Runtime, and the claim that a backward in a file is."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import pytest

from intq import cli

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Import" / "Inputs"))
import models  # noqa: E402

STEPS = 6


def batches(count=STEPS):
    random = np.random.default_rng(3)
    return {"ids": random.integers(0, models.WORDS, (count, models.BATCH, models.TOKENS)),
            "labels": random.integers(0, models.CLASSES, (count, models.BATCH))}


def values():
    random = np.random.default_rng(4)
    return {name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in models.PARAMETERS.items()}


@pytest.fixture
def artifacts(tmp_path):
    onnx.save(models.training("A"), tmp_path / "model.onnx")
    np.savez(tmp_path / "first.npz", **{n: a[:STEPS // 2] for n, a in batches().items()}, **values())
    np.savez(tmp_path / "second.npz", **{n: a[STEPS // 2:] for n, a in batches().items()})
    np.savez(tmp_path / "all.npz", **batches(), **values())
    return tmp_path


def train(folder, name, steps, *options):
    return cli.main(["train", str(folder / "model.onnx"), "--recipe", "float", "--adam-mode", "ort", "--lr", "1e-2",
                     "--batches", str(folder / f"{name}.npz"), "--steps", str(steps), "--out", str(folder / f"run-{name}"),
                     *map(str, options)])


def read_json(source, path, folder):
    subprocess.run(["flatc", "--json", "--strict-json", "--raw-binary", "--defaults-json", "-o", folder,
                    source / "lib" / "Import" / "OrtCheckpoint.fbs", "--", path], check=True, capture_output=True)
    return json.loads((folder / (path.name + ".json")).read_text())


def write_json(source, content, folder):
    (folder / "changed.json").write_text(json.dumps(content))
    subprocess.run(["flatc", "--binary", "-o", folder, source / "lib" / "Import" / "OrtCheckpoint.fbs", folder / "changed.json"],
                   check=True)
    return folder / "changed.bin"


def test_checkpoint_carries_on(artifacts, source):
    """Three steps, a checkpoint, three steps more: bit for bit as six in a row, moments and bias correction included."""
    assert train(artifacts, "all", STEPS) == 0
    assert train(artifacts, "first", STEPS // 2) == 0
    assert train(artifacts, "second", STEPS // 2, "--checkpoint", artifacts / "run-first" / "ort_checkpoint") == 0
    assert (artifacts / "run-second" / "ort_checkpoint").read_bytes() == (artifacts / "run-all" / "ort_checkpoint").read_bytes()
    content = read_json(source, artifacts / "run-all" / "ort_checkpoint", artifacts)
    state, group = content["module_state"], content["optimizer_groups"][0]
    names = [t["name"] for t in state["requires_grad_params"]]
    assert content["version"] == 2 and state["frozen_params"] == [] and names == sorted(models.PARAMETERS)
    assert group["group_name"] == "group0" and group["step"] == STEPS
    assert [s["param_name"] for s in group["optimizer_states"]] == names
    assert [m["name"] for m in group["optimizer_states"][0]["momentums"]] == ["momentum0", "momentum1"]


def test_checkpoint_without_moments_is_a_stated_fresh_start(artifacts, source, capsys):
    assert train(artifacts, "first", 3) == 0
    content = read_json(source, artifacts / "run-first" / "ort_checkpoint", artifacts)
    content["optimizer_groups"] = []
    capsys.readouterr()
    assert train(artifacts, "second", 1, "--checkpoint", write_json(source, content, artifacts)) == 0
    assert "the checkpoint holds parameters only: the optimizer starts afresh" in capsys.readouterr().out


def change(content, path, value):
    *way, last = path
    for key in way:
        content = content[key]
    content[last] = value


@pytest.mark.parametrize("path,value,message", [
    (("step",), -1, "expected a step from 0"), (("optimizer_states", 0, "param_name"), "other", "to match a parameter of that name"),
    (("optimizer_states", 0, "momentums", 0, "dims"), [1], "expected 4 bytes for its shape"),
    (("optimizer_states", 0, "momentums"), [], "expected two moments"),
    (("optimizer_states", 0, "momentums", 1, "raw_data"), list(np.full(3, -1, np.float32).tobytes()), "second moments of at least 0")])
def test_h41_moments(artifacts, source, capsys, path, value, message):
    assert train(artifacts, "first", 2) == 0
    content = read_json(source, artifacts / "run-first" / "ort_checkpoint", artifacts)
    change(content["optimizer_groups"][0], path, value)
    capsys.readouterr()
    assert train(artifacts, "second", 1, "--checkpoint", write_json(source, content, artifacts)) == 2
    assert message in capsys.readouterr().err and not (artifacts / "run-second").exists()


def test_h36_writing(artifacts, capsys):
    """The old file stays where the new one cannot be written, and no draft is left."""
    from intq.errors import UserError
    from intq.program import Program
    with Program.compile(artifacts / "model.onnx", {"recipe": "float", "functions": ["step"]}) as program:
        for name, value in values().items():
            program.assign(name, value)
        target = artifacts / "out" / "c"
        target.parent.mkdir()
        target.write_text("old")
        program.save_checkpoint(target, step=1, lr=0.1)
        assert target.read_bytes()[4:8] == b"ODTC" and os.listdir(target.parent) == ["c"]
        for bad in ("/dev/full/c", artifacts / "nowhere" / "c"):
            with pytest.raises(UserError, match="cannot write it"):
                program.save_checkpoint(bad, step=1, lr=0.1)
        (artifacts / "folder" / "c").mkdir(parents=True)
        with pytest.raises(UserError, match="cannot rename it"):
            program.save_checkpoint(artifacts / "folder" / "c", step=1, lr=0.1)
        assert os.listdir(artifacts / "folder") == ["c"]


# Gradients.

def check(folder, model, capsys):
    onnx.save(model, folder / "m.onnx")
    np.savez(folder / "in.npz", **{n: a[0] for n, a in batches().items()})
    code = cli.main(["step", str(folder / "m.onnx"), "--recipe", "row8", "--inputs", str(folder / "in.npz"), "--check-gradients"])
    return code, capsys.readouterr()


def test_h22_gradients_are_checked(tmp_path, capsys):
    code, said = check(tmp_path, models.training("C"), capsys)
    assert code == 0 and f"{len(models.PARAMETERS)} gradients of the file agree" in said.out
    wrong = models.training("C")
    sums = next(n for n in wrong.graph.node if n.output[0] == "inner.bias_grad")
    sums.input[0] = "dz2"
    wrong.graph.node.append(onnx.helper.make_node("Add", ["dz", "dz"], ["dz2"]))
    code, said = check(tmp_path, wrong, capsys)
    assert code == 2 and "1 of 7 gradients of the file differ from intq's: 'inner.bias' (differs by" in said.err
    code, said = check(tmp_path, models.training("D"), capsys)
    assert code == 2 and "expected a backward in the file" in said.err


def test_h22_gradients_of_onnx_runtime(shared, tmp_path, capsys):
    folder = shared / "ort_artifacts"
    with np.load(folder / "batches.npz") as file:
        np.savez(tmp_path / "in.npz", **{name: file[name][0] for name in file.files})
    assert cli.main(["step", str(folder / "training_model.onnx"), "--checkpoint", str(folder / "checkpoint"), "--recipe", "float",
                     "--inputs", str(tmp_path / "in.npz"), "--check-gradients"]) == 0, capsys.readouterr().err
    assert "41 gradients of the file agree" in capsys.readouterr().out


# The user's own file with trained values.

def merged_model():
    """Two norms whose weights an exporter found equal and merged, one matrix stored transposed, one table."""
    g = models.Graph()
    ids, labels = g.input("ids", onnx.TensorProto.INT64, [2, 4]), g.input("labels", onnx.TensorProto.INT64, [2, 4])
    g.constant("first.weight", np.ones(models.WIDTH, np.float32))
    g.weight("first.bias", models.WIDTH)
    g.weight("second.bias", models.WIDTH)
    x = g.node("LayerNormalization", g.node("Gather", g.weight("table", models.WORDS, models.WIDTH), ids), "first.weight",
               "first.bias", epsilon=1e-12)
    x = models.linear(g, x, "inner", models.WIDTH, models.WIDTH, folded=True)
    g.node("Identity", "first.weight", outputs=["second.weight"])
    x = g.node("LayerNormalization", x, "second.weight", "second.bias", epsilon=1e-12)
    x = g.node("Reshape", models.linear(g, x, "out", models.CLASSES, models.WIDTH), g.constant("flat", np.array([-1, models.CLASSES])))
    x = g.node("SoftmaxCrossEntropyLoss", x, g.node("Reshape", labels, g.constant("line", np.array([-1]))), outputs=["loss"])
    g.output("loss", [])
    model = g.model()
    model.metadata_props.add(key="kept", value="as it was")
    return model


@pytest.fixture
def trained(tmp_path):
    def run(model, *options, steps=3, external=False):
        random = np.random.default_rng(5)
        given = {"ids": random.integers(0, models.WORDS, (2, 4)), "labels": random.integers(0, models.CLASSES, (2, 4))}
        np.savez(tmp_path / "b.npz", **{n: a[None] for n, a in given.items()})
        onnx.save_model(model, tmp_path / "own.onnx", save_as_external_data=external, location="w.bin", size_threshold=0)
        code = cli.main(["train", str(tmp_path / "own.onnx"), "--recipe", "float", "--batches", str(tmp_path / "b.npz"), "--steps",
                         str(steps), "--lr", "1e-2", "--lr-scheduler", "constant", "--out", str(tmp_path / f"run{steps}"), "--json", *options])
        assert code == 0
        return tmp_path / f"run{steps}" / "trained.onnx", given
    return run


def parameters_of(path):
    from safetensors.numpy import load_file
    return load_file(path.parent / "parameters.safetensors")


@pytest.mark.parametrize("external", [False, True])
def test_values_go_back_into_the_file(trained, capsys, external):
    from onnx.reference import ReferenceEvaluator
    path, given = trained(merged_model(), external=external)
    longer, _ = trained(merged_model(), steps=4, external=external)
    losses = json.loads(capsys.readouterr().out.strip().splitlines()[-1])["losses"]
    model, values = onnx.load(path), parameters_of(path)
    onnx.checker.check_model(model)
    assert ReferenceEvaluator(model).run(["loss"], given)[0] == pytest.approx(losses[3], rel=1e-5)
    held = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    np.testing.assert_array_equal(held["inner.weight_transposed"], values["inner.weight"].T)
    np.testing.assert_array_equal(held["out.weight"], values["out.weight"])
    assert not np.array_equal(values["first.weight"], values["second.weight"])
    np.testing.assert_array_equal(held["first.weight"], values["first.weight"])
    own = next(n for n in model.graph.node if n.op_type == "Identity").input[0]
    np.testing.assert_array_equal(held[own], values["second.weight"])
    assert [(p.key, p.value) for p in model.metadata_props] == [("kept", "as it was")]
    assert (path.parent / "trained.onnx.data").exists() == external


def test_untrained_bytes_stay(trained):
    path, _ = trained(merged_model())
    before, after = onnx.load(path.parents[1] / "own.onnx"), onnx.load(path)
    kept = {"flat", "line"}
    for model in (before, after):
        assert kept < {t.name for t in model.graph.initializer}
    for name in kept:
        first, second = (next(t for t in m.graph.initializer if t.name == name) for m in (before, after))
        assert first.SerializeToString() == second.SerializeToString()
    for model in (before, after):
        del model.graph.initializer[:]
    changed = [n for n, m in zip(before.graph.node, after.graph.node) if n.SerializeToString() != m.SerializeToString()]
    assert [n.op_type for n in changed] == ["Identity"]
    still, _ = trained(merged_model(), "--lr", "0", steps=1)
    own = (still.parents[1] / "own.onnx").read_bytes()
    assert len(onnx.load(still).graph.initializer) == len(onnx.load_from_string(own).graph.initializer) + 1


def test_no_place_is_said(tmp_path, capsys):
    from intq.trained_copy import save_trained_copy
    onnx.save(merged_model(), tmp_path / "m.onnx")
    entries = [{"name": n, "role": "parameter", "file": "first.weight"} for n in ("a", "b")]
    why = save_trained_copy(tmp_path / "m.onnx", entries, lambda name: np.zeros(models.WIDTH), tmp_path / "t.onnx")
    assert why == "the file holds 'b' and 'a' as one, 'first.weight'" and not (tmp_path / "t.onnx").exists()


@pytest.mark.parametrize("name", ["bert_cls_opset20_optimized", "bert_mlm_opset20_named"])
def test_exports_take_their_values_back(shared, tmp_path, capsys, name):
    with np.load(shared / "torch_dynamo" / f"{name}.npz") as file:
        given = {n.removeprefix("in/"): file[n] for n in file.files if n.startswith("in/")}
    np.savez(tmp_path / "b.npz", **{n: a[None] for n, a in given.items()})
    np.savez(tmp_path / "in.npz", **given)
    losses = {}
    for model, steps in ((shared / "torch_dynamo" / f"{name}.onnx", 4), (tmp_path / "run4" / "trained.onnx", 1)):
        assert cli.main(["train", str(model), "--recipe", "float", "--batches", str(tmp_path / "b.npz"), "--steps", str(steps), "--lr",
                         "1e-2", "--lr-scheduler", "constant", "--out", str(tmp_path / f"run{steps}"), "--json"]) == 0
        losses[steps] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])["losses"]
    assert losses[1][0] < losses[4][3] < losses[4][0]  # it carries on where the training ended
    assert cli.main(["train", str(shared / "torch_dynamo" / f"{name}.onnx"), "--recipe", "float", "--batches", str(tmp_path / "b.npz"),
                     "--steps", "5", "--lr", "1e-2", "--lr-scheduler", "constant", "--out", str(tmp_path / "run5"), "--json"]) == 0
    five = json.loads(capsys.readouterr().out.strip().splitlines()[-1])["losses"]
    assert losses[1][0] == pytest.approx(five[4], rel=1e-6)


def test_finetune_from_a_checkpoint(checkpoint, shared, tmp_path, capsys):
    artifacts = shared / "ort_artifacts"
    data = tmp_path / "d.tsv"
    data.write_text("text\tlabel\n" + "".join(f"paris is in rome\t{i % 2}\n" for i in range(12)))
    arguments = ["finetune", str(artifacts / "training_model.onnx"), "--tokenizer", str(checkpoint), "--train", str(data), "--batch", "4",
                 "--seq", "24", "--steps", "2", "--recipe", "row8"]
    assert cli.main([*arguments, "--out", str(tmp_path / "no")]) == 2
    assert "name an ONNX Runtime checkpoint" in capsys.readouterr().err and not (tmp_path / "no").exists()
    assert cli.main([*arguments, "--checkpoint", str(artifacts / "checkpoint"), "--out", str(tmp_path / "r")]) == 0, capsys.readouterr().err
    assert "the optimizer starts afresh" in capsys.readouterr().out
    assert (tmp_path / "r" / "model" / "ort_checkpoint").read_bytes()[4:8] == b"ODTC"

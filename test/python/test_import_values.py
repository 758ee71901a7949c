"""The imported program computes what the file says: against the onnx package, stored gradients, and itself."""
import json
import os
import pathlib
import sys

import numpy as np
import onnx
import pytest
from imported_model import Imported, assert_gradients_close, run_tool
from onnx.reference import ReferenceEvaluator
from safetensors.numpy import load_file

from intq import cli

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Import" / "Inputs"))
import models  # noqa: E402
from ortmodule import ortmodule  # noqa: E402
from training_info import training_info  # noqa: E402

SHARED = pathlib.Path(os.environ.get("INTQ_ONNX_DATA", pathlib.Path(__file__).parents[3] / "shared" / "data" / "onnx"))
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the folder of exported models {SHARED} is missing")


def imported(build, folder, model):
    path = folder / "model.onnx"
    onnx.save(model, str(path))
    return Imported(build, path)


def encoder_inputs():
    random = np.random.default_rng(1)
    return {"input_ids": random.integers(0, models.WORDS, (models.BATCH, models.TOKENS)),
            "attention_mask": np.array([[1, 1, 1, 0], [1, 1, 1, 1]]), "labels": np.array([2, 0])}


@pytest.mark.parametrize("name", ["encoder", "spelled"])
def test_forward_against_the_onnx_package(build, tmp_path, name):
    model, inputs = models.MODELS[name](), encoder_inputs()
    got = imported(build, tmp_path, model).run(inputs)
    loss, logits = ReferenceEvaluator(model).run(["loss", "logits"], inputs)
    np.testing.assert_allclose(got["logits"], logits, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(got["loss"], loss, rtol=1e-5)


@pytest.mark.parametrize("norm", [models.norm_spelled, models.norm_keras])
def test_spellings_give_the_same_gradients(build, tmp_path, norm):
    """Layer norm and mask spelled out or not: the programs are equal but for the form of GELU."""
    inputs = encoder_inputs()
    operators = imported(build, tmp_path, models.encoder()).run(inputs)
    spelled = imported(build, tmp_path, models.encoder(norm, mask=models.mask_gathered, opset=15)).run(inputs)
    for name, value in operators.items():
        np.testing.assert_array_equal(value, spelled[name], err_msg=name)


def test_backward_of_the_file_against_differentiation(build, tmp_path):
    inputs = {"ids": encoder_inputs()["input_ids"], "labels": np.array([2, 0])}
    forward = imported(build, tmp_path, models.training("D")).run(inputs)
    backward = imported(build, tmp_path, models.training("C")).run(inputs)
    assert forward.keys() == backward.keys()
    for name, value in forward.items():
        np.testing.assert_array_equal(value, backward[name], err_msg=name)


def test_ortmodule_against_differentiation(build, tmp_path):
    """Form B: the loss that is yielded has the gradient 1, the logits beside it 0; or a loss that is added."""
    inputs = {"ids": encoder_inputs()["input_ids"], "labels": np.array([2, 0])}
    model = models.training("D")
    forward = imported(build, tmp_path, model).run(inputs)
    onnx.save(ortmodule(), str(tmp_path / "model.onnx"))
    for options in ([], ["--loss=cross-entropy"]):
        program = Imported(build, tmp_path / "model.onnx", *options)
        program.values = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
        got = program.run(inputs)
        assert 'intq.form = "B"' in program.text and ("@forward" in program.text) == bool(options)
        assert got.keys() == forward.keys() | {"logits"}
        for name, value in forward.items():
            np.testing.assert_array_equal(value, got[name], err_msg=name)


def test_ortmodule_trains(tmp_path, capsys):
    """Three integer steps of form B and of the forward graph give the same parameters; its backward agrees with intq's."""
    forward, values = models.training("D"), {}
    for tensor in forward.graph.initializer:
        values[tensor.name] = onnx.numpy_helper.to_array(tensor)
    batches = {"ids": np.tile(encoder_inputs()["input_ids"], (3, 1, 1)), "labels": np.array([[2, 0], [1, 1], [0, 2]])}
    parameters = {n: values[n] for n in models.PARAMETERS}
    np.savez(tmp_path / "d.npz", **batches)
    np.savez(tmp_path / "b.npz", **batches, **parameters)
    np.savez(tmp_path / "in.npz", **{n: a[0] for n, a in batches.items()}, **parameters)
    trained = {}
    for form, model in (("d", forward), ("b", ortmodule())):
        onnx.save(model, tmp_path / f"{form}.onnx")
        assert cli.main(["train", str(tmp_path / f"{form}.onnx"), "--batches", str(tmp_path / f"{form}.npz"), "--steps", "3",
                         "--recipe", "row8", "--out", str(tmp_path / form)]) == 0, capsys.readouterr().err
        trained[form] = load_file(tmp_path / form / "parameters.safetensors")
    for name in models.PARAMETERS:
        np.testing.assert_array_equal(trained["b"][name], trained["d"][name], err_msg=name)
    assert any(np.any(trained["b"][n] != values[n]) for n in models.PARAMETERS)
    capsys.readouterr()
    check = ["step", str(tmp_path / "b.onnx"), "--recipe", "float", "--inputs", str(tmp_path / "in.npz"), "--check-gradients"]
    assert cli.main(check) == 0 and "7 gradients of the file agree" in capsys.readouterr().out
    assert cli.main([*check, "--loss", "cross-entropy"]) == 2 and "expected a backward in the file" in capsys.readouterr().err


@pytest.mark.parametrize("name,batch", [("ortmodule", models.BATCH), ("ortmodule-dynamic", "batch")])
def test_ortmodule_of_onnx_runtime(build, source, tmp_path, name, batch):
    """What ORTModule made of the encoder, which holds one matrix transposed (test/Import/Inputs/make_ortmodule.py)."""
    model, options = models.encoder(models.norm_spelled, opset=15, batch=batch), ["--bind=batch=2"] if batch == "batch" else []
    onnx.save(model, str(tmp_path / "forward.onnx"))
    expected = Imported(build, tmp_path / "forward.onnx", *options).run(encoder_inputs())
    program = Imported(build, source / "test" / "Import" / "Inputs" / f"{name}.onnx", *options)
    program.values = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    got = program.run(encoder_inputs())
    renamed = {k.replace("inner.weight_transposed", "inner.weight"): v for k, v in got.items()}
    assert renamed.keys() == expected.keys()
    np.testing.assert_allclose(renamed["loss"], expected["loss"], rtol=1e-6)
    assert_gradients_close(renamed, {k: v for k, v in expected.items() if k.startswith("grad/")})


@pytest.mark.parametrize("optimizer,attributes,moments,note", [
    ("Adam", {"alpha": 0.8, "epsilon": 1e-5}, "VH", "--adam-mode ort --adam-betas 0.8,0.999 --adam-eps 1e-05"),
    ("Momentum", {"alpha": 0.9, "beta": 1.0, "norm_coefficient": 0.0, "mode": "standard"}, "V", "intq's AdamW updates by --lr"),
    ("Adagrad", {}, "H", "intq's AdamW updates by --lr")])
def test_training_info_against_differentiation(build, tmp_path, optimizer, attributes, moments, note):
    inputs = {"ids": encoder_inputs()["input_ids"], "labels": np.array([2, 0])}
    forward = imported(build, tmp_path, models.training("D")).run(inputs)
    model, chosen = training_info(optimizer, attributes, moments)
    program = imported(build, tmp_path, model)
    values = [t for t in (*model.graph.initializer, *model.training_info[0].algorithm.initializer)]
    program.values = {t.name: onnx.numpy_helper.to_array(t) for t in values}
    got = program.run(inputs)
    assert 'intq.form = "E"' in program.text and {k[5:] for k in got if k.startswith("grad/")} == set(chosen)
    assert f"'update' ({optimizer}" in program.notes and note in program.notes
    for name in ("loss", *(f"grad/{n}" for n in chosen)):
        np.testing.assert_array_equal(got[name], forward[name], err_msg=name)


def test_standard_gradient_against_differentiation(build, tmp_path):
    """Form E: the loss is y, and xs alone is trained."""
    inputs = {"ids": encoder_inputs()["input_ids"], "labels": np.array([2, 0])}
    model = models.training("D")
    forward = imported(build, tmp_path, model).run(inputs)
    chosen = [k[5:] for k in forward if k.startswith("grad/")][1:3]
    rest = [t.name for t in model.graph.initializer if "grad/" + t.name in forward and t.name not in chosen]
    results = [f"d_{name}" for name in chosen]
    model.graph.node.append(onnx.helper.make_node("Gradient", chosen + rest, results, domain="ai.onnx.preview.training",
                                                  xs=chosen, zs=rest, y="loss"))
    for result in results:
        model.graph.output.append(onnx.helper.make_tensor_value_info(result, onnx.TensorProto.FLOAT, None))
    model.opset_import.append(onnx.helper.make_opsetid("ai.onnx.preview.training", 1))
    program = imported(build, tmp_path, model)
    got = program.run(inputs)
    assert 'intq.form = "E"' in program.text and {k[5:] for k in got if k.startswith("grad/")} == set(chosen)
    assert got.keys() < forward.keys()
    for name, value in got.items():
        np.testing.assert_array_equal(value, forward[name], err_msg=name)


def test_fused_operators_against_their_parts(build, tmp_path):
    inputs = {"ids": encoder_inputs()["input_ids"], "labels": np.array([2, 0])}
    apart = imported(build, tmp_path, models.fused(apart=True)).run(inputs)
    fused = imported(build, tmp_path, models.fused(apart=False)).run(inputs)
    assert apart.keys() == fused.keys()
    for name, value in apart.items():
        np.testing.assert_array_equal(value, fused[name], err_msg=name)


@pytest.mark.parametrize("name,labels", [
    ("span", {"start_positions": np.array([1, models.TOKENS]), "end_positions": np.array([3, 2])}),
    ("regression", {"labels": np.array([0.5, -1], np.float32)})])
def test_losses_against_the_onnx_package(build, tmp_path, name, labels):
    model, inputs = models.MODELS[name](), {"ids": encoder_inputs()["input_ids"], **labels}
    got = imported(build, tmp_path, model).run(inputs)
    np.testing.assert_allclose(got["loss"], ReferenceEvaluator(model).run(["loss"], inputs)[0], rtol=1e-5)


def stored(name):
    path = SHARED / "torch_dynamo" / f"{name}.npz"
    values = np.load(path)
    inputs = {k[3:]: values[k] for k in values.files if k.startswith("in/")}
    return path.with_suffix(".onnx"), inputs, values["loss"], {k: values[k] for k in values.files if k.startswith("grad/")}


def unwrapped(outputs):
    """These exports wrap the model in a module `m`."""
    return {k.replace("grad/m.", "grad/"): v for k, v in outputs.items()}


def test_added_loss_takes_the_labels_of_the_file(build, tmp_path):
    inputs = {"ids": encoder_inputs()["input_ids"], "labels": np.array([2, 0])}
    model = models.training("D")
    own = imported(build, tmp_path, model).run(inputs)
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, None))
    onnx.save(model, str(tmp_path / "model.onnx"))
    added = Imported(build, tmp_path / "model.onnx", "--loss=cross-entropy").run(inputs)
    for name, value in own.items():
        np.testing.assert_array_equal(value, added[name], err_msg=name)
    done = run_tool(build, "intq-translate", f"--import-model={tmp_path / 'model.onnx'}", "--loss=mse")
    assert done.returncode == 2 and "expected float32 labels [2, 3] for the added loss, but the file has an input" in done.stderr


# MLM: what torch ties under one name, the file calls by the other.
TIED = {"grad/bert.embeddings.word_embeddings.weight": "grad/cls.predictions.decoder.weight",
        "grad/cls.predictions.bias": "grad/cls.predictions.decoder.bias"}


@needs_shared
@pytest.mark.parametrize("name", ["bert_cls_opset20_named", "albert_cls_opset20_named", "bert_mlm_opset20_named",
                                  "bert_cls_opset20_optimized", "bert_cls_opset23_attention"])
def test_torch_exports(build, name):
    path, inputs, loss, gradients = stored(name)
    got = unwrapped(Imported(build, path).run(inputs))
    np.testing.assert_allclose(got["loss"], loss, rtol=2e-6)
    expected = {}
    for key, value in gradients.items():
        key = key if key in got else TIED[key]
        expected[key] = value[: got[key].shape[0]] if value.ndim == 2 else value  # a folded table holds its first rows
    assert len(expected) == sum(key.startswith("grad/") for key in got)
    assert_gradients_close(got, expected)


@needs_shared
def test_merged_parameters_are_told_apart(build):
    """22 of 41 parameters share three initializers in this file, 2 are dropped, 2 tables are folded."""
    program = Imported(build, SHARED / "torch_dynamo" / "bert_cls_opset20_optimized.onnx")
    state = program.state()
    assert len(state) == 41
    assert sum('intq.file = "m.bert.embeddings.LayerNorm.bias"' in a for a in state.values()) == 15
    assert sum("intq.transposed" in a for a in state.values()) == 12
    assert sum("intq.file" not in a for a in state.values()) == 2
    assert "intq.rows = array<i64: 0, 24>" in state["m.bert.embeddings.position_embeddings.weight"]


@needs_shared
@pytest.mark.parametrize("name", ["bert2_training_grads", "bert2_training_model"])
def test_backward_in_the_file(build, name):
    reference = json.loads((SHARED / "bert2_ref.json").read_text())
    program = Imported(build, SHARED / f"{name}.onnx")
    program.values = {k: np.array(v, np.float32).reshape(shape) for k, (shape, v) in reference["params"].items()}
    shapes = reference["shapes"]
    got = program.run({k: np.array(v).reshape(shapes.get(k, -1)) for k, v in reference["feeds"].items()})
    assert abs(got["loss"] - reference["loss"]) < 1e-6
    assert_gradients_close(got, {f"grad/{k}": np.array(v) for k, v in reference["grads"].items()})


@needs_shared
@pytest.mark.parametrize("name", ["forward", "eval_model"])
def test_artifacts_agree_with_their_forward(build, name):
    """ONNX Runtime's training graph against autodiff of its forward graph, from the same parameters."""
    folder = SHARED / "ort_artifacts"
    checkpoint = f"--checkpoint={folder / 'checkpoint'}"
    forward = Imported(build, folder / f"{name}.onnx", "--loss=cross-entropy" if name == "forward" else checkpoint)
    backward = Imported(build, folder / "training_model.onnx", checkpoint)
    values = onnx.load(str(folder / "forward.onnx")).graph.initializer
    forward.values = backward.values = {t.name: onnx.numpy_helper.to_array(t) for t in values}
    batches = np.load(folder / "batches.npz")
    inputs = {k: batches[k][0] for k in ("input_ids", "attention_mask", "labels")}
    expected, got = forward.run(inputs), backward.run(inputs)
    losses = json.loads((folder / "losses.json").read_text())
    assert abs(got["onnx::loss::2"] - losses["loss_per_step"][0]) < 1e-6
    assert_gradients_close(got, {k: v for k, v in expected.items() if k.startswith("grad/")})

"""`intq step --recipe float` against PyTorch's autograd, and `intq train` against ONNX Runtime's own training.

The files lie in ../shared/data/onnx beside the checkout; without them these tests are skipped.
"""
import json

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from test_export import export, feeds, transformers_model

from intq import cli

ENGINES = ["reference", "cpu"]


def step(tmp_path, model, inputs, *options):
    np.savez(tmp_path / "in.npz", **inputs)
    arguments = ["step", str(model), "--recipe", "float", "--inputs", str(tmp_path / "in.npz"), "--outputs",
                 str(tmp_path / "out.npz"), *options]
    assert cli.main(arguments) == 0
    with np.load(tmp_path / "out.npz") as file:
        return dict(file)


def assert_gradients(outputs, expected, names=None, single=None):
    """‖difference‖ ≤ 1e-5·‖reference‖ + 1e-8·G, G the norm of all gradients; where `single` gives PyTorch's own
    gradients in binary32 and `expected` those in binary64, three times its error is allowed too."""
    norm = np.sqrt(sum(np.sum(np.square(g, dtype=np.float64)) for g in expected.values()))
    for name in names or expected:
        found, reference = outputs["grad/" + name].astype(np.float64), expected[name].astype(np.float64)
        bound = 1e-5 * np.linalg.norm(reference) + 1e-8 * norm
        if name == "qa_outputs.bias":  # true gradient 0: a shift of all positions' scores; only rounding is left
            bound = 1e-7 * norm
        elif single:
            bound = max(bound, 3 * np.linalg.norm(single[name].astype(np.float64) - reference))
        if len(found) < len(reference):  # the file holds only the rows that it uses
            assert name.endswith("_embeddings.weight") and not reference[len(found):].any()
            reference = reference[:len(found)]
        assert found.shape == reference.shape, name
        assert np.linalg.norm(found - reference) <= bound, name


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("file", ["bert2_training_grads.onnx", "bert2_training_model.onnx"])
def test_imported_backward(shared, tmp_path, engine, file):
    record = json.loads((shared / "bert2_ref.json").read_text())
    inputs = {name: np.array(values, np.int64).reshape(record["shapes"][name])
              for name, values in record["feeds"].items()}
    parameters = {name: np.array(values, np.float32).reshape(dims) for name, (dims, values) in record["params"].items()}
    outputs = step(tmp_path, shared / file, {**inputs, **parameters}, "--engine", engine)
    assert outputs["loss"] == pytest.approx(record["loss"], rel=1e-6)
    expected = {n: np.array(g, np.float32).reshape(parameters[n].shape) for n, g in record["grads"].items()}
    assert_gradients(outputs, expected)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["bert_cls_opset20_named", "bert_cls_opset20_optimized"])
def test_default_torch_export(shared, tmp_path, engine, name):
    with np.load(shared / "torch_dynamo" / f"{name}.npz") as file:
        arrays = dict(file)
    inputs = {k[3:]: v for k, v in arrays.items() if k.startswith("in/")}
    outputs = step(tmp_path, shared / "torch_dynamo" / f"{name}.onnx", inputs, "--engine", engine)
    assert outputs["loss"] == pytest.approx(float(arrays["loss"]), rel=1e-6)
    expected = {k[5:]: v for k, v in arrays.items() if k.startswith("grad/")}
    found = {k.replace("grad/m.", "grad/"): v for k, v in outputs.items()}
    whole = [n for n in expected if "grad/" + n in found]
    assert len(whole) >= (41 if "named" in name else 39)
    assert_gradients(found, expected, whole)


@pytest.mark.parametrize("engine", ENGINES)
def test_replay_of_onnx_runtime_training(shared, tmp_path, capsys, engine):
    folder = shared / "ort_artifacts"
    losses = json.loads((folder / "losses.json").read_text())["loss_per_step"]
    code = cli.main(["train", str(folder / "training_model.onnx"), "--checkpoint", str(folder / "checkpoint"),
                     "--batches", str(folder / "batches.npz"), "--steps", "20", "--recipe", "float", "--lr", "1e-3",
                     "--adam-mode", "ort", "--engine", engine, "--out", str(tmp_path / "r"), "--json"])
    record = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert code == 0
    np.testing.assert_allclose(record["losses"], losses, atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("task,num_labels", [("classification", 3), ("regression", 1), ("qa", 2)])
def test_exported_graph_equals_transformers(checkpoint, tmp_path, task, num_labels, engine):
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    export(checkpoint, tmp_path / "m.onnx", task, num_labels)
    given = feeds(task, num_labels)
    outputs = step(tmp_path, tmp_path / "m.onnx", given, "--dropout", "0", "--engine", engine)
    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(tmp_path / "m.onnx").graph.initializer}
    gradients = {}
    for kind in ("single", "double"):
        reference = getattr(transformers_model(checkpoint, task, num_labels, tensors),
                            "float" if kind == "single" else "double")()
        wanted = next(reference.parameters()).dtype
        loss = reference(**{k: torch.from_numpy(v).to(wanted) if v.dtype == np.float32 else torch.from_numpy(v)
                            for k, v in given.items()}).loss
        loss.backward()
        gradients[kind] = {n.removeprefix("bert."): p.grad.numpy() for n, p in reference.named_parameters()
                           if p.grad is not None}
    assert len(gradients["double"]) >= 37 and outputs["loss"] == pytest.approx(loss.item(), rel=1e-5)
    assert_gradients(outputs, gradients["double"], single=gradients["single"])

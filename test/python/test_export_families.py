"""intq export of every family and head: loss and gradients of transformers' own model. Needs PyTorch and transformers."""
import warnings

import exported_models as exported
import numpy as np
import onnx
import pytest
from imported_model import Imported
from onnx.reference import ReferenceEvaluator
from test_exporters import assert_close, matched_gradients

from intq.checkpoint_folder import CheckpointFolder
from intq.errors import UserError
from intq.export import export_inference, export_training

HEADS = ("classification", "regression", "qa", "token-classification", "mlm")


def model_and_folder(tmp_path, family, head):
    pytest.importorskip("torch", reason="PyTorch is not installed here")
    pytest.importorskip("transformers", reason="transformers is not installed here")
    case = exported.Case(family, head, attention="eager")
    model = exported.build(case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save_pretrained(tmp_path / "folder")
    return case, model, CheckpointFolder.open(tmp_path / "folder")


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("family", exported.FAMILIES)
def test_gradients_of_transformers(build, tmp_path, family, head):
    case, model, folder = model_and_folder(tmp_path, family, head)
    labels = {"regression": 1, "qa": 2}.get(head, exported.LABELS)
    drawn = export_training(folder, tmp_path / "model.onnx", task=head, num_labels=labels, batch=exported.BATCH,
                            seq=exported.TOKENS, dropout=0.0)
    assert not drawn
    loss, gradients = exported.reference(case, model)
    inputs, targets = exported.feeds(case)
    inputs.setdefault("token_type_ids", np.zeros_like(inputs["input_ids"]))  # where the configuration has several
    program = Imported(build, tmp_path / "model.onnx")
    assert "note:" not in program.notes
    got = program.run({**inputs, **targets})
    np.testing.assert_allclose(got["loss"], loss, rtol=1e-5)
    assert_close(case, matched_gradients(got, gradients, {name: [name] for name in gradients}))
    assert {k[5:] for k in got if k.startswith("grad/")} == set(gradients)


def test_length_beyond_counted_positions(tmp_path):
    _, _, folder = model_and_folder(tmp_path, "roberta", "classification")
    with pytest.raises(UserError, match="at most 14"):
        export_training(folder, tmp_path / "model.onnx", task="qa", num_labels=2, batch=1, seq=15)


@pytest.mark.parametrize("family", exported.FAMILIES)
def test_inference_graph_of_any_length(tmp_path, family):
    case, model, folder = model_and_folder(tmp_path, family, "classification")
    export_inference(folder.config, folder.tensor, folder.prefix, tmp_path / "model.onnx", task="classification",
                     num_labels=exported.LABELS)
    import torch
    inputs, _ = exported.feeds(case)
    wanted = model(**{name: torch.tensor(value) for name, value in inputs.items()})[0].detach().numpy()
    inputs.setdefault("token_type_ids", np.zeros_like(inputs["input_ids"]))
    graph = onnx.load(tmp_path / "model.onnx")
    [got] = ReferenceEvaluator(graph).run(["logits"], {i.name: inputs[i.name] for i in graph.graph.input})
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)

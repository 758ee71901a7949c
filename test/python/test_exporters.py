"""Each model × head × exporter: the imported file has the loss and gradients of torch's autograd. Needs PyTorch and
transformers. tools/dev/models_page.py runs every case and writes docs/Models.md; here those that take a moment."""
import pathlib

import exported_models as exported
import numpy as np
import pytest
from imported_model import Imported

MODELS = pathlib.Path(__file__).parents[2] / "docs" / "Models.md"


def first_rows(gradient, like):
    """An optimized export holds the rows of the position table that it looks up, no others."""
    return gradient[:like.shape[0]] if gradient.ndim == 2 and gradient.shape != like.shape else gradient


def matched_gradients(got, gradients, tied):
    """Pairs (file's, torch's) by torch's names. A matrix that the exporter transposed for one of two uses is two
    parameters of the file, whose gradients add up to torch's. MPNet's folded position bias is not trained."""
    pairs = {}
    for name, value in gradients.items():
        parts = [got[f"grad/{n}"].astype(np.float64) for n in tied[name] if f"grad/{n}" in got]
        if parts:
            pairs[name] = sum(parts), first_rows(value, parts[0]).astype(np.float64)
        else:
            assert "relative_attention_bias" in name, f"{name} is not trained"
    return pairs


def assert_close(case, pairs):
    total = np.sqrt(sum(np.sum(np.square(wanted)) for _, wanted in pairs.values()))
    for name, (value, wanted) in pairs.items():
        # A constant added to all positions moves no span: the true gradient of this bias is 0.
        noise = 1e-7 if case.head == "qa" and name == "qa_outputs.bias" else 1e-8
        difference = np.linalg.norm(value - wanted)
        assert difference <= 1e-5 * np.linalg.norm(wanted) + noise * total, f"{name}: {difference}"


def compare(build, path, case, named=lambda got: got):
    """Exports to `path`, unless it is there, and compares; returns the names of torch's parameters left untrained. `named`
    gives the results torch's names."""
    model = exported.build(case)
    if not path.exists():
        exported.export(case, model, path)
    loss, gradients = exported.reference(case, model)
    names = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    tied = {name: group for group in names.values() for name in group}
    options = [f"--loss={case.loss}"] if case.loss else []
    if case.exporter == "torchscript":
        options.append("--padding-idx=input_ids=1")  # Gather cannot say it
    inputs, labels = exported.feeds(case)
    got = named(Imported(build, path, *options).run({**inputs, **labels}))
    np.testing.assert_allclose(got["loss"], loss, rtol=1e-5)
    pairs = matched_gradients(got, gradients, tied)
    assert_close(case, pairs)
    assert {f"grad/{n}" for name in pairs for n in tied[name]} >= {k for k in got if k.startswith("grad/")}
    return sorted(set(gradients) - set(pairs))


@pytest.mark.parametrize("case", [c for c in exported.cases() if c.exporter == "torchscript"], ids=str)
def test_torchscript_exports(build, tmp_path, case):
    pytest.importorskip("torch", reason="PyTorch is not installed here")
    pytest.importorskip("transformers", reason="transformers is not installed here")
    compare(build, tmp_path / "model.onnx", case)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_dynamo_exports(build, tmp_path, family):
    pytest.importorskip("torch", reason="PyTorch is not installed here")
    pytest.importorskip("transformers", reason="transformers is not installed here")
    pytest.importorskip("onnxscript", reason="torch's exporter needs onnxscript, which is not installed here")
    compare(build, tmp_path / "model.onnx", exported.Case(family, "classification"))


def test_models_page_lists_every_case():
    text = MODELS.read_text()
    missing = [case for case in exported.cases() if f"`{case}`" not in text]
    assert not missing, "run tools/dev/models_page.py"

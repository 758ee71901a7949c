"""ONNX Runtime's fused layers and expanded loss, positions counted from the padding, and the options on parameters."""
import pathlib
import sys

import numpy as np
import onnx
import pytest
from imported_model import Imported, assert_gradients_close, run_tool
from onnx.reference import ReferenceEvaluator

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Import" / "Inputs"))
import models  # noqa: E402

IDS = np.array([[3, 5, 7, 1], [9, 2, 2, 10]])
LABELS = np.array([2, 0])


def imported(build, folder, model, *options):
    path = folder / "model.onnx"
    onnx.save(model, str(path))
    return Imported(build, path, *options)


def test_fused_embeddings_attention_and_loss(build, tmp_path):
    inputs = {"ids": IDS, "mask": np.array([[1, 1, 1, 0], [1, 1, 1, 1]]), "labels": np.array([2, -100])}
    apart = imported(build, tmp_path, models.fused_encoder(apart=True)).run(inputs)
    fused = imported(build, tmp_path, models.fused_encoder(apart=False)).run(inputs)
    assert apart.keys() == fused.keys()
    [loss] = ReferenceEvaluator(models.fused_encoder(apart=True)).run(["loss"], inputs)
    np.testing.assert_allclose(fused["loss"], loss, rtol=1e-5)
    np.testing.assert_array_equal(fused["loss"], apart["loss"])
    assert_gradients_close(fused, {k: v for k, v in apart.items() if k.startswith("grad/")})


def test_counts_of_kept_tokens(build, tmp_path):
    """What ONNX Runtime's transformers optimizer gives Attention in place of the mask."""
    inputs = {"ids": IDS, "mask": np.array([[1, 1, 1, 0], [1, 1, 1, 1]]), "labels": LABELS}
    model = models.fused_encoder(apart=False)
    masked = imported(build, tmp_path, model).run(inputs)
    attention = next(n for n in model.graph.node if n.op_type == "Attention")
    embedding = next(n for n in model.graph.node if n.op_type == "EmbedLayerNormalization")
    counted = onnx.helper.make_node("ReduceSum", [embedding.input[7], "along"], ["counts"], name="count", keepdims=0)
    model.graph.node.append(counted)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1]), "along"))
    attention.input[3] = "counts"
    for name, value in imported(build, tmp_path, model).run(inputs).items():
        np.testing.assert_array_equal(value, masked[name], err_msg=name)
    model.graph.output.append(onnx.helper.make_tensor_value_info("counts", onnx.TensorProto.INT32, None))
    onnx.save(model, str(tmp_path / "model.onnx"))
    done = run_tool(build, "intq-translate", f"--import-model={tmp_path / 'model.onnx'}")
    assert done.returncode == 2 and "node 'count' (ai.onnx ReduceSum, version 17): expected a float tensor" in done.stderr


@pytest.mark.parametrize("operands,message", [((1, 0), None), ((1, 1), "expected the bias of a linear layer that is an operand")])
def test_bias_of_a_skip_layer_norm(build, tmp_path, operands, message):
    inputs = {"ids": IDS, "labels": LABELS}
    model = models.fused(apart=False)
    norm = next(n for n in model.graph.node if n.op_type == "SkipLayerNormalization")
    expected = imported(build, tmp_path, model).run(inputs)
    norm.input[:2] = [norm.input[i] for i in operands]
    if message is None:
        for name, value in imported(build, tmp_path, model).run(inputs).items():
            np.testing.assert_array_equal(value, expected[name], err_msg=name)
        return
    onnx.save(model, str(tmp_path / "model.onnx"))
    done = run_tool(build, "intq-translate", f"--import-model={tmp_path / 'model.onnx'}")
    assert done.returncode == 2 and message in done.stderr


def test_counted_positions(build, tmp_path):
    inputs = {"ids": IDS, "labels": LABELS}
    program = imported(build, tmp_path, models.counted_positions())
    assert "nn.position_ids" in program.text and "nn.relu" in program.text
    got = program.run(inputs)
    [loss] = ReferenceEvaluator(models.counted_positions()).run(["loss"], inputs)
    np.testing.assert_allclose(got["loss"], loss, rtol=1e-5)
    assert np.any(got["grad/places"][2]) and not np.any(got["grad/places"][3:])  # only first tokens reach the loss
    assert not np.any(got["grad/places"][1]) and not np.any(got["grad/words"][1])  # padding


def test_table_too_short_for_counted_positions(build, tmp_path):
    model = models.counted_positions()
    places = next(t for t in model.graph.initializer if t.name == "places")
    places.CopyFrom(onnx.numpy_helper.from_array(np.ones((models.TOKENS + 1, models.WIDTH), np.float32), "places"))
    onnx.save(model, str(tmp_path / "model.onnx"))
    done = run_tool(build, "intq-translate", f"--import-model={tmp_path / 'model.onnx'}")
    assert done.returncode == 2 and "at least 6 rows" in done.stderr


@pytest.mark.parametrize("options,trained", [
    (("--freeze=*.bias", "--freeze=words"), {"places", "inner.weight", "head.weight"}),
    (("--train=head.*",), {"head.weight", "head.bias"}), (("--train=head.*", "--freeze=*.bias"), {"head.weight"})])
def test_chosen_parameters_are_trained(build, tmp_path, options, trained):
    got = imported(build, tmp_path, models.counted_positions(), *options).run({"ids": IDS, "labels": LABELS})
    assert {k[5:] for k in got if k.startswith("grad/")} == trained


def test_padding_row_gets_no_gradient(build, tmp_path):
    inputs = {"ids": IDS, "labels": LABELS}
    plain = imported(build, tmp_path, models.fused(apart=True)).run(inputs)
    padded = imported(build, tmp_path, models.fused(apart=True), "--padding-idx=ids=3").run(inputs)
    assert np.any(plain["grad/table"][3]) and not np.any(padded["grad/table"][3])
    np.testing.assert_array_equal(padded["grad/table"][9], plain["grad/table"][9])


@pytest.mark.parametrize("option,message", [
    ("--freeze=nothing*", "matches 'nothing*'"), ("--train=none", "matches 'none'"),
    ("--padding-idx=words=1", "expected an input 'words'"), ("--padding-idx=ids=11", "below the table's 11 rows")])
def test_options_without_effect_are_errors(build, tmp_path, option, message):
    onnx.save(models.fused(apart=True), str(tmp_path / "model.onnx"))
    done = run_tool(build, "intq-translate", f"--import-model={tmp_path / 'model.onnx'}", option)
    assert done.returncode == 2 and message in done.stderr, done.stderr


def test_unknown_attribute_is_noted(build, tmp_path):
    model = models.fused(apart=True)
    norm = next(n for n in model.graph.node if n.op_type == "LayerNormalization")
    norm.attribute.append(onnx.helper.make_attribute("epsion", 1e-3))
    assert "unknown attribute 'epsion' is ignored" in imported(build, tmp_path, model).notes


@pytest.mark.parametrize("loss", ["span", "mlm", "cross-entropy"])
def test_added_losses_of_one_output(build, tmp_path, loss):
    g = models.Graph()
    classes = 2 if loss == "span" else models.WORDS
    scores = models.linear(g, models.embedded(g), "head", classes, models.WIDTH)
    g.node("Identity", scores, outputs=["logits"])
    g.output("logits", [models.BATCH, models.TOKENS, classes])
    labels = {"start_positions": np.array([1, 4]), "end_positions": np.array([3, 2])} if loss == "span" else \
        {"labels": np.array([[1, -100, 2, 0], [-100, 10, 3, -100]])}
    got = imported(build, tmp_path, g.model(), f"--loss={loss}").run({"ids": IDS, **labels})
    rows = got["logits"].astype(np.float64)

    def mean(scores, wanted, ignored):
        kept = wanted != ignored
        logs = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
        return -logs[kept][np.arange(kept.sum()), wanted[kept]].mean()

    if loss == "span":
        expected = np.mean([mean(rows[:, :, i], labels[f"{kind}_positions"], 4) for i, kind in enumerate(("start", "end"))])
    else:
        expected = mean(rows, labels["labels"], -100)
    np.testing.assert_allclose(got["loss"], expected, rtol=1e-5)

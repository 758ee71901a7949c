"""`intq inspect`: form, inputs, loss, parameters, and what a recipe quantizes."""
import json
import pathlib
import sys

import onnx
import pytest

from intq import cli

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Import" / "Inputs"))
import models  # noqa: E402

PARAMETERS = sum(t.data_type == 1 and len(t.dims) > 0 for t in models.encoder().graph.initializer)


@pytest.fixture
def inspect(tmp_path, capsys):
    def run(model, *options):
        path = tmp_path / "model.onnx"
        onnx.save(model, path)
        code = cli.main(["inspect", str(path), *options])
        return code, *capsys.readouterr()
    return run


def test_text(inspect):
    code, out, err = inspect(models.encoder())
    assert code == 0 and not err
    lines = [line.split() for line in out.splitlines()]
    assert "form D, forward graph; intq differentiates it" in out
    assert "ai.onnx 17" in out
    assert ["input_ids", "int64", "[2,", "4]"] in lines and ["loss", "float32", "[]", "loss"] in lines
    assert f"parameters: {PARAMETERS} trained" in out and ", 0 frozen" in out
    quantized, floats = out.split("in binary32")
    assert "3 × layer_norm: layer_norm_activation" in quantized and "layer_norm" not in floats
    assert "1 × cross_entropy" in floats and "cross_entropy" not in quantized


def test_json_holds_what_the_text_says(inspect):
    code, out, _ = inspect(models.encoder(), "--json", "--recipe", "paper8")
    info = json.loads(out)
    assert code == 0 and info["form"] == "D" and info["opsets"] == {"ai.onnx": 17}
    layers = {layer["kind"]: layer for layer in info["layers"]}
    assert layers["linear"]["formats"]["linear_weight"] == "i8, [*, *], pow2"
    assert layers["matmul"] == {"kind": "matmul", "count": 2, "quantized": False,
                                "reason": "the recipe paper8 has no format for it"}
    assert layers["softmax"]["reason"] == "no product, norm or table: no recipe quantizes it"


def test_nothing_is_quantized_by_float(inspect):
    _, out, _ = inspect(models.encoder(), "--recipe", "float")
    assert "quantized by the recipe float: nothing" in out


def test_backward_of_the_file(inspect):
    _, out, _ = inspect(models.training("C"))
    assert "form C" in out and "× linear_weight_grad: linear_weight_grad i8, [1, 256], f32" in out


def test_merged_and_tied_parameters(inspect):
    g = models.Graph()
    ids = g.input("ids", onnx.TensorProto.INT64, [2])
    table = g.weight("table", models.WORDS, models.WIDTH)
    x = g.node("Gather", table, ids)
    g.nodes.append(onnx.helper.make_node("Identity", [g.weight("a.bias", models.WORDS)], ["b.bias"], name="copy"))
    y = g.node("MatMul", x, g.node("Transpose", table, perm=[1, 0]))
    y = g.node("Add", g.node("Add", y, "a.bias"), "b.bias")
    g.nodes[-1].output[0] = g.output("y", [2, models.WORDS])
    code, out, err = inspect(g.model())
    assert code == 0, err
    assert "tied: 1 × embedding, 1 × linear" in out
    assert "no loss: add one with --loss" in out
    assert "one of 2 that the file holds as 'a.bias'" in out


def test_findings_of_a_bad_file(inspect):
    g = models.Graph()
    g.nodes.append(onnx.helper.make_node("Elu", [g.input("x", onnx.TensorProto.FLOAT, [2])], [g.output("y", [2])], name="r"))
    code, out, err = inspect(g.model())
    assert code == 2 and not out and "node 'r' (ai.onnx Elu, version 17)" in err


def test_shared_files(shared, capsys):
    assert cli.main(["inspect", str(shared / "ort_artifacts" / "training_model.onnx"), "--checkpoint",
                     str(shared / "ort_artifacts" / "checkpoint")]) == 0
    out = capsys.readouterr().out
    assert "form A" in out and "parameters: 41 trained (94786 numbers), 0 frozen" in out and "no value" not in out

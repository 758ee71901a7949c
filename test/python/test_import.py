"""What the import refuses, and that it does so with a message and exit code 2: one test a rule."""
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import pytest
from imported_model import run_tool
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Import" / "Inputs"))
import models  # noqa: E402

WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)


def small(**changes):
    """x·Wᵀ: the smallest model that imports. `changes` replace parts."""
    weight = changes.get("weight", numpy_helper.from_array(WEIGHT, "w"))
    nodes = changes.get("nodes") or [helper.make_node("Gemm", ["x", "w"], ["y"], name="product", transB=1)]
    inputs = changes.get("inputs") or [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 3])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, changes.get("result", [4, 2]))]
    graph = helper.make_graph(nodes, "g", inputs, outputs, [weight])
    return helper.make_model(graph, opset_imports=changes.get("opsets", [helper.make_opsetid("", 17)]))


@pytest.fixture
def translate(build, tmp_path):
    def run(model, *options):
        path = tmp_path / "model.onnx"
        path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
        return run_tool(build, "intq-translate", f"--import-model={path}", *options)
    return run


def refuses(done, message):
    assert done.returncode == 2, (done.returncode, done.stderr[:500])
    assert message in done.stderr, done.stderr[:1000]
    assert done.stdout == ""


def test_accepts_the_small_model(translate):
    done = translate(small())
    assert done.returncode == 0, done.stderr
    assert 'nn.linear' in done.stdout


def test_every_truncation_is_an_error(translate):
    whole = models.encoder().SerializeToString()
    for length in range(1, len(whole), 197):
        assert translate(whole[:length]).returncode in (0, 2), length


def test_corrupted_bytes_never_crash(translate):
    whole, random = small().SerializeToString(), np.random.default_rng(0)
    for _ in range(80):
        bad = bytearray(whole)
        for at in random.integers(0, len(bad), 3):
            bad[at] = random.integers(0, 256)
        assert translate(bytes(bad)).returncode in (0, 2)


@pytest.mark.parametrize("head,name", [
    (b"PK\x03\x04", "zip archive"), (b"\x1f\x8b\x08\x00", "gzip"), (b"\0\0\0\0ORTM\0\0", ".ort file"),
    (b"\0\0\0\0ODTC\0\0", "--checkpoint"), (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    (b"not a model", "do not parse"), (b"", "empty file")])
def test_names_what_is_no_model(translate, head, name):
    refuses(translate(head), name)


def test_missing_file(build, tmp_path):
    refuses(run_tool(build, "intq-translate", f"--import-model={tmp_path}/none.onnx"), "No such file")


def tensor(dims=(2, 3), dtype=TensorProto.FLOAT, raw=WEIGHT.tobytes(), **fields):
    return TensorProto(name="w", dims=dims, data_type=dtype, raw_data=raw, **fields)


@pytest.mark.parametrize("weight,message", [
    (tensor(dims=[2, 4]), "expected 32 bytes of raw_data for its shape, but got 24"),
    (tensor(dims=[-2, 3]), "non-negative dimensions"),
    (tensor(dims=[1 << 40, 1 << 40]), "at most 2147483648 elements"),
    (tensor(dims=[1] * 9), "rank at most 8"),
    (tensor(dtype=TensorProto.COMPLEX64), "element type 14 is not supported"),
    (tensor(dtype=99), "element type 99 is not supported"),
    (tensor(float_data=[1.0]), "one data field"),
    (TensorProto(name="w", dims=[2, 3], data_type=1, float_data=[1.0]), "expected 6 elements in float_data"),
    (TensorProto(name="w", dims=[1], data_type=TensorProto.INT8, int32_data=[300]), "range of the type"),
    (numpy_helper.from_array(np.full((2, 3), np.nan, np.float32), "w"), "expected finite values, but got nan"),
])
def test_tensors(translate, weight, message):
    refuses(translate(small(weight=weight)), message)


def external(location, data=WEIGHT.tobytes(), **entries):
    weight = TensorProto(name="w", dims=[2, 3], data_type=1, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        weight.external_data.add(key=key, value=str(value))
    return small(weight=weight)


def test_external_data(translate, tmp_path):
    (tmp_path / "w.bin").write_bytes(b"skip" + WEIGHT.tobytes())
    assert translate(external("w.bin", offset=4, length=24)).returncode == 0
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "w.bin").write_bytes(WEIGHT.tobytes())
    assert translate(external("inner/w.bin")).returncode == 0
    refuses(translate(external("w.bin", offset=8, length=24)), "expected 24 bytes at offset 8 of 'w.bin', but the file has 28")
    refuses(translate(external("w.bin", offset=2**64 - 1)), "but the file has 28")
    refuses(translate(external("w.bin", length=20)), "expected 24 bytes of external data for its shape")
    refuses(translate(external("w.bin", offset=-4)), "expected a decimal number")
    refuses(translate(external("w.bin", basepath="/")), "`basepath`")


@pytest.mark.parametrize("location", ["../w.bin", "a/../../w.bin", "/etc/hostname", "", "a\\b", "c:w.bin", "a//b"])
def test_external_data_stays_in_the_folder(translate, location):
    refuses(translate(external(location)), "expected external data inside the model's folder")


def test_external_data_follows_no_link(translate, tmp_path):
    (tmp_path / "w.bin").write_bytes(WEIGHT.tobytes())
    (tmp_path / "soft").symlink_to("w.bin")
    refuses(translate(external("soft")), "cannot open external data")
    (tmp_path / "folder").symlink_to(".")
    refuses(translate(external("folder/w.bin")), "cannot open external data")
    (tmp_path / "hard").hardlink_to(tmp_path / "w.bin")
    refuses(translate(external("hard")), "without hard links")


def gemm(name, *operands, **attributes):
    return helper.make_node("Gemm", list(operands), [name], name=name, **attributes)


@pytest.mark.parametrize("nodes,message", [
    ([gemm("y", "x", "missing", transB=1)], "expected its operand 'missing' to be"),
    ([gemm("a", "b", "w"), gemm("b", "a", "w"), gemm("y", "x", "w")], "part of a cycle"),
    ([gemm("y", "x", "w", transB=1), gemm("y", "x", "w", transB=1)], "defined once, but got 'y' again"),
    ([helper.make_node("Gemm", ["x", "w"], ["y"], domain="com.example")], "expected opset_import to name its domain 'com.example'"),
    ([helper.make_node("Elu", ["x"], ["y"], name="rectifier")],
     "node 'rectifier' (ai.onnx Elu, version 17): this operator is not supported"),
    ([gemm("y", "x", "w")], "expected inner dimensions to agree, but got [4, 3] and [2, 3]"),
    ([helper.make_node("Transpose", ["x"], ["y"], perm=[0, 0])], "expected a permutation of the dimensions, but got [0, 0]"),
    ([helper.make_node("Softmax", ["x"], ["y"], axis=0)], "expected the last axis, but got 0"),
])
def test_graphs(translate, nodes, message):
    refuses(translate(small(nodes=nodes)), message)


def extended(*nodes):
    """The small model with nodes of the standard's training extension."""
    nodes = [helper.make_node("Gemm", ["x", "w"], ["y"], transB=1),
             *(helper.make_node(op, i, [f"g{k}"], name="derive", domain="ai.onnx.preview.training", **attributes)
               for k, (op, i, attributes) in enumerate(nodes))]
    return small(nodes=nodes, opsets=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.preview.training", 1)])


@pytest.mark.parametrize("nodes", [
    [("Gradient", ["w"], {"xs": ["w"], "y": "y"})] * 2,
    [("Momentum", ["x", "w"], {"alpha": 0.9})],
    [("Gradient", ["x"], {"xs": ["w"], "y": "y"})],  # at another value
    [("Gradient", ["w", "y"], {"xs": ["w"], "zs": ["y"], "y": "y"})],  # something computed is held constant
    [("Gradient", ["w"], {"xs": ["w"], "y": "z"})],
    [("Gradient", ["w"], {"xs": 3, "y": "y"})],
    [("Gradient", ["w"], {"y": "y"})]])
def test_training_extension_is_one_gradient(translate, nodes):
    done = translate(extended(*nodes))
    refuses(done, "expected one Gradient (form E) of a computed y at the inputs and initializers that xs and zs name, but got ")
    assert "but got 'derive' (" in done.stderr


def test_gradient_of_a_tensor(translate):
    refuses(translate(extended(("Gradient", ["w"], {"xs": ["w"], "y": "y"}))), "y to name a scalar float value, but got 'y'")


def test_declared_shapes_are_checked(translate):
    refuses(translate(small(result=[4, 7])), "expected its result 0 to have the declared type")


def test_all_findings_are_listed(translate):
    nodes = [helper.make_node("Celu", ["x"], ["a"], name="first"), helper.make_node("Selu", ["a"], ["b"], name="second"),
             helper.make_node("Elu", ["x"], ["c"], name="third"), helper.make_node("Concat", ["b", "c"], ["y"], axis=0),
             helper.make_node("Exp", ["x"], ["unused"], name="fourth")]
    done = translate(small(nodes=nodes))
    refuses(done, "'first'")
    assert "'third'" in done.stderr
    assert "'fourth'" not in done.stderr  # no output depends on it


def test_unknown_operator_behind_a_finding_is_listed(translate):
    done = translate(small(nodes=[helper.make_node("Softmax", ["x"], ["s"], axis=0), helper.make_node("Elu", ["s"], ["y"], name="e")]))
    refuses(done, "expected the last axis, but got 0")
    refuses(done, "node 'e' (ai.onnx Elu, version 17): this operator is not supported")


def test_free_dimensions_hide_no_other_finding(translate):
    g = models.Graph()
    g.input("x", TensorProto.FLOAT, ["batch", 3])
    g.input("half", TensorProto.FLOAT16, [2, 3])
    g.node("Relu", "x", name="good")
    g.node("Elu", "good:0", name="bad", outputs=["y"])
    g.node("Gemm", "x", g.weight("w", 4, 5), name="late", outputs=["z"])
    g.output("y", [None, 3])
    g.output("z", [None, 5])
    done = translate(g.model())
    refuses(done, "input 'x': expected a size for dimension 'batch'; give it with --bind batch=<size>")
    for finding in ("input 'half': expected float32, int64, int32 or bool elements, but got float16 (export the model in float32)", "node 'bad' (ai.onnx Elu, version 17): this operator is not supported"):
        assert finding in done.stderr
    assert done.stderr.count("error: ") == 3, done.stderr  # and none that follows from these
    done = translate(g.model(), "--bind=batch=2")
    refuses(done, "node 'late' (ai.onnx Gemm, version 17): expected inner dimensions to agree")
    assert "--bind" not in done.stderr


def test_unnamed_dimensions_can_be_bound(translate):
    g = models.Graph()
    for name in "abcdef":
        g.input(name, TensorProto.FLOAT, [None, 3])
    g.node("Concat", *"abcdef", axis=0, outputs=["y"])
    g.output("y", [None, 3])
    refuses(translate(g.model()), "input 'f': expected a size for dimension 'f_dim0'; give it with --bind f_dim0=<size>")
    done = translate(g.model(), *(f"--bind={name}_dim0=2" for name in "abcdef"))
    assert done.returncode == 0 and "tensor<12x3xf32>" in done.stdout


def test_a_finding_of_many_tensors_is_one(translate):
    g = models.Graph()
    x = g.input("x", TensorProto.FLOAT, [2, 3])
    for i in range(6):
        x = g.node("Add", x, g.constant(f"half{i}", np.ones(3, np.float16)), name=f"add{i}")
    g.node("Relu", x, outputs=["y"])
    g.output("y", [2, 3])
    done = translate(g.model())
    refuses(done, "initializers 'half0', 'half1', 'half2', 'half3' and 2 more: expected float32, or at most 2^24 int32, int64 or "
                  "bool elements, but got float16 (export the model in float32)")
    assert done.stderr.count("error: ") == 1, done.stderr


def test_nodes_may_be_unsorted(translate):
    model = models.training("C")
    sorted_text = translate(model).stdout
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    again = translate(model)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("nn.") == sorted_text.count("nn.")


def test_optimizer_models_are_named(translate):
    value = helper.make_tensor_sequence_value_info("params", TensorProto.FLOAT, None)
    done = translate(small(inputs=[value], nodes=[gemm("y", "x", "params")]))
    refuses(done, "input 'params': expected a tensor with a shape")
    node = helper.make_node("AdamWOptimizer", ["params"], ["y"], domain="com.microsoft", adam_mode=0, beta=0.95)
    done = translate(small(inputs=[value], nodes=[node]))
    refuses(done, "--adam-mode torch --adam-betas 0.9,0.95 --adam-eps 1e-08 --weight-decay 0.01")
    assert done.stderr.count("error: ") == 1
    node.op_type = "SGDOptimizerV2"
    refuses(translate(small(nodes=[node])), "but got an optimizer model (SGDOptimizerV2); hand in the training model")


def test_two_forms_in_one_file(translate):
    """A node of the training extension beside one or two YieldOp."""
    yields = [helper.make_node("YieldOp", ["y"], [f"dy{i}"], domain="com.microsoft") for i in range(2)]
    for extra in (extended(("Gradient", ["w"], {"xs": ["w"], "y": "y"})), small()):
        extra.graph.node.extend(yields)
        refuses(translate(extra), "expected one of accumulators (form A), one YieldOp (B) and the training extension (E), but got several")


@pytest.mark.parametrize("outputs,yielded", [(["dy"], ["y"]), ([], ["y"]), (["a", "b"], ["l"])])
def test_yield_needs_a_loss(translate, outputs, yielded):
    """A tensor alone, without a result, or more results than operands."""
    model = small(nodes=[gemm("y", "x", "w", transB=1), helper.make_node("ReduceSum", ["y"], ["l"], keepdims=0),
                         helper.make_node("YieldOp", yielded, outputs or ["dy"], domain="com.microsoft")])
    if not outputs:
        model.graph.node[-1].attribute.append(helper.make_attribute("non_differentiable_outputs", [0]))
    del model.graph.output[:]
    name = model.graph.node[-1].output[0]
    model.graph.node.append(helper.make_node("Gemm", [name, "x"], ["w_grad"], transA=1))
    model.graph.output.append(helper.make_tensor_value_info("w_grad", TensorProto.FLOAT, [2, 3]))
    refuses(translate(model), "expected to yield a scalar loss, and a result for each differentiable operand; where the loss is "
            "outside the graph, add it with --loss cross-entropy, mse, span or mlm")


def test_adds_a_loss(translate):
    done = translate(small(), "--loss=cross-entropy")
    assert done.returncode == 0, done.stderr
    assert 'intq.input = "labels"' in done.stdout and "nn.cross_entropy" in done.stdout
    refuses(translate(small(), "--loss=span"), "expected a forward graph with one float output")


CHECKPOINT = """{{"version": {version}, "module_state": {{"requires_grad_params": [
  {{"name": "{name}", "dims": [2, 3], "data_type": 1, "raw_data": {raw}}}], "frozen_params": [],
  "is_nominal_state": {nominal}}}, "optimizer_groups": []}}"""


@pytest.fixture
def checkpoint(source, tmp_path):
    def make(name="w", version=2, raw=WEIGHT.tobytes(), nominal="false"):
        text = tmp_path / "checkpoint.json"
        text.write_text(CHECKPOINT.format(name=name, version=version, raw=list(raw), nominal=nominal))
        schema = source / "lib" / "Import" / "OrtCheckpoint.fbs"
        subprocess.run(["flatc", "--binary", "-o", tmp_path, schema, text], check=True)
        return tmp_path / "checkpoint.bin"
    return make


def test_checkpoint(translate, checkpoint):
    path = checkpoint()
    done = translate(small(), f"--checkpoint={path}")
    assert done.returncode == 0, done.stderr
    assert "the optimizer starts afresh" in done.stderr
    refuses(translate(small(), f"--checkpoint={checkpoint(version=3)}"), "expected version 2, but got 3")
    refuses(translate(small(), f"--checkpoint={checkpoint(raw=b'1234')}"), "expected 24 bytes for its shape, but got 4")
    refuses(translate(small(), f"--checkpoint={checkpoint(nominal='true')}"), "nominal checkpoint")


def test_checkpoint_must_hold_every_parameter(translate, checkpoint):
    weight = helper.make_tensor_value_info("w", TensorProto.FLOAT, [2, 3])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 3])
    model = small(inputs=[x, weight])
    del model.graph.initializer[:]
    assert translate(model, f"--checkpoint={checkpoint()}").returncode == 0
    refuses(translate(model, f"--checkpoint={checkpoint(name='other')}"), "parameter 'w': expected the checkpoint to hold")


def test_broken_checkpoints_never_crash(translate, checkpoint, tmp_path):
    whole, random = checkpoint().read_bytes(), np.random.default_rng(0)
    broken = tmp_path / "broken"
    for length in range(0, len(whole), 7):
        broken.write_bytes(whole[:length])
        assert translate(small(), f"--checkpoint={broken}").returncode in (0, 2)
    for _ in range(50):
        bad = bytearray(whole)
        bad[random.integers(0, len(bad))] = random.integers(0, 256)
        broken.write_bytes(bytes(bad))
        assert translate(small(), f"--checkpoint={broken}").returncode in (0, 2)

"""intq export: the graphs are valid, keep the checkpoint's names, and compute what transformers computes."""
import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from safetensors.numpy import load_file, save_file
from tiny_bert import CONFIG, write_checkpoint

from intq import cli
from intq.checkpoint_folder import CheckpointFolder
from intq.errors import UserError
from intq.export import export_inference, export_training
from intq.export.graph import GraphBuilder
from intq.export.write import write_model

TASKS = [("classification", 3), ("regression", 1), ("regression", 2), ("qa", 2)]


def export(folder, path, task="classification", num_labels=2, **options):
    options = {"batch": 2, "seq": 8, **options}
    export_training(CheckpointFolder.open(str(folder)), path, task=task, num_labels=num_labels, **options)
    return onnx.load(path)


def feeds(task, num_labels, batch=2, seq=8):
    random = np.random.default_rng(1)
    mask = np.ones((batch, seq), np.int64)
    mask[1, 5:] = 0
    given = {"input_ids": random.integers(4, 30, (batch, seq)) * mask, "attention_mask": mask,
             "token_type_ids": random.integers(0, 2, (batch, seq))}
    if task == "qa":
        given.update(start_positions=np.array([1, 3]), end_positions=np.array([2, 4]))
    elif task == "regression":
        given["labels"] = random.normal(0, 1, batch if num_labels == 1 else (batch, num_labels)).astype(np.float32)
    else:
        given["labels"] = np.array([num_labels - 1, 0])
    return given


@pytest.mark.parametrize("task,num_labels", TASKS)
def test_graph_is_valid_and_named(checkpoint, tmp_path, task, num_labels):
    model = export(checkpoint, tmp_path / "m.onnx", task, num_labels)
    onnx.checker.check_model(model, full_check=True)
    assert [o.name for o in model.graph.output] == ["loss", "logits"]
    assert [i.name for i in model.graph.input][:3] == ["input_ids", "attention_mask", "token_type_ids"]
    assert {i.name for i in model.graph.input} == set(feeds(task, num_labels))
    assert model.opset_import[0].version >= 17
    initializers = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    for name, tensor in load_file(checkpoint / "model.safetensors").items():
        if task == "qa" and "pooler" in name:
            assert name not in initializers  # the span head does not use the pooler
        else:
            np.testing.assert_array_equal(initializers[name], tensor)


def test_dropout_ratios_come_from_the_configuration(tmp_path):
    config = {**CONFIG, "hidden_dropout_prob": 0.25, "attention_probs_dropout_prob": 0.0}
    model = export(write_checkpoint(tmp_path / "c", config), tmp_path / "m.onnx")
    nodes = [n for n in model.graph.node if n.op_type == "Dropout"]
    assert len(nodes) == 1 + 2 * config["num_hidden_layers"] + 1  # embeddings, two a layer, the head
    ratios = {t.name: float(numpy_helper.to_array(t)) for t in model.graph.initializer if "ratio" in t.name}
    assert {ratios[n.input[1]] for n in nodes} == {0.25}


def test_new_head_depends_on_seed_only(checkpoint, tmp_path):
    def head(seed):
        model = export(checkpoint, tmp_path / "m.onnx", seed=seed)
        return next(numpy_helper.to_array(t) for t in model.graph.initializer if t.name == "classifier.weight")

    assert np.array_equal(head(1), head(1)) and not np.array_equal(head(1), head(2))
    assert 0.01 < head(1).std() < 0.03


@pytest.mark.parametrize("tied", [True, False])
def test_masked_words_are_scored_by_the_word_table(tmp_path, capsys, tied):
    folder = write_checkpoint(tmp_path / "c", {**CONFIG, "tie_word_embeddings": tied})
    path = tmp_path / "m.onnx"
    assert cli.main(["export", str(folder), "--task", "mlm", "--seq", "8", "--batch", "2", "-o", str(path)]) == 0
    drawn = capsys.readouterr().out.splitlines()[0]
    assert "cls.predictions.transform.dense.weight" in drawn and ("decoder.weight" in drawn) == (not tied)
    graph = onnx.load(path).graph
    held = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    assert np.all(held["cls.predictions.transform.LayerNorm.weight"] == 1)
    reading = [n.op_type for n in graph.node if "embeddings.word_embeddings.weight" in n.input]
    assert reading == ["Gather"] + ["Transpose"] * tied
    assert [d.dim_value for d in graph.output[1].type.tensor_type.shape.dim] == [2, 8, CONFIG["vocab_size"]]
    assert cli.main(["export", str(folder), "--task", "mlm", "--num-labels", "3", "-o", str(path)]) == 2
    assert "expected no --num-labels for mlm" in capsys.readouterr().err


@pytest.mark.parametrize("external_from", [10**9, 1])
def test_a_model_is_written_weight_by_weight(tmp_path, external_from):
    """The message that protobuf would have written, for fields of every length, and for a view."""
    builder, random = GraphBuilder("sums"), np.random.default_rng(1)
    shapes = [(3,), (255,), (256,), (16, 16), (127, 33), (600, 300), (1, 7)]
    weights = {f"w{i}": random.normal(size=s).astype(np.float32) for i, s in enumerate(shapes)} | {"t": np.ones((40, 20), np.float32).T}
    value = builder.input("x", np.float32, [1])
    for name, array in weights.items():
        value = builder.node("Add", [value, builder.node("ReduceSum", [builder.initializer(name, array)], "sum_" + name)], "add_" + name)
    builder.output("y", value, [1, 1])
    whole, model = builder.model(), builder.model()
    for tensor in whole.graph.initializer:
        tensor.raw_data = weights[tensor.name].tobytes()
    assert set(builder.weights) == {"w2", "w3", "w4", "w5", "t"}
    write_model(model, tmp_path / "m.onnx", builder.weights, external_from=external_from)
    read = onnx.load(tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx.data").exists() == (external_from == 1)
    if external_from > 1:
        assert read == whole
    for tensor in read.graph.initializer:
        np.testing.assert_array_equal(numpy_helper.to_array(tensor), weights[tensor.name])


EXPORTING = """
import sys
from intq.checkpoint_folder import CheckpointFolder
from intq.commands.report import peak_rss_mib
from intq.export import export_training
before = peak_rss_mib()
export_training(CheckpointFolder.open(sys.argv[1]), sys.argv[2], task="classification", num_labels=2, batch=1, seq=4, seed=1)
print(peak_rss_mib() - before)
"""


def test_the_weights_are_in_memory_once(tmp_path, source):
    folder = write_checkpoint(tmp_path / "c", CONFIG | {"hidden_size": 512, "intermediate_size": 2048})
    weights = sum(array.nbytes for array in load_file(folder / "model.safetensors").values()) / 2**20
    grown = float(subprocess.run([sys.executable, "-c", EXPORTING, str(folder), str(tmp_path / "m.onnx")], check=True,
                                 stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(source / "python"), "PATH": ""}).stdout)
    assert 16 < weights and grown < 2 * weights


def test_large_weights_go_beside_the_file(checkpoint, tmp_path):
    export(checkpoint, tmp_path / "m.onnx")
    write_model(onnx.load(tmp_path / "m.onnx"), tmp_path / "x.onnx", external_from=1)
    inside, beside = ([numpy_helper.to_array(t).tolist() for t in onnx.load(tmp_path / name).graph.initializer]
                      for name in ("m.onnx", "x.onnx"))
    assert (tmp_path / "x.onnx.data").exists() and inside == beside


@pytest.mark.parametrize("change,message", [
    ({"hidden_size": 15}, "num_attention_heads"), ({"model_type": "t5"}, "model_type bert"),
    ({"vocab_size": -3}, "vocab_size"), ({"hidden_act": "relu"}, "hidden_act"),
    ({"intermediate_size": 33}, "intermediate.dense.weight"), ({"num_hidden_layers": 3}, "encoder.layer.2"),
    ({"hidden_dropout_prob": 1.5}, "hidden_dropout_prob"), ({"layer_norm_eps": 0.0}, "layer_norm_eps")])
def test_wrong_configuration_is_named(tmp_path, change, message):
    folder = write_checkpoint(tmp_path / "c")
    (folder / "config.json").write_text(json.dumps({**CONFIG, **change}))
    with pytest.raises(UserError, match=message):
        export(folder, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def test_broken_folders_are_named(tmp_path):
    with pytest.raises(UserError, match="checkpoint folder"):
        export(tmp_path / "nowhere", tmp_path / "m.onnx")
    folder = write_checkpoint(tmp_path / "c")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:1000])
    with pytest.raises(UserError, match="not a readable safetensors"):
        export(folder, tmp_path / "m.onnx")
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match="expected a file model.safetensors"):
        export(folder, tmp_path / "m.onnx")
    (folder / "config.json").write_text("{")
    with pytest.raises(UserError, match="JSON"):
        export(folder, tmp_path / "m.onnx")


def test_nan_weight_is_named(tmp_path):
    folder = write_checkpoint(tmp_path / "c")
    tensors = load_file(folder / "model.safetensors")
    tensors["encoder.layer.1.output.dense.bias"][3] = np.nan
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(UserError, match=r"encoder.layer.1.output.dense.bias.*nan at \[3\]"):
        export(folder, tmp_path / "m.onnx")


def test_length_beyond_positions(checkpoint, tmp_path):
    with pytest.raises(UserError, match="max_position_embeddings = 24"):
        export(checkpoint, tmp_path / "m.onnx", seq=25)


def transformers_model(folder, task, num_labels, tensors):
    import torch
    import transformers
    kind = "QuestionAnswering" if task == "qa" else "SequenceClassification"
    config = transformers.BertConfig.from_pretrained(folder, num_labels=num_labels, attn_implementation="eager")
    if task != "qa":
        config.problem_type = "regression" if task == "regression" else "single_label_classification"
    model = getattr(transformers, "BertFor" + kind)(config).eval()
    state = model.state_dict()
    for name in state:
        key = name if name in tensors else name.removeprefix("bert.")
        state[name] = torch.from_numpy(tensors[key].copy())
    model.load_state_dict(state)
    return model.double()


@pytest.mark.parametrize("task,num_labels", TASKS)
def test_equals_transformers(checkpoint, tmp_path, task, num_labels):
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    onnxruntime = pytest.importorskip("onnxruntime")
    model = export(checkpoint, tmp_path / "m.onnx", task, num_labels, dropout=0.0)
    given = feeds(task, num_labels)
    loss, logits = onnxruntime.InferenceSession(tmp_path / "m.onnx").run(None, given)
    tensors = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    reference = transformers_model(checkpoint, task, num_labels, tensors)
    expected = reference(**{k: torch.from_numpy(v.astype(np.float64) if v.dtype == np.float32 else v)
                            for k, v in given.items()})
    np.testing.assert_allclose(loss, expected.loss.item(), rtol=1e-5)
    theirs = (torch.stack([expected.start_logits, expected.end_logits], -1) if task == "qa" else expected.logits)
    np.testing.assert_allclose(logits, theirs.detach().numpy(), atol=1e-5)


def test_inference_model_takes_any_shape(checkpoint, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    model = export(checkpoint, tmp_path / "m.onnx", dropout=0.0)
    given = feeds("classification", 2)
    expected = onnxruntime.InferenceSession(tmp_path / "m.onnx").run(["logits"], given)[0]
    tensors = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    export_inference(CheckpointFolder.open(str(checkpoint)).config, tensors.__getitem__, "", tmp_path / "i.onnx",
                     task="classification", num_labels=2)
    session = onnxruntime.InferenceSession(tmp_path / "i.onnx")
    del given["labels"]
    np.testing.assert_allclose(session.run(None, given)[0], expected, atol=1e-6)
    shorter = {k: v[:1, :4] for k, v in given.items()}
    assert session.run(None, shorter)[0].shape == (1, 2)

"""Files that nobody in this project made: each trains, or is refused with the reason. Losses and gradients of those with an
oracle are in test_import_values.py."""
import numpy as np
import onnx
import pytest
from imported_model import Imported, assert_gradients_close, run_tool, text_of
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from intq import cli

ORT = "onnxruntime/"
MLP = ["--bind=input-0_dim0=2", "--bind=input-0_dim1=784", "--bind=output-0_dim0=2"]
TOKENS = ["--bind=batch=2", "--bind=seq=8"]

REFUSED = {
    "ort_artifacts/optimizer_model.onnx": "an optimizer model (AdamWOptimizer); hand in the training model, and its numbers as "
                                          "--adam-mode ort --adam-betas 0.9,0.999 --adam-eps 1e-06 --weight-decay 0",
    ORT + "training_api_adamw.onnx": "an optimizer model (AdamWOptimizer); hand in the training model, and its numbers as "
                                     "--adam-mode ort --adam-betas 0.9,0.999 --adam-eps 1e-06 --weight-decay 0",
    ORT + "training_api_custom_ops_training_model.onnx": "(test.customop CustomOpOne, version 1): this operator is not supported",
    ORT + "custom_ops_testdata_model.onnx": "(com.examples Foo, version 1): this operator is not supported",
    ORT + "test_training_model_0.onnx": "(com.microsoft Send, version 1): this operator is not supported",
    ORT + "test_training_model_1.onnx": "(com.microsoft Recv, version 1): this operator is not supported",
    ORT + "test_training_model_2.onnx": "(com.microsoft Recv, version 1): this operator is not supported",
    ORT + "transform_recompute_3layer_bloom_optimized_training.onnx": "but got float16 (export the model in float32)",
    ORT + "bert_3d_attention_opt.onnx": "(ai.onnx Einsum, version 19): this operator is not supported",
    ORT + "transform_computation_reduction_reshape_mlm_bert_e2e.onnx": "but got float16 (export the model in float32)",
    ORT + "transform_computation_reduction_gather_gather_roberta_e2e.onnx": "but got float16 (export the model in float32)",
    ORT + "transform_fusion_attention_distilbert.onnx": "expected a target shape with as many elements",
    ORT + "transform_fusion_reshape_fusion_distillbert.onnx": "expected dimensions of at least 0, but got -1",
    ORT + "transpose_optimizer_shared_initializers.onnx": "'DQ0' (ai.onnx DequantizeLinear, version 19): this operator is not supported; hand in the float model",
    ORT + "transpose_optimizer_shared_initializers_broadcast.onnx": "'DQ0' (ai.onnx DequantizeLinear, version 19): this operator is not supported; hand in the float model",
    ORT + "transpose_optimizer_shared_initializers_broadcast2.onnx": "'DQ0' (ai.onnx DequantizeLinear, version 19): this operator is not supported; hand in the float model",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(build, shared, name):
    done = run_tool(build, "intq-translate", f"--import-model={shared / name}")
    assert done.returncode == 2 and REFUSED[name] in done.stderr, done.stderr[:1000]


def example(program):
    """Inputs that fit: small ids, full masks."""
    sizes, integer = {}, {}
    for _, kind, attributes in program.arguments:
        if 'intq.input = "' in attributes:
            name = attributes.split('intq.input = "')[1].split('"')[0]
            sizes[name] = [int(n) for n in kind[7:-1].split("x")[:-1]]
            integer[name] = kind.endswith("i32>")
    random = np.random.default_rng(0)
    return {name: np.ones(shape, np.int64) if "mask" in name else random.integers(0, 2, shape) if integer[name]
            else random.normal(0, 1, shape).astype(np.float32) for name, shape in sizes.items()}


TRAINED = {  # options, parameters
    "torchscript/train_nofold_dyn_loss_op12.onnx": (TOKENS, 41), "torchscript/train_nofold_dyn_loss_op17.onnx": (TOKENS, 41),
    "torchscript/train_nofold_static_loss_op15.onnx": (TOKENS, 41),
    "torchscript/infer_fold_dyn_op17.onnx": (TOKENS + ["--loss=cross-entropy"], 41),
    "torchscript/infer_fold_static_op11.onnx": (TOKENS + ["--loss=cross-entropy"], 41),
    "ort_artifacts/forward.onnx": (["--loss=cross-entropy"], 41),
    ORT + "training_api_zero_model.onnx": (MLP + ["--loss=cross-entropy"], 4),
    ORT + "test_training_model.onnx": (["--loss=mse"], 6),
}


@pytest.mark.parametrize("name", TRAINED)
def test_trained(build, shared, name):
    options, parameters = TRAINED[name]
    program = Imported(build, shared / name, *options)
    got = program.run(example(program))
    gradients = {k: v for k, v in got.items() if k.startswith("grad/")}
    assert len(gradients) == parameters
    assert all(np.all(np.isfinite(v)) for v in got.values())
    moving = 1 if "zero" in name else parameters - 2  # a key bias may have none; where all weights are 0 only one bias has
    assert sum(np.any(v) for v in gradients.values()) >= moving
    assert not any("onnx::" in k or "val_" in k for k in gradients), "names of the exporter"


def test_multilayer_perceptron_of_onnx_runtime(build, shared):
    """The backward of the training model against that of its eval model."""
    folder = shared / ORT
    backward, forward = (Imported(build, folder / f"training_api_{kind}_model.onnx", f"--checkpoint={folder / 'checkpoint.ckpt.bin'}",
                                  *MLP) for kind in ("training", "eval"))
    assert "nn.relu_grad" in backward.text and "nn.relu_grad" not in forward.text
    random = np.random.default_rng(2)
    forward.values = backward.values = {text_of(a, "intq.file"): random.normal(0, 0.1, [*map(int, kind[7:-5].split("x"))]).astype(np.float32)
                                        for _, kind, a in forward.arguments if "intq.state" in a}
    got, expected = (program.run(example(program)) for program in (backward, forward))
    gradients = {k: v for k, v in expected.items() if k.startswith("grad/")}
    assert len(gradients) == 4 and all(np.any(v) for v in gradients.values())
    assert_gradients_close(got, gradients)


@pytest.mark.parametrize("checkpoint,message", [
    ("nominal_checkpoint.bin", "expected the values of the parameters, but got a nominal checkpoint, which has none"),
    ("checkpoint.bin", "parameter 'fc1.weight': expected the checkpoint to hold its value")])
def test_checkpoints_without_the_values(build, shared, checkpoint, message):
    done = run_tool(build, "intq-translate", f"--import-model={shared / ORT / 'training_api_training_model.onnx'}",
                    f"--checkpoint={shared / ORT / checkpoint}", *MLP)
    assert done.returncode == 2 and message in done.stderr, done.stderr[:1000]


NAMED = {  # options, outputs that the loss is of, parameters, of these without effect on it
    ORT + "bert_toy_optimized.onnx": (["--bind=batch=2", "--bind=max_seq_len_in_batch=8", "--loss=mlm"],
                                      ["prediction_scores"], 94, 4),  # pooler and the other head
    ORT + "TFBertForQuestionAnswering.onnx": (["--bind=batch_size=2", "--loss=span"], ["output_1", "output_2"], 391, 0),
}


def negative_log_likelihood(scores, labels):
    scores = scores.astype(np.float64)
    logs = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    return -np.mean(np.take_along_axis(logs, labels[..., None], -1))


def sort_nodes(graph):
    """The onnx package evaluates nodes as they stand."""
    known, waiting = {"", *(i.name for i in graph.input), *(t.name for t in graph.initializer)}, list(graph.node)
    del graph.node[:]
    while waiting:
        node = waiting.pop(next(i for i, n in enumerate(waiting) if known.issuperset(n.input)))
        graph.node.append(node)
        known.update(node.output)


def loss_of_file(model, inputs, outputs, moved=None):
    """The loss that the onnx package's outputs give, after initializers were moved."""
    copy = onnx.ModelProto.FromString(model.SerializeToString())
    for tensor in copy.graph.initializer if moved else ():
        if tensor.name in moved:
            value = numpy_helper.to_array(tensor) + moved[tensor.name]
            tensor.CopyFrom(numpy_helper.from_array(value.astype(np.float32), tensor.name))
    own = {i.name: inputs[i.name].astype(onnx.helper.tensor_dtype_to_np_dtype(i.type.tensor_type.elem_type))
           for i in copy.graph.input if i.name in inputs}
    labels = [inputs["labels"]] if "labels" in inputs else [inputs["start_positions"], inputs["end_positions"]]
    return np.mean([negative_log_likelihood(*pair) for pair in zip(ReferenceEvaluator(copy).run(outputs, own), labels)])


@pytest.mark.parametrize("name", NAMED)
def test_loss_of_named_outputs(build, shared, name):
    """The loss against the onnx package's outputs, its gradients against the slope of that loss along them."""
    options, outputs, parameters, idle = NAMED[name]
    program, model = Imported(build, shared / name, *options, *(f"--logits={o}" for o in outputs)), onnx.load(str(shared / name))
    sort_nodes(model.graph)
    inputs = example(program)
    got = program.run(inputs)
    np.testing.assert_allclose(got["loss"], loss_of_file(model, inputs, outputs), rtol=1e-5)
    gradients = {k[5:]: v.astype(np.float64) for k, v in got.items() if k.startswith("grad/")}
    norm = np.sqrt(sum(np.sum(np.square(g)) for g in gradients.values()))
    assert len(gradients) == parameters and sum(not np.any(g) for g in gradients.values()) == idle
    step = 1e-2 / norm
    along = {}
    for parameter, attributes in program.state().items():
        gradient = gradients[parameter].T if "intq.transposed" in attributes else gradients[parameter]
        along[text_of(attributes, "intq.file")] = step * gradient
    ahead, behind = (loss_of_file(model, inputs, outputs, {k: s * g for k, g in along.items()}) for s in (1, -1))
    np.testing.assert_allclose((ahead - behind) / (2 * step), norm ** 2, rtol=1e-2)


def test_standard_gradient(shared, tmp_path):
    """Form E: d = (a + b)·a."""
    np.savez(tmp_path / "in.npz", a=np.float32(3), b=np.float32(5))
    assert cli.main(["step", str(shared / ORT / "grad_add_mul.onnx"), "--recipe", "float", "--inputs",
                     str(tmp_path / "in.npz"), "--outputs", str(tmp_path / "out.npz")]) == 0
    got = np.load(tmp_path / "out.npz")
    assert {name: got[name].item() for name in got} == {"d": 24, "loss": 24, "grad/a": 2 * 3 + 5, "grad/b": 3}


@pytest.mark.parametrize("options,message", [
    (["--loss=mlm"], "expected a forward graph with one float output, or one named logits or by --logits"),
    (["--loss=mlm"], "; the outputs are 'prediction_scores' [2, 8, "),
    (["--loss=mlm", "--logits=scores"], "logits: expected the names of float outputs, but got 'scores'"),
    (["--logits=prediction_scores"], "logits: expected a loss to add (--loss) to the outputs named")])
def test_logits_that_do_not_fit(build, shared, options, message):
    done = run_tool(build, "intq-translate", f"--import-model={shared / ORT / 'bert_toy_optimized.onnx'}", "--bind=batch=2",
                    "--bind=max_seq_len_in_batch=8", *options)
    assert done.returncode == 2 and message in done.stderr, done.stderr[:1000]


WITH_ORACLE = {  # in test_import_values.py
    "bert2_training_grads.onnx", "bert2_training_model.onnx", "ort_artifacts/training_model.onnx", "ort_artifacts/eval_model.onnx",
    *(f"torch_dynamo/{name}.onnx" for name in ("albert_cls_opset20_named", "bert_cls_opset20_named", "bert_cls_opset20_optimized",
                                                "bert_cls_opset23_attention", "bert_mlm_opset20_named"))}
HERE = {ORT + f"{name}.onnx" for name in ("training_api_training_model", "training_api_eval_model", "grad_add_mul")}


def test_every_file_is_tested(shared):
    files = {str(path.relative_to(shared)) for path in shared.rglob("*.onnx")}
    assert files == WITH_ORACLE | HERE | REFUSED.keys() | TRAINED.keys() | NAMED.keys()

"""What a finished run leaves: the model for Hugging Face transformers, and as an ONNX inference model."""
import json
import shutil
from pathlib import Path

import onnx
from safetensors import safe_open

from intq import nf4
from intq.data.tokenizer import FILES
from intq.errors import UserError
from intq.export import export_inference
from intq.export.families import family_of
from intq.export.write import write_model
from intq.run_folder import write_atomically, write_whole
from intq.state_file import write_safetensors
from intq.trained_copy import save_trained_copy

_CLASSES = {"classification": "ForSequenceClassification", "regression": "ForSequenceClassification",
            "qa": "ForQuestionAnswering"}
_HEADS = ("classifier.", "pre_classifier.", "qa_outputs.")


def parameters(program):
    return nf4.restore({e["name"]: program.state(e["name"]) for e in program.state_entries
                        if e["role"] in ("parameter", "frozen")})


def merge_text(report):
    """What the merge of adapters did, for people."""
    return (f"{report['modules']} weights changed by up to {report['largest_change']:.3g}; rounded to float32, "
            f"the largest merge error is {report['merge_error']:.3g}")


def save_weights(folder, weights, config=None):
    """model.safetensors; with a configuration under the names of transformers' classes, which begin with `bert.` or what
    the family has."""
    folder.mkdir(exist_ok=True)
    named = class_names(weights, config) if config else weights
    write_whole(folder / "model.safetensors", lambda path: write_safetensors(path, named, {"format": "pt"}))


def save_adapter(folder, tensors, config):
    """A folder that PEFT loads."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "adapter_model.safetensors", lambda path: write_safetensors(path, tensors, {"format": "pt"}))
    write_atomically(folder / "adapter_config.json", json.dumps(config, indent=1))


def class_names(weights, config):
    return {_class_name(n, config): w for n, w in weights.items()}


def _class_name(name, config):
    prefix = family_of(config).prefix
    return name if name.startswith((*_HEADS, prefix)) else prefix + name


def save_bert(folder, config, prefix, task, label_names, num_labels):
    """The configuration for transformers, and model.onnx from the weights that lie in `folder`."""
    write_atomically(folder / "config.json", json.dumps(_config(config, task, label_names, num_labels), indent=1))
    with safe_open(folder / "model.safetensors", "numpy") as weights:
        export_inference(config, lambda name: weights.get_tensor(_class_name(name, config)), prefix, folder / "model.onnx",
                         task=task, num_labels=num_labels)


def save_graph(folder, entries, model_path):
    """For a model that came as ONNX, from the weights that lie in `folder`: trained.onnx, a copy of the file with the
    trained values, and model.onnx, its forward graph. Returns why there are none where the file has no place for them."""
    with safe_open(folder / "model.safetensors", "numpy") as weights:
        why = save_trained_copy(model_path, entries, weights.get_tensor, folder / "trained.onnx")
    if why is None:
        write_model(_forward_graph(onnx.load(folder / "trained.onnx"), model_path), folder / "model.onnx")
    return why


def copy_tokenizer(source, folder):
    folder.mkdir(exist_ok=True)
    for name in FILES:
        if (Path(source) / name).exists():
            shutil.copyfile(Path(source) / name, folder / name)


def _config(config, task, label_names, num_labels):
    config = {k: v for k, v in config.items() if k not in ("_name_or_path", "transformers_version")}
    config["architectures"] = [family_of(config).name + _CLASSES[task]]
    if task != "qa":
        names = label_names or [f"LABEL_{i}" for i in range(num_labels)]
        config["id2label"] = {str(i): name for i, name in enumerate(names)}
        config["label2id"] = {name: i for i, name in enumerate(names)}
        config["problem_type"] = "regression" if task == "regression" else "single_label_classification"
    return config


def _forward_graph(model, model_path):
    """The graph from inputs to logits: dropout off, loss and labels cut away."""
    outputs = [o.name for o in model.graph.output]
    logits = "logits" if "logits" in outputs else next(o for o in outputs if "loss" not in o)
    _dropout_off(model.graph)
    inputs = [i.name for i in model.graph.input if i.name in ("input_ids", "attention_mask", "token_type_ids")]
    try:
        return onnx.utils.Extractor(model).extract_model(inputs, [logits])
    except (ValueError, onnx.checker.ValidationError) as error:
        raise UserError(f"{model_path}: no inference graph from {', '.join(inputs)} to {logits}: {error}") from None


def _dropout_off(graph):
    for node in graph.node:
        if node.op_type == "Dropout":
            del node.input[1:]
            del node.output[1:]

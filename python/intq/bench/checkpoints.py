"""Hugging Face folders with seeded random weights: how long a step takes does not depend on what was learned."""
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

MODELS = {
    "bert-base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
    "bert-large": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    "minilm": {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536},
}
VOCABULARY, POSITIONS = 30522, 512


def model_config(model):
    """config.json of `model`; PyTorch gets the same one."""
    return {"model_type": "bert", "architectures": ["BertModel"], **MODELS[model], "vocab_size": VOCABULARY,
            "max_position_embeddings": POSITIONS, "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
            "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "pad_token_id": 0}


def write_checkpoint(folder, model):
    config = model_config(model)
    Path(folder, "config.json").write_text(json.dumps(config))
    save_file(_weights(config), Path(folder, "model.safetensors"))


def _weights(config):
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    rng, tensors = np.random.default_rng(0), {}

    def normal(*shape):
        return rng.standard_normal(shape, np.float32) * np.float32(0.02)

    def linear(name, out, size):
        tensors[name + ".weight"], tensors[name + ".bias"] = normal(out, size), np.zeros(out, np.float32)

    def norm(name):
        tensors[name + ".weight"], tensors[name + ".bias"] = np.ones(hidden, np.float32), np.zeros(hidden, np.float32)

    for table, rows in (("word", VOCABULARY), ("position", POSITIONS), ("token_type", 2)):
        tensors[f"embeddings.{table}_embeddings.weight"] = normal(rows, hidden)
    norm("embeddings.LayerNorm")
    for i in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{i}."
        for part in ("query", "key", "value"):
            linear(layer + "attention.self." + part, hidden, hidden)
        linear(layer + "attention.output.dense", hidden, hidden)
        norm(layer + "attention.output.LayerNorm")
        linear(layer + "intermediate.dense", inner, hidden)
        linear(layer + "output.dense", hidden, inner)
        norm(layer + "output.LayerNorm")
    linear("pooler.dense", hidden, hidden)
    return tensors

"""A tiny BERT checkpoint folder with a word-piece vocabulary, made in a moment."""
import json

from safetensors.numpy import save_file

from intq.export.model import encoder_shapes
from intq.philox import normal

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "fine", "dull", "film", "plot", "a", "the", "is", "very",
         "not", "who", "made", "it", "one", "two", ".", "?", "##s", "on", "cat", "mat", "sat", "paris", "rome", "in"]
CONFIG = {"model_type": "bert", "vocab_size": len(WORDS), "hidden_size": 16, "num_hidden_layers": 2,
          "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 24, "type_vocab_size": 2,
          "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1,
          "layer_norm_eps": 1e-12, "initializer_range": 0.02}


def write_checkpoint(folder, config=CONFIG, prefix=""):
    """A BertModel folder with random weights and a word-piece vocabulary."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    shapes = encoder_shapes(config, prefix)
    h = config["hidden_size"]
    shapes.update({prefix + "pooler.dense.weight": [h, h], prefix + "pooler.dense.bias": [h]})
    tensors = {n: normal(n, s, 0.2, seed=7) for n, s in shapes.items()}
    for name in tensors:
        if name.endswith("LayerNorm.weight"):
            tensors[name] += 1
    save_file(tensors, folder / "model.safetensors")
    return folder

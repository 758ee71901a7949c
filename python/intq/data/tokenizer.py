"""Text to token ids with Hugging Face's tokenizers: a folder's tokenizer.json, or its vocab.txt."""
import json
from pathlib import Path

import numpy as np
from tokenizers import BertWordPieceTokenizer, Tokenizer

from intq.errors import UserError

FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")
CHUNK = 4096  # texts at a time: the tokenizer's own records are many times larger than the arrays


def load_tokenizer(folder):
    folder = Path(folder)
    try:
        if (folder / "tokenizer.json").exists():
            return Tokenizer.from_file(str(folder / "tokenizer.json"))
        if (folder / "vocab.txt").exists():
            return BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=_lowercase(folder))._tokenizer
    except Exception as error:  # the tokenizers package raises bare Exception
        raise UserError(f"{folder}: the tokenizer cannot be read: {error}") from None
    raise UserError(f"{folder}: expected a file tokenizer.json or vocab.txt")


def _lowercase(folder):
    try:
        return bool(json.loads((folder / "tokenizer_config.json").read_text())["do_lower_case"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return True


def encode(tokenizer, texts, seq):
    """Tuples of one or two strings to arrays [N, seq]: longest part truncated first, padded at the end."""
    if seq < tokenizer.num_special_tokens_to_add(len(texts[0]) == 2) + 1:
        raise UserError(f"expected a sequence length that holds a token between the special ones, but got {seq}")
    tokenizer.enable_truncation(seq, strategy="longest_first")
    pad(tokenizer, seq)
    parts = [arrays(tokenizer.encode_batch([t if len(t) == 2 else t[0] for t in texts[i:i + CHUNK]]))
             for i in range(0, len(texts), CHUNK)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def pad(tokenizer, seq):
    token = tokenizer.token_to_id("[PAD]")
    tokenizer.enable_padding(length=seq, pad_id=token or 0, pad_token="[PAD]" if token is not None else "<pad>")


def arrays(encodings):
    return {"input_ids": np.array([e.ids for e in encodings], np.int32),
            "attention_mask": np.array([e.attention_mask for e in encodings], np.int8),
            "token_type_ids": np.array([e.type_ids for e in encodings], np.int8)}

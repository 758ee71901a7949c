#!/usr/bin/env python3
"""Fuzzes what Python reads: tables of text, SQuAD files, checkpoint folders, state files.

    fuzz_files.py SECONDS [SEED]        for each target; needs the environment of `make venv`

A file is a seed with a few pieces changed. It is accepted or refused with UserError; anything else is a finding: the script
prints its kind, writes the file to the current folder and fails.
"""
import json
import pathlib
import random
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "python"), str(HERE.parent / "python")]
import numpy as np  # noqa: E402
from safetensors.numpy import save  # noqa: E402
from tiny_bert import write_checkpoint  # noqa: E402

from intq.checkpoint_folder import CheckpointFolder, read_config  # noqa: E402
from intq.data.examples import Columns, read_examples  # noqa: E402
from intq.data.squad import read_squad  # noqa: E402
from intq.errors import UserError  # noqa: E402
from intq.state_file import read_into_state  # noqa: E402

PIECES = [b"\t", b"\n", b"\r\n", b'"', b",", b"\0", b"\xff", b"\xef\xbb\xbf", b"{", b"}", b"[" * 3000, b"null", b"NaN", b"1e999", b"-1",
          b"18446744073709551616", b"\\ud800", b"label", b"text", b'{"text": 1}']
SQUAD = json.dumps({"data": [{"paragraphs": [{"context": "paris is in france", "qas": [
    {"id": "1", "question": "where is paris", "answers": [{"text": "france", "answer_start": 12}]}]}]}]}).encode()


class State:
    """As much of a program as read_into_state wants."""
    state_entries = [{"name": "w", "dtype": "float32", "shape": [2, 3]}]

    def assign(self, name, array):
        assert array.shape == (2, 3) and array.dtype == np.float32


def examples(path):
    for task in ("classification", "regression"):
        read_examples(path, Columns(None, None, None), task, [], True, None)


def weights(path):
    folder = CheckpointFolder.open(path.parent)
    for name in folder.shapes:
        folder.tensor(name)


def targets(scratch):
    folder = write_checkpoint(scratch / "model")
    table = b"text\tlabel\ngood film\t1\nbad film\t0\n"
    yield "tsv", scratch / "a.tsv", table, examples
    yield "csv", scratch / "a.csv", table.replace(b"\t", b","), examples
    yield "jsonl", scratch / "a.jsonl", b'{"text": "good", "label": 1}\n{"text": "bad", "label": "x"}\n', examples
    yield "squad", scratch / "a.json", SQUAD, read_squad
    yield "state", scratch / "s.safetensors", save({"w": np.zeros((2, 3), np.float32)}), lambda p: read_into_state(p, State())
    config = folder / "config.json"
    yield "config", config, config.read_bytes(), lambda path: read_config(path.parent)
    small = write_checkpoint(scratch / "other")
    file = small / "model.safetensors"
    yield "weights", file, file.read_bytes(), weights


def changed(seed, draw):
    data = bytearray(seed)
    for _ in range(draw.randint(1, 4)):
        at, kind = draw.randrange(min(len(data), 4096) + 1), draw.randrange(5)
        if kind == 0 and at < len(data):
            data[at] = draw.randrange(256)
        elif kind == 1:
            data[at:at] = draw.choice(PIECES)
        elif kind == 2:
            del data[at:at + draw.randint(1, 16)]
        elif kind == 3:
            data[at:at] = data[at:at + draw.randint(1, 64)]
        elif draw.random() < 0.1:
            del data[at:]
    return bytes(data)


def fuzz(seconds, seed):
    """Executions and findings by target."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, path, content, read in targets(pathlib.Path(scratch)):
            draw, end, count, finding = random.Random(seed), time.monotonic() + seconds, 0, None
            while time.monotonic() < end and finding is None:
                data = changed(content, draw)
                path.write_bytes(data)
                count += 1
                try:
                    read(path)
                except UserError:
                    pass
                except Exception:
                    finding = (data, traceback.format_exc())
            path.write_bytes(content)
            yield name, count, finding


def main(seconds, seed=0):
    failed = 0
    for name, count, finding in fuzz(float(seconds), int(seed)):
        print(f"{name}: {count} executions" + (f", then\n{finding[1]}" if finding else ""))
        if finding:
            pathlib.Path(f"fuzz-{name}-finding").write_bytes(finding[0])
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

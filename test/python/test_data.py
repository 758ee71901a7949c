"""Files to examples: every accepted form, and what is said about the malformed ones."""
import json

import numpy as np
import pytest
from tiny_bert import WORDS

from intq.data import squad
from intq.data.dataset import TrainingOrder, load_dataset, sequential_batches
from intq.data.examples import Columns, read_examples
from intq.data.presets import preset
from intq.data.tokenizer import encode, load_tokenizer
from intq.errors import UserError


def read(tmp_path, name, text, task="classification", text_columns=None, label=None, preset_name=None, names=None,
         need_labels=True, num_labels=None):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    names = [] if names is None else names
    columns = Columns(text_columns, label, preset(preset_name) if preset_name else None)
    if preset_name:
        names += preset(preset_name).label_names
        task = preset(preset_name).task
    return read_examples(path, columns, task, names, need_labels, num_labels), names


FORMS = [
    ("a.tsv", "label\ttext_a\n1\tgood film\n0\tbad, \"dull\" film\n", {}),
    ("a.csv", "text,label\r\n\"good film\",1\r\n\"bad, \"\"dull\"\" film\",0\r\n", {}),
    ("a.jsonl", '{"text": "good film", "label": 1}\n{"label": 0, "text": "bad, \\"dull\\" film"}\n', {}),
    ("a.tsv", "x\t1\tgood film\nx\t0\tbad, \"dull\" film\n", {"text_columns": ["2"], "label": "1"}),
    ("a.tsv", "id\ty\twords\nx\t1\tgood film\nx\t0\tbad, \"dull\" film\n", {"text_columns": ["2"], "label": "1"}),
    ("a.tsv", "id\ty\twords\nx\t1\tgood film\nx\t0\tbad, \"dull\" film\n", {"text_columns": ["words"], "label": "y"}),
    ("a.tsv", "gj\t1\t\tgood film\ngj\t0\t*\tbad, \"dull\" film\n", {"preset_name": "cola"}),
]


@pytest.mark.parametrize("name,text,options", FORMS)
def test_forms(tmp_path, name, text, options):
    examples, names = read(tmp_path, name, text, **options)
    assert examples.texts == [("good film",), ('bad, "dull" film',)]
    assert examples.labels == [1, 0] and names == ["0", "1"]


def test_pairs_and_numbers(tmp_path):
    examples, _ = read(tmp_path, "a.tsv", "index\tsentence1\tsentence2\tscore\n0\ta\tb\t2.500\n1\tc\td\t5\n",
                       preset_name="stsb")
    assert examples.texts == [("a", "b"), ("c", "d")] and examples.labels == [2.5, 5.0]


def test_named_labels_are_sorted_and_kept(tmp_path):
    text = "text\tlabel\none\tpos\ntwo\tneg\nthree\tpos\n"
    assert read(tmp_path, "a.tsv", text)[0].labels == [1, 0, 1]
    assert read(tmp_path, "a.tsv", text)[1] == ["neg", "pos"]
    rte, names = read(tmp_path, "a.tsv", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tnot_entailment\n",
                      preset_name="rte")
    assert rte.labels == [1] and names == ["entailment", "not_entailment"]


def test_unlabelled_data(tmp_path):
    examples, _ = read(tmp_path, "a.tsv", "text\nfirst\nsecond\n", need_labels=False)
    assert examples.labels is None and examples.texts == [("first",), ("second",)]


BAD = [
    ("a.tsv", "", {}, "empty"),
    ("a.tsv", "label\ttext\n", {}, "after the header"),
    ("a.tsv", "label\ttext\n1\tgood\n1\tgood\textra\n", {}, r"a.tsv:3: expected 2 tab-separated fields.*got 3"),
    ("a.csv", "label,text\n1,good\n0\n", {}, r"a.csv:3: expected 2 comma-separated fields.*got 1"),
    ("a.csv", 'label,text\n1,"good\n', {}, r"a.csv:2: expected CSV"),
    ("a.jsonl", '{"text": "a", "label": 1}\n{"text": "a"}\n', {}, r"a.jsonl:2: expected the key 'label'"),
    ("a.jsonl", '{"text": "a", "label": 1}\n[1]\n', {}, r"a.jsonl:2: expected a JSON object, but got list"),
    ("a.jsonl", '{"text": \n', {}, r"a.jsonl:1: expected one JSON object"),
    ("a.tsv", b"label\ttext\n1\tcaf\xe9\n", {}, r"a.tsv:2: expected UTF-8 text, but got byte 0xe9"),
    ("a.tsv", "label\ttext_a\n1\tgood\n7\tbad\n", {"preset_name": "sst2"}, r"a.tsv:3: expected a label of 0, 1, but got '7'"),
    ("a.tsv", "label\ttext\n1\tgood\n5\tbad\n", {"num_labels": 3}, r"a.tsv:3: expected a label of 0, 1, 2, but got '5'"),
    ("a.tsv", "label\ttext\nx\tgood\ny\tbad\n", {"num_labels": 3}, r"expected 3 classes, but got 2: x, y"),
    ("a.tsv", "label\ttext\nx\tgood\nx\tbad\n", {}, "at least two classes"),
    ("a.tsv", "label\ttext\n\tgood\n1\tbad\n", {}, r"a.tsv:2: expected a label, but got an empty field"),
    ("a.tsv", "label\ttext\n1\t \n0\tbad\n", {}, r"a.tsv:2: expected text, but got an empty field"),
    ("a.tsv", "label\ttext\nhigh\tgood\n", {"task": "regression"}, r"a.tsv:2: expected a number as label, but got 'high'"),
    ("a.tsv", "label\ttext\nnan\tgood\n", {"task": "regression"}, "expected a number as label"),
    ("a.tsv", "a\tb\n1\tgood\n", {}, "no text column found among a, b"),
    ("a.tsv", "text\tb\ngood\t1\n", {}, "no label column found"),
    ("a.tsv", "a\tb\n1\tgood\n", {"text_columns": ["c"], "label": "a"}, "expected a column of a, b, but got 'c'"),
    ("a.tsv", "1\tgood\n", {"text_columns": ["2"], "label": "0"}, "expected a column of 0 … 1, but got '2'"),
    ("a.tsv", "x\t1\n", {"preset_name": "cola"}, "expected at least 4 fields"),
    ("a.xlsx", "x", {}, "expected a file named .tsv"),
]


@pytest.mark.parametrize("name,text,options,message", BAD)
def test_malformed_files_are_named(tmp_path, name, text, options, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, name, text, **options)


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        read_examples(tmp_path / "no.tsv", Columns(), "classification", [])


def test_encoding_pads_and_truncates(checkpoint):
    tokenizer = load_tokenizer(checkpoint)
    arrays = encode(tokenizer, [("good film",), ("the film is very very very good",)], 6)
    at = WORDS.index
    assert arrays["input_ids"].tolist() == [
        [at("[CLS]"), at("good"), at("film"), at("[SEP]"), 0, 0],
        [at("[CLS]"), at("the"), at("film"), at("is"), at("very"), at("[SEP]")]]
    assert arrays["attention_mask"].tolist() == [[1, 1, 1, 1, 0, 0], [1] * 6]
    pair = encode(tokenizer, [("good film", "bad plot")], 8)
    assert pair["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1, 1, 0]]
    with pytest.raises(UserError, match="sequence length"):
        encode(tokenizer, [("good",)], 2)


def test_tokenizer_folder_without_files(tmp_path):
    with pytest.raises(UserError, match="tokenizer.json or vocab.txt"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match="cannot be read"):
        load_tokenizer(tmp_path)


CONTEXT = "the cat sat on the mat . the film is in rome . the plot is in paris ."


def squad_file(tmp_path, answer_start=None, text="rome"):
    start = CONTEXT.index("rome") if answer_start is None else answer_start
    path = tmp_path / "q.json"
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": CONTEXT, "qas": [
        {"id": "q1", "question": "is the film in rome ?", "answers": [{"text": text, "answer_start": start}]}]}]}]}))
    return path


def test_squad_windows_hold_the_answer(tmp_path, checkpoint):
    tokenizer = load_tokenizer(checkpoint)
    data = load_dataset(squad_file(tmp_path), tokenizer, 18, task="qa")
    questions, windows = data.source
    assert len(data) > 1 and len(questions) == 1
    held = data.arrays["start_positions"] > 0
    assert held.any() and not held.all()
    logits = np.zeros((len(data), 18, 2), np.float32)
    for row in np.flatnonzero(held):
        start, end = windows.start_positions[row], windows.end_positions[row]
        lo, hi = windows.offsets[row][start][0], windows.offsets[row][end][1]
        assert CONTEXT[lo:hi] == "rome"
        logits[row, start, 0] = logits[row, end, 1] = 9
    assert squad.answers(questions, windows, logits) == ["rome"]


@pytest.mark.parametrize("make,message", [
    (lambda p: squad_file(p, answer_start=1), "expected the answer 'rome' at character 1"),
    (lambda p: _write(p, "{"), "SQuAD JSON"), (lambda p: _write(p, '{"data": []}'), "expected questions"),
    (lambda p: _write(p, '{"data": [{"paragraphs": [{"qas": [{"id": "1"}]}]}]}'), "SQuAD JSON")])
def test_malformed_squad(tmp_path, checkpoint, make, message):
    with pytest.raises(UserError, match=message):
        load_dataset(make(tmp_path), load_tokenizer(checkpoint), 18, task="qa")


def _write(folder, text):
    (folder / "q.json").write_text(text)
    return folder / "q.json"


def test_squad_window_too_short(tmp_path, checkpoint):
    with pytest.raises(UserError, match="no room"):
        load_dataset(squad_file(tmp_path), load_tokenizer(checkpoint), 8, task="qa")


def test_every_epoch_holds_every_example_once():
    order = TrainingOrder(10, 4, seed=3)
    seen = np.concatenate([order.indices(n) for n in range(10)])
    for epoch in range(4):
        assert sorted(seen[epoch * 10:epoch * 10 + 10]) == list(range(10))
    assert np.array_equal(TrainingOrder(10, 4, seed=3).indices(7), seen[28:32])


def test_evaluation_batches_cover_the_data():
    batches = list(sequential_batches(5, 2))
    assert [b.tolist() for b, _ in batches] == [[0, 1], [2, 3], [4, 4]] and [n for _, n in batches] == [2, 2, 1]

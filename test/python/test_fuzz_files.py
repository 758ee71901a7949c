"""A second of test/fuzz/fuzz_files.py for each target: files are accepted or refused with a message, nothing else."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "fuzz"))
import fuzz_files  # noqa: E402


@pytest.mark.parametrize("text", ['{"text": ' + "[" * 100000, "[" * 100000])
def test_deep_json(tmp_path, text):
    for name, read in (("a.jsonl", fuzz_files.examples), ("a.json", fuzz_files.read_squad),
                       ("config.json", lambda path: fuzz_files.read_config(path.parent))):
        (tmp_path / name).write_text(text)
        with pytest.raises(fuzz_files.UserError):
            read(tmp_path / name)


SQUAD = fuzz_files.json.loads(fuzz_files.SQUAD)["data"][0]["paragraphs"][0]


@pytest.mark.parametrize("change", [{"context": 1}, {"context": "\ud800"}, {"qas": [[1]]}, {"qas": [{**SQUAD["qas"][0], "question": 7}]}])
def test_squad_of_wrong_types(tmp_path, change):
    (tmp_path / "a.json").write_text(fuzz_files.json.dumps({"data": [{"paragraphs": [{**SQUAD, **change}]}]}))
    with pytest.raises(fuzz_files.UserError, match="expected"):
        fuzz_files.read_squad(tmp_path / "a.json")


def test_half_a_surrogate_pair(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a \\ud800", "label": 1}\n')
    with pytest.raises(fuzz_files.UserError, match="a.jsonl:1: expected text in 'text'"):
        fuzz_files.examples(tmp_path / "a.jsonl")


def test_mutated_files_are_accepted_or_refused():
    for name, count, finding in fuzz_files.fuzz(seconds=0.7, seed=1):
        assert count > 3 and finding is None, f"{name}: {finding and finding[1]}"

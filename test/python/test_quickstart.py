"""The quickstart's data: split, labels and encodings from a small archive of the same form."""
import hashlib
import io
import tarfile
import zipfile

import pytest

from intq import quickstart
from intq.errors import UserError


@pytest.fixture
def archive(tmp_path, monkeypatch):
    lines = [f"{i}\t{(-1) ** i * (0.4 if i % 10 == 0 else 2.0)}\tsentence {i}".encode() for i in range(40)]
    lines.append(b"41\t3.0\tcaf\xe9  society\r")
    snippets = b"\n".join(lines) + b"\n"
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as tar:
        info = tarfile.TarInfo(quickstart.SNIPPETS)
        info.size = len(snippets)
        tar.addfile(info, io.BytesIO(snippets))
    path = tmp_path / "film-reviews" / quickstart.ARCHIVE
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as outer:
        outer.writestr(quickstart.INNER, inner.getvalue())
    monkeypatch.setattr(quickstart, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def test_split(archive, tmp_path):
    train, held_out, majority = quickstart.prepare_data(tmp_path)
    rows = [line.split("\t") for path in (train, held_out) for line in path.read_text().splitlines()[1:]]
    assert len(rows) == 37 and len(held_out.read_text().splitlines()) == 1 + 4  # 4 unclear ones of 41 are left out
    assert ["1", "café society"] in rows and 0.5 <= majority <= 1
    assert {text: label for label, text in rows}["sentence 3"] == "0"
    first = train.read_bytes()
    assert quickstart.prepare_data(tmp_path)[0].read_bytes() == first


def test_changed_archive_is_refused(archive, tmp_path):
    archive.write_bytes(archive.read_bytes() + b"x")
    with pytest.raises(UserError, match="expected SHA-256"):
        quickstart.prepare_data(tmp_path)


def test_every_run_gets_its_folder(tmp_path):
    assert quickstart._free_folder(tmp_path / "q") == tmp_path / "q"
    (tmp_path / "q").mkdir()
    assert quickstart._free_folder(tmp_path / "q") == tmp_path / "q-2"

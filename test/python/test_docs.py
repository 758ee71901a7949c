"""Generated documents are what the tree says."""
import sys

import pytest


@pytest.fixture(scope="module")
def dev(source):
    sys.path.insert(0, str(source / "tools" / "dev"))
    import generate_docs
    import status
    yield {"reference": generate_docs, "status": status}
    sys.path.pop(0)


def test_reference_of_dialects_and_passes(dev, source, build):
    folder = source / "docs" / "generated"
    files = dev["reference"].reference(build)
    stale = dev["reference"].write_or_check({folder / name: text for name, text in files.items()}, check=True)
    assert not stale, "run make docs"
    assert {path.name for path in folder.iterdir()} == set(files)


def test_status(dev, source):
    text = dev["status"].HEAD + "\n".join(dev["status"].table()) + "\n"
    assert (source / "docs" / "Status.md").read_text() == text, "run make docs"


def test_status_sees_every_op(dev):
    ops = list(dev["status"].ops())
    assert ("nn", "add", "AddOp") in ops and ("intq", "reshape", "ReshapeOp") in ops
    assert len(ops) == len(set(ops)) > 40


def test_a_change_is_noticed(dev, tmp_path):
    path = tmp_path / "a.md"
    path.write_text("old\n")
    assert dev["reference"].write_or_check({path: "new\n"}, check=True) == [path]
    assert path.read_text() == "old\n"
    assert dev["reference"].write_or_check({path: "new\n"}, check=False) == []
    assert path.read_text() == "new\n"

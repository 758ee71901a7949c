"""docs/GettingStarted.md: its shell blocks run, one after the other, in one folder."""
import os
import re
import subprocess
import sys

import pytest

from intq.abi import library_path
from intq.errors import UserError


def blocks(source):
    text = (source / "docs" / "GettingStarted.md").read_text()
    return re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def environment(source, tmp_path):
    """A path on which `intq` and `python3` are this checkout's."""
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "intq").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m intq "$@"\n')
    (bin / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    for file in bin.iterdir():
        file.chmod(0o755)
    return {**os.environ, "PATH": f"{bin}:{os.environ['PATH']}", "PYTHONPATH": str(source / "python")}


def test_blocks_run(source, tmp_path, environment):
    try:
        library_path()
    except UserError:
        pytest.skip("libintq.so is not built")
    folder = tmp_path / "work"
    folder.mkdir()
    found = blocks(source)
    assert len(found) >= 8
    hashes = []
    for block in found:
        done = subprocess.run(["sh", "-eu", "-c", block], cwd=folder, env=environment, text=True, capture_output=True)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        hashes += re.findall(r'"state_sha256": "(\w+)"', done.stdout)
    assert len(hashes) == 2 and hashes[0] == hashes[1]

"""docs/GettingStarted.md and docs/Tour.md: their shell blocks run, one after the other, in one folder."""
import os
import re
import subprocess
import sys

import pytest

from intq.checkpoint_folder import minilm_folder
from intq.errors import UserError


def blocks(source, page):
    text = (source / "docs" / page).read_text()
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


@pytest.fixture
def run_blocks(source, tmp_path, environment):
    """Runs the blocks of a page; returns what they print."""
    try:
        minilm_folder()
    except UserError as error:
        pytest.skip(str(error))  # `make` installs it
    folder = tmp_path / "work"
    folder.mkdir()

    def run(page, least):
        found = blocks(source, page)
        assert len(found) >= least
        printed = ""
        for block in found:
            done = subprocess.run(["sh", "-eu", "-c", block], cwd=folder, env=environment, text=True, capture_output=True)
            assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
            printed += done.stdout
        return printed

    return run


def test_getting_started(run_blocks):
    hashes = re.findall(r'"state_sha256": "(\w+)"', run_blocks("GettingStarted.md", 8))
    assert len(hashes) == 2 and hashes[0] == hashes[1]


def test_tour(run_blocks):
    printed = run_blocks("Tour.md", 6)
    assert "nn.linear" in printed and "call @intq_matmul_0" in printed

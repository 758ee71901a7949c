"""What the Python tests share: where the sources and the build are."""
import os
import pathlib
import sys

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "python"))


@pytest.fixture(scope="session")
def source():
    return SOURCE


@pytest.fixture(scope="session")
def build():
    """The build folder: $INTQ_BUILD (set by check-intq), else that of the release preset."""
    return pathlib.Path(os.environ.get("INTQ_BUILD", SOURCE / "build" / "release"))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A tiny BERT checkpoint folder; not to be changed."""
    from tiny_bert import write_checkpoint
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(params=["reference", "cpu"])
def run(request, build):
    """run(body, inputs, results) of reference_run.run_ops, once with each engine."""
    from reference_run import run_ops
    return lambda body, inputs, results: run_ops(build, body, inputs, results, request.param)


@pytest.fixture(scope="session")
def shared(source):
    """Models that nobody in this project made; they lie beside the checkout, and not everywhere."""
    folder = source.parent / "shared" / "data" / "onnx"
    if not folder.is_dir():
        pytest.skip("no ../shared/data/onnx beside the checkout")
    return folder

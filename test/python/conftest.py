"""What the Python tests share: where the sources and the build are."""
import os
import pathlib

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def source():
    return SOURCE


@pytest.fixture(scope="session")
def build():
    """The build folder: $INTQ_BUILD (set by check-intq), else that of the release preset."""
    return pathlib.Path(os.environ.get("INTQ_BUILD", SOURCE / "build" / "release"))

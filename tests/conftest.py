"""Fixtures that several test modules share."""

import os
from pathlib import Path

import pytest

import src_mindspore  # noqa: F401 - caps oneDNN before a test module imports MindSpore

SHARED_DATA_ENV = "POCKETLENS_SHARED_DATA"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with golden values and photos, which the repository does not carry."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get(SHARED_DATA_ENV, default))
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; {SHARED_DATA_ENV} names the folder with the shared data")
    return folder

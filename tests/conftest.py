"""Fixtures that several test modules share."""

import os
import subprocess
from pathlib import Path

import pytest
from readme import readme_commands
from workplace import Workplace

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


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """Where the real commands run on a small data set."""
    return Workplace.make(tmp_path_factory.mktemp("workplace"))


@pytest.fixture(scope="session")
def readme_runs(workplace: Workplace) -> list[subprocess.CompletedProcess]:
    """The README's commands, all run in order."""
    return [workplace.run(command.removeprefix("python ")) for command in readme_commands()]


@pytest.fixture(scope="session")
def run_folder(workplace: Workplace, readme_runs: list[subprocess.CompletedProcess]) -> Path:
    """The run that the README's commands leave, exported."""
    return workplace.folder / "runs" / "mine"

"""Whole commands on damaged photos and damaged run folders: status 0 or 2, one message."""

import shutil

import pytest
from fuzzing import run_child


@pytest.fixture
def place(tmp_path, workplace, run_folder):
    """Photos and a finished run, apart from the folder that the commands may write."""
    shutil.copytree(workplace.folder / "photos", tmp_path / "place/photos")
    shutil.copytree(run_folder, tmp_path / "place/run")
    return tmp_path / "place"


def test_commands_on_damaged_files(tmp_path, place):
    result = run_child("fuzz_commands.py", tmp_path / "child", 0, 40, place)
    assert result["photos labelled"] + result["photos refused"] == 40


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 6))
def test_commands_on_many_damaged_files(tmp_path, place, seed):
    print(run_child("fuzz_commands.py", tmp_path / "child", seed, 400, place))

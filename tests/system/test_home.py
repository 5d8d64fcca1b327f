"""Libraries that want a home folder get one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from src_mindspore.system import cache, home
from src_mindspore.system.cache import CACHE_ENV, cache_dir
from src_mindspore.system.errors import UserError
from src_mindspore.system.home import give_matplotlib_a_folder

VARIABLES = ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")


@pytest.fixture
def bare(monkeypatch):
    """None of the variables that name a place for Matplotlib."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_a_home_folder_is_matplotlibs_own_choice(tmp_path, bare):
    bare.setenv("HOME", str(tmp_path / "new"))
    give_matplotlib_a_folder()
    assert "MPLCONFIGDIR" not in os.environ


def test_without_home_it_is_in_the_cache_or_temporary(tmp_path, bare):
    bare.setattr(home.Path, "home", no_home)
    bare.setenv(CACHE_ENV, str(tmp_path / "cache"))
    give_matplotlib_a_folder()
    assert os.environ["MPLCONFIGDIR"] == str(tmp_path / "cache/matplotlib")
    give_matplotlib_a_folder()
    bare.delenv("MPLCONFIGDIR")
    bare.delenv(CACHE_ENV)
    give_matplotlib_a_folder()
    assert Path(os.environ["MPLCONFIGDIR"]).is_dir()
    bare.setenv("MPLCONFIGDIR", "")  # what was set above is not the test's own to leave


def test_a_home_that_is_a_file_is_none(tmp_path, bare):
    (tmp_path / "file").touch()
    bare.setenv("HOME", str(tmp_path / "file/home"))
    bare.setenv(CACHE_ENV, str(tmp_path / "cache"))
    give_matplotlib_a_folder()
    assert os.environ["MPLCONFIGDIR"] == str(tmp_path / "cache/matplotlib")
    bare.setenv("MPLCONFIGDIR", "")


def test_the_room_sees_to_it_before_matplotlib_is_imported(tmp_path):
    program = (
        "import os, pathlib\n"
        "def home(): raise RuntimeError('none')\n"
        "pathlib.Path.home = home\n"
        "import src_mindspore.plots.of_run\n"
        "print(os.environ['MPLCONFIGDIR'])"
    )
    kept = {k: v for k, v in os.environ.items() if k not in VARIABLES}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**kept, CACHE_ENV: str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(tmp_path / "matplotlib"), done.stderr


def test_a_home_folder_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setenv(CACHE_ENV, "~nobody-at-all/cache")
    with pytest.raises(UserError, match=f"{CACHE_ENV} is ~nobody-at-all/cache, and there is no su"):
        cache_dir()
    monkeypatch.delenv(CACHE_ENV)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr(cache.Path, "home", no_home)
    with pytest.raises(UserError, match=f"no home folder for the cache.*set {CACHE_ENV}"):
        cache_dir()

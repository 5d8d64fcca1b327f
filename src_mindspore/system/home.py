"""What libraries keep in a home folder, where there is none or none that can be written."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from src_mindspore.system.cache import cache_dir
from src_mindspore.system.errors import UserError

_MATPLOTLIB = "MPLCONFIGDIR"


def give_matplotlib_a_folder() -> None:
    """Names a folder that Matplotlib can write, unless its own choice, or the user's, is one.

    Without a home folder its import ends in a traceback, and without one that can be written in
    warnings. To be called before that import.
    """
    if os.environ.get(_MATPLOTLIB) or _has_a_home():
        return
    try:
        folder = cache_dir() / "matplotlib"
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError
    except (OSError, UserError):
        folder = Path(tempfile.mkdtemp(prefix="pocketlens-matplotlib-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[_MATPLOTLIB] = str(folder)


def _has_a_home() -> bool:
    """Whether Matplotlib can make both folders where it wants them (XDG base directories)."""
    try:
        places = (
            Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"),
            Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"),
        )
    except RuntimeError:
        return False
    return all(_can_be_written(place / "matplotlib") for place in places)


def _can_be_written(folder: Path) -> bool:
    there = next((p for p in (folder, *folder.absolute().parents) if p.exists()), folder)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)

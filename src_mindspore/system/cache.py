"""The user's cache folder: what is fetched or computed once."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from src_mindspore.system.errors import UserError

CACHE_ENV = "POCKETLENS_CACHE"
FEATURES, MODELS, NOTES = "features", "models", "doctor"  # folders of what is computed
FEATURES_LIMIT = 20.0  # GB of the feature cache, where nobody says otherwise


def cache_dir() -> Path:
    """The folder for what is fetched or computed once; it may not exist yet.

    ``$POCKETLENS_CACHE``, else ``$XDG_CACHE_HOME/pocketlens``, else ``~/.cache/pocketlens``.
    """
    if own := os.environ.get(CACHE_ENV):
        return Path(own).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification has relative values ignored.
    if Path(shared).is_absolute():
        return Path(shared) / "pocketlens"
    try:
        return Path.home() / ".cache" / "pocketlens"
    except RuntimeError as error:
        raise UserError(
            f"There is no home folder for the cache ({error}); set {CACHE_ENV} to a folder"
        ) from error


@contextmanager
def writing_cache() -> Iterator[None]:
    """Turns a failing write into a message that names the cache folder.

    Raises:
        UserError: the body raised OSError.
    """
    try:
        yield
    except OSError as error:
        raise UserError(
            f"Cannot write to the cache folder {cache_dir()}: {error}. Set {CACHE_ENV} to a folder"
            " that can be written and has 0.5 GB free."
        ) from error


_TEMPORARY = ".tmp-"
_STALE_SECONDS = 24 * 3600


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Gives a folder of a unique name in ``parent`` (made if needed), deleted at the end.

    What a killed process left behind there more than a day ago is deleted as well.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for old in parent.glob(f"{_TEMPORARY}*"):
        try:
            stale = time.time() - old.stat().st_mtime > _STALE_SECONDS
        except FileNotFoundError:  # another process has just finished with it
            continue
        if stale:
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

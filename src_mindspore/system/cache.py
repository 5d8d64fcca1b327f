"""The user's cache folder: what is fetched or computed once."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from src_mindspore.system.errors import UserError
from src_mindspore.system.folder_lock import lock_folder

CACHE_ENV = "POCKETLENS_CACHE"
FEATURES, MODELS, NOTES = "features", "models", "doctor"  # folders of what is computed
FEATURES_LIMIT = 20.0  # GB of the feature cache, where nobody says otherwise


def cache_dir() -> Path:
    """The folder for what is fetched or computed once; it may not exist yet.

    ``$POCKETLENS_CACHE``, else ``$XDG_CACHE_HOME/pocketlens``, else ``~/.cache/pocketlens``.
    """
    if own := os.environ.get(CACHE_ENV):
        return path_in(CACHE_ENV, own)
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


def path_in(variable: str, value: str) -> Path:
    """The absolute path that an environment variable names; ``~`` is the home folder.

    Raises:
        UserError: there is no such home folder.
    """
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError as error:
        raise UserError(
            f"{variable} is {value}, and there is no such home folder; a path without ~ is accepted"
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


# a name that nobody gives to a folder of his own; mkdtemp adds eight characters
_TEMPORARY = ".pocketlens-unfinished-"


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Gives a folder of a unique name in ``parent`` (made if needed), deleted at the end.

    It is locked meanwhile, so that what a killed process has left behind there can be told from
    what another works in; the former is deleted as well.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for old in parent.glob(_TEMPORARY + 8 * "[a-z0-9_]"):
        with suppress(OSError):  # gone, or another process works in it
            lock = lock_folder(old)
            shutil.rmtree(old, ignore_errors=True)
            os.close(lock)
    folder, lock = _locked_folder(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _locked_folder(parent: Path) -> tuple[Path, int | None]:
    """A new folder and its lock; None where the file system has no locks."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=parent))
        try:
            return folder, lock_folder(folder)
        except (FileNotFoundError, BlockingIOError):  # just swept by another process
            continue
        except OSError:
            return folder, None

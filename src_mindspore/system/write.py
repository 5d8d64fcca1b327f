"""Writing files so that a reader, or a crash, never sees half of one."""

import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from src_mindspore.system.errors import UserError


def sync_folder(folder: Path) -> None:
    """Makes a rename in ``folder`` survive a power loss (POSIX asks for fsync of the folder)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(temporary: Path, path: Path) -> None:
    """Renames a file so that after a power loss ``path`` is the old or the new one, whole."""
    with temporary.open("rb") as stream:
        os.fsync(stream.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Has an OSError of the body say which file could not be written: ``path``, if it does not."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:  # a write to an open file
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Gives a temporary name beside ``path``; what was written there becomes ``path`` at the end.

    The temporary keeps the suffix, because MindSpore and Matplotlib choose or append one by it.
    When the body raises, the temporary is deleted and ``path`` stays as it was.

    Raises:
        OSError: it could not be written, for example for want of room; it names ``path``.
        UserError: ``path`` is a folder or device.
    """
    _check_kind(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}-{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        with naming(path):
            yield temporary
            temporary.chmod(0o644)  # MindSpore leaves its files readable for their owner only
            put_in_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def sweep_temporaries(folder: Path, names: Iterable[str]) -> None:
    """Deletes what ``atomic_path`` left of files called ``names`` when its process was killed.

    Only for who alone writes these files.
    """
    for name in map(Path, names):
        for left in folder.glob(f".{name.stem}-{'[0-9a-f]' * 8}{name.suffix}"):
            left.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Refuses a file that could not be written, before the work whose result it shall hold.

    Raises:
        UserError: it is a folder or device, or its folder is missing or may not be written.
    """
    folder = path.parent
    _check_kind(path)
    if not folder.is_dir():
        raise UserError(f"{path} is to be written, and there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{path} is to be written, and the folder {folder} may not be written")


def _check_kind(path: Path) -> None:
    """A device would be renamed over, where that is allowed."""
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is to be written, and is a folder or device; a file is accepted")


def write_text(path: Path, text: str) -> None:
    r"""Writes UTF-8 text atomically; a byte of a file name that is not UTF-8 becomes ``\udcXX``."""
    with atomic_path(path) as temporary:
        # in JSON, YAML and JavaScript this is how half a character is written
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Writes indented UTF-8 JSON atomically; NaN and infinity are refused (not JSON)."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """The file that ``write_json`` writes.

    Raises:
        ValueError: NaN or infinity is in it.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode("utf-8", "backslashreplace")


def sha256_of(path: Path) -> str:
    """The file's SHA-256 as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()

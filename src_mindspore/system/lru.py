"""Entries of a cache, of which those that nobody has used for the longest make room.

Whoever reads an entry holds a shared lock (``hold``) on one of its files; it ends with the process,
however that ends. An entry is removed file by file, each of them one that was recognised as the
cache's own, under an exclusive lock that nobody who holds it lets anybody have.
"""

import fcntl
import os
import stat
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.system.errors import UserError

REMOVED = ".removed"  # ends the name of a folder while its files are deleted


@dataclass(frozen=True)
class Entry:
    """What a cache holds under one name.

    Attributes:
        kind: a word for tables and programs.
        path: a folder, or the main one of some files.
        files: all that belong to it, and nothing else is in the folder.
        what: what it is, in words.
        used: when it was last used, in seconds since 1970.
        bytes: of all files.
    """

    kind: str
    path: Path
    files: tuple[Path, ...]
    what: str
    used: float
    bytes: int

    @classmethod
    def of(cls, kind: str, path: Path, files: Iterable[Path], what: str, used: float) -> "Entry":
        """An entry with the size of its files; one that has just vanished counts nothing."""
        files, size = tuple(files), 0
        for file in files:
            with suppress(OSError):
                size += file.lstat().st_size
        return cls(kind, path, files, what, used, size)


def plain_files(folder: Path) -> list[Path] | None:
    """What a folder holds, sorted, if it is a folder of regular files and nothing else.

    Neither it nor anything in it may be a link.
    """
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            return None
        files = sorted(folder.iterdir())
        return files if all(stat.S_ISREG(file.lstat().st_mode) for file in files) else None
    except OSError:  # gone, or another user's
        return None


def hold(descriptor: int, path: Path) -> None:
    """Keeps the entry of an open file from being removed for as long as the file is open.

    Raises:
        UserError: it was removed while it was opened.
    """
    with suppress(OSError):  # a file system that has no locks
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    if os.fstat(descriptor).st_nlink == 0:
        raise UserError(f"{path} has been removed from the cache by another process")


def touch(file: Path) -> None:
    """Notes that an entry is used now; a cache that cannot be written is no error."""
    with suppress(OSError):
        os.utime(file, follow_symlinks=False)


def remove(entry: Entry) -> bool:
    """Deletes an entry that nobody holds.

    Returns:
        Whether it is gone.

    Raises:
        OSError: it may not be deleted.
    """
    locked: list[int] = []
    try:
        for file in entry.files:
            locked.append(os.open(file, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK))
            fcntl.flock(locked[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        _delete(entry)
    except BlockingIOError:
        return False
    except FileNotFoundError:  # somebody else was faster
        return True
    finally:
        for descriptor in locked:
            os.close(descriptor)
    return True


def _delete(entry: Entry) -> None:
    """A folder loses its name first, so that nobody finds half an entry."""
    if entry.path in entry.files:
        for file in reversed(entry.files):  # the note that vouches for the others comes last
            file.unlink(missing_ok=True)
        return
    folder = entry.path
    if not folder.name.endswith(REMOVED):
        folder = folder.with_name(f".{folder.name.lstrip('.')}{REMOVED}")
        entry.path.rename(folder)
    for file in entry.files:
        (folder / file.name).unlink(missing_ok=True)
    folder.rmdir()


def evict(entries: Iterable[Entry], limit: float, keep: Collection[Path] = ()) -> list[Entry]:
    """Removes the entries that were not used for the longest, until ``limit`` bytes are left.

    Args:
        entries: all there are.
        limit: bytes.
        keep: paths of entries that stay; so do those that somebody holds or that may not be
            deleted.

    Returns:
        What was removed.
    """
    oldest = sorted(entries, key=lambda entry: entry.used)
    left, removed = sum(entry.bytes for entry in oldest), []
    for entry in oldest:
        if left <= limit:
            break
        with suppress(OSError):
            if entry.path not in keep and remove(entry):
                removed.append(entry)
                left -= entry.bytes
    return removed

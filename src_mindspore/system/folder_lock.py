"""A lock on a folder, for processes of one machine; it needs no file of its own."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from src_mindspore.system.errors import UserError


def lock_folder(folder: Path) -> int:
    """Takes the lock of a folder without waiting.

    Returns:
        The descriptor that holds it, to be closed; it ends with its process, however that ends.

    Raises:
        FileNotFoundError: the folder is gone.
        BlockingIOError: another has the lock.
        OSError: the file system has no such locks.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder.stat()
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def alone_in(folder: Path, refusal: str) -> Iterator[None]:
    """Keeps other processes out of a folder, where the file system has locks.

    Args:
        folder: must be there.
        refusal: what is said where another is in it.

    Raises:
        UserError: another has the lock.
    """
    lock = None
    try:
        lock = lock_folder(folder)
    except BlockingIOError:
        raise UserError(refusal) from None
    except OSError:
        pass
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)

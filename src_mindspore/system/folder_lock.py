"""A lock on a folder, for processes of one machine; it needs no file of its own."""

import fcntl
import os
from pathlib import Path


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

"""One process at a time on a run folder.

The lock is a POSIX record lock on a file in the folder: it ends with its process, however that
ends, and holds between hosts that share the folder (NFS 4, Lustre).
"""

import fcntl
import os
import socket
from pathlib import Path

from src_mindspore.system.errors import UserError

LOCK = ".lock"
_MARK = b"process "  # what is in it begins so


class RunLock:
    """Held from ``take`` to ``release``, or to the end of the process.

    POSIX forgets all locks of a process on a file when it closes any descriptor of it: there is
    one ``RunLock`` for a folder in a process.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK
        self._file = -1

    def take(self) -> None:
        """Takes the lock; a second call does nothing.

        Raises:
            UserError: another process has it; the text says which. Or the file is somebody's own.
            OSError: the folder cannot be written.
        """
        while self._file < 0:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                self._lock(file, fcntl.LOCK_EX)
                if os.pread(file, len(_MARK), 0) not in (b"", _MARK):
                    raise UserError(f"{self.path} is no lock of a run; it stays: move it away")
                if not self._is_current(file):  # its holder has just ended, and deleted it
                    continue
                os.ftruncate(file, 0)
                holder = f"{os.getpid()} on {socket.gethostname()}"
                os.pwrite(file, _MARK + holder.encode(), 0)
                self._file, file = file, -1
            finally:
                if file >= 0:
                    os.close(file)

    def look(self) -> None:
        """Raises UserError where another process has the lock; it is not taken."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            self._lock(file, fcntl.LOCK_SH)  # shared: others who look are not in the way
        finally:
            os.close(file)

    def release(self) -> None:
        """Gives the lock up."""
        if self._file >= 0:
            self.path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1

    def _lock(self, file: int, kind: int) -> None:
        try:
            fcntl.lockf(file, kind | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # which of them is the file system's choice
            holder = os.pread(file, 200, 0).decode(errors="replace") or "another process"
            raise UserError(
                f"{self.path.parent} is being worked on by {holder}: one process at a time may "
                f"fill a folder; wait for it, stop it, or name another one"
            ) from None

    def _is_current(self, file: int) -> bool:
        try:
            return self.path.stat().st_ino == os.fstat(file).st_ino
        except FileNotFoundError:
            return False

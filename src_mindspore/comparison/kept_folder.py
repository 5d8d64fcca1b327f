"""A folder in which a command keeps what it has done, so that it can go on, and its report."""

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from src_mindspore.runs.lock import RunLock
from src_mindspore.system.advice import advised
from src_mindspore.system.manifest import NAME, Manifest


class KeptFolder:
    """A new folder, or one of an earlier call of the command; nobody else writes to it meanwhile.

    Args:
        path: the folder.
        command: whose it is.
        written: names of the files that the command writes into it.
        below: name of the folder in it that holds the parts of the work.
        what: the work, with its article, for messages.

    Attributes:
        files: what the folder has.
        parts: what the folder of the parts has.

    Raises:
        UserError: it holds what the command did not write, or another process works in it.
        OSError: it cannot be written.
    """

    def __init__(
        self, path: Path, command: str, written: Collection[str], below: str, what: str
    ) -> None:
        self.path, self.command = path, command
        self.files = Manifest(path, command, written)
        self.files.refuse_folder(f"{what} takes a new or an empty folder, or that of another one")
        self.files.refuse_others(written, "move them away, or name another folder with --out")
        self._new = not path.is_dir() or not any(path.iterdir())
        (path / below).mkdir(parents=True, exist_ok=True)
        self._lock = RunLock(path)
        self._lock.take()
        self.files.note({})  # from now on it is known as one of ours
        self.parts = Manifest(path / below, command)

    @contextmanager
    def working(self, arguments: Sequence[str]) -> Iterator[None]:
        """Lets go of the folder at the end; where the work stops, says what goes on with it.

        Args:
            arguments: of the command.
        """
        try:
            yield
        except (KeyboardInterrupt, OSError):  # stopped, or a full disk
            print(f"{advised(self.command, *arguments)}  goes on with it", file=sys.stderr)
            raise
        finally:
            self.close()

    def close(self) -> None:
        """Lets other processes work in the folder; a new one in which nothing was kept is gone."""
        if self._new and not (self.files.names or self.parts.names):
            with suppress(OSError):  # a folder that others have put something into stays
                self.parts.folder.rmdir()
                (self.path / NAME).unlink()
        self._lock.release()
        if self._new:
            with suppress(OSError):
                self.path.rmdir()

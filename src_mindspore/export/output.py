"""The folder of an export: what it may replace there, and how the files get into it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from src_mindspore.spec.model import FILE_NAME
from src_mindspore.system.cache import temporary_folder
from src_mindspore.system.errors import UserError
from src_mindspore.system.folder_lock import alone_in
from src_mindspore.system.manifest import NAME, Manifest

COMMAND = "export.py"
PARITY = "parity.json"
RESERVED = (PARITY, FILE_NAME)
_ADVICE = "move or delete them, or name another folder with --out"


class ExportFolder:
    """The folder that an export is written to, new or of an earlier export.

    Args:
        path: the folder.
        names: of all files that will be written.

    Raises:
        UserError: it holds something that no export wrote and that is in the way, or cannot be
            written.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self._names = (*names, PARITY, FILE_NAME)  # the spec last: it vouches for the others
        self._files = Manifest(path, COMMAND, (*RESERVED, *self._names))
        self._check()

    def _check(self) -> None:
        path = self.path
        self._files.refuse_folder(
            f"--out takes a new or empty folder, or one that an export has written; an export of "
            f"an earlier version (without {NAME}) can be deleted"
        )
        there = next(p for p in (path, *path.absolute().parents) if p.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            raise UserError(f"{path} is to be written, and the folder {there} may not be written")
        self._files.refuse_others(self._names, _ADVICE)

    @contextmanager
    def filled(self) -> Iterator[Path]:
        """Gives a temporary folder; what the body wrote there is put in place, file by file.

        What an earlier export wrote besides goes. After a failure all is as it was.

        Raises:
            UserError: a file that is in the way has come meanwhile.
            OSError: it cannot be written.
        """
        new = [p for p in (self.path, *self.path.absolute().parents) if not p.exists()]
        try:
            with temporary_folder(self.path) as temporary, self._alone():
                yield temporary
                self._files.refuse_others(self._names, _ADVICE)
                self._files.take(temporary, self._names)
                self._files.settle(self._names)
        finally:
            with suppress(OSError):  # empty after a failure
                for folder in new:
                    folder.rmdir()

    def _alone(self) -> AbstractContextManager[None]:
        return alone_in(
            self.path,
            f"another export is writing to {self.path}: wait for it, or name another --out",
        )

"""The journal of a cache entry that is being filled: which chunks are on the disk.

Its first line is the layout of the entry; each chunk that is done has a line with its number,
twice, so that a line torn by a power loss is no other number. Several processes append to it.
"""

import os
import re
from dataclasses import replace
from pathlib import Path

from src_mindspore.features.store import Layout
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import brief, open_file
from src_mindspore.system.write import write_text

MAX_LINE = 1 << 16  # bytes of the first line; ours has some hundred
_NUMBER = re.compile(rb"\d{1,18}")


class Journal:
    """An open journal. ``create`` writes the first line of one that is not there yet.

    Args:
        path: the file.
        wanted: the layout that the entry should have; its ``batch`` may be another's.

    Raises:
        UserError: the file is damaged, or of another layout.
    """

    def __init__(self, path: Path, wanted: Layout) -> None:
        self._path = path
        with open_file(path) as stream:
            first = stream.readline(MAX_LINE)
        self.layout = self._layout(first, wanted)
        self._read_to = len(first)
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        self._done: set[int] = set()
        os.utime(path)  # it is not abandoned

    @staticmethod
    def create(path: Path, layout: Layout) -> None:
        """Begins a journal; what it speaks of is on the disk by now."""
        write_text(path, layout.to_json() + "\n")

    def note(self, chunk: int) -> None:
        """Writes down that a chunk is on the disk, to the disk."""
        os.write(self._file, f"\n{chunk} {chunk}\n".encode())  # on a line of its own
        os.fdatasync(self._file)

    def done(self) -> set[int]:
        """The chunks that are noted by now, by whichever process; half a line is left for later."""
        size = os.fstat(self._file).st_size
        text = os.pread(self._file, size - self._read_to, self._read_to)
        whole = text[: text.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.splitlines():
            numbers = line.split()
            if len(numbers) != 2 or numbers[0] != numbers[1] or not _NUMBER.fullmatch(numbers[0]):
                continue
            if (chunk := int(numbers[0])) < self.layout.chunks:
                self._done.add(chunk)
        return self._done

    def close(self) -> None:
        """Nothing is noted after it."""
        os.close(self._file)

    def _layout(self, line: bytes, wanted: Layout) -> Layout:
        """What the journal begins with: ``wanted``, but perhaps in other batches."""
        try:
            found = Layout.from_json(line.decode())
        except ValueError as error:
            raise self._damaged(str(error)) from None
        if replace(found, batch=wanted.batch) != wanted:
            raise self._damaged(f"its layout is {brief(found.to_json())}")
        return found

    def _damaged(self, how: str) -> UserError:
        folder = self._path.parent
        return UserError(f"{self._path} is damaged ({how}); delete {folder} to begin it anew")

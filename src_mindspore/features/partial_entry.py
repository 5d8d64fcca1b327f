"""An entry of the feature cache that is being filled, chunk by chunk, by one or more processes.

While an entry is incomplete its folder is named ``.KEY.partial`` and holds two more files:
``done``, with a line for every chunk that is on the disk, and ``lock``, of which each process
locks the byte number ``chunk`` while it works on that chunk. So processes, also on other hosts
that share the folder, share the work, and what one leaves undone another does, at once or after a
restart. The locks are POSIX record locks: they end with their process, however it ends.
"""

import errno
import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from src_mindspore.features.errors import NoRoomError
from src_mindspore.features.journal import Journal
from src_mindspore.features.store import Layout
from src_mindspore.system.lru import hold
from src_mindspore.system.write import sweep_temporaries, sync_folder, write_json

log = logging.getLogger(__name__)

ABANDONED_AFTER = 7 * 24 * 3600  # seconds since the last chunk
DONE, LOCK, ABOUT = "done", "lock", "about.json"
SETUP = 1 << 40  # the byte that is locked while a folder is laid out, renamed or swept


class PartialEntry:
    """A partial entry that this process works on.

    ``open_partial`` makes one. Then: ``claims`` for chunks to do, ``write`` and ``finish`` for
    each of them, ``published`` when ``complete``, and ``close`` whatever happened.
    """

    def __init__(self, entry: Path, folder: Path, lock: int) -> None:
        self.entry = entry
        self.folder = folder
        self.layout: Layout
        self._lock = lock
        self._journal: Journal | None = None
        self._files: dict[str, tuple[int, int]] = {}  # descriptor, bytes of the header
        self._mine: set[int] = set()
        self._incomplete: set[int] = set()  # done by this process but for photos that are gone

    def is_current(self) -> bool:
        """Whether the folder is still there under its name."""
        try:
            return (self.folder / LOCK).stat().st_ino == os.fstat(self._lock).st_ino
        except FileNotFoundError:
            return False

    def lay_out(self, wanted: Layout) -> None:
        """Makes the files, or takes over what an earlier process made. The caller holds SETUP."""
        sweep_temporaries(self.folder, (DONE, ABOUT))
        journal = self.folder / DONE
        if not journal.exists():
            log.info("features: %d views, %.1f MB", wanted.rows, wanted.bytes / 1e6)
            self._check_room(wanted.bytes)
            for name, (shape, dtype) in wanted.outputs.items():
                self._make(name, (wanted.rows, *shape), dtype)
            sync_folder(self.folder)
            Journal.create(journal, wanted)
        self._journal = Journal(journal, wanted)
        self.layout = self._journal.layout
        for name in self.layout.outputs:
            path = self.folder / f"{name}.npy"
            header = self.layout.header(path, name)
            self._files[name] = os.open(path, os.O_RDWR | os.O_CLOEXEC), header
            hold(self._files[name][0], path)
        if self._journal.done():
            rows = self.layout.rows
            log.info("features: %d of %d views are there already", rows - self.missing, rows)

    def _check_room(self, needed: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise NoRoomError(self.folder.parent, needed, free)

    def _make(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
        """An array file with its room on the disk reserved."""
        description = {"descr": dtype.str, "fortran_order": False, "shape": shape}
        with (self.folder / f"{name}.npy").open("wb") as stream:
            np.lib.format.write_array_header_1_0(stream, description)
            size = stream.tell() + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
            stream.flush()
            try:
                os.posix_fallocate(stream.fileno(), 0, size)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    free = shutil.disk_usage(self.folder).free
                    raise NoRoomError(self.folder.parent, size, free) from None
                os.ftruncate(stream.fileno(), size)  # a file system that cannot reserve
            os.fsync(stream.fileno())

    def claims(self) -> Iterator[int]:
        """Chunks that nobody has done or works on, each locked for this process when it is given.

        It ends when there is none, which may be because other processes work on the rest.
        """
        for chunk in range(self.layout.chunks):
            known = self._journal.done() | self._incomplete | self._mine
            if chunk in known or not self._take(chunk):
                continue
            if chunk in self._journal.done():  # between our look and our lock
                self._release(chunk)
                continue
            self._mine.add(chunk)
            yield chunk

    def write(self, row: int, values: dict[str, np.ndarray]) -> None:
        """Writes rows of every output from ``row`` on; they must lie in a chunk of this process."""
        for name, (shape, dtype) in self.layout.outputs.items():
            data = np.ascontiguousarray(values[name], dtype)
            if data.shape[1:] != shape:
                raise ValueError(f"a row of {name} has the shape {shape}; got {data.shape[1:]}")
            descriptor, header = self._files[name]
            left = memoryview(data.reshape(-1).view(np.uint8))
            offset = header + row * (data.nbytes // len(data))
            while left:
                written = os.pwrite(descriptor, left, offset)
                left, offset = left[written:], offset + written

    def finish(self, chunk: int, whole: bool = True) -> None:
        """Notes a chunk as done, once its rows are on the disk.

        One that is not ``whole`` is done for this process alone: others do it again.
        """
        if not whole:
            self._incomplete.add(chunk)
            self._mine.discard(chunk)
            self._release(chunk)
            return
        for descriptor, _ in self._files.values():
            os.fdatasync(descriptor)
        self._journal.note(chunk)
        self._mine.discard(chunk)
        self._release(chunk)

    @property
    def complete(self) -> bool:
        """Whether every chunk is done, by whichever process."""
        return len(self._journal.done() | self._incomplete) == self.layout.chunks

    @property
    def missing(self) -> int:
        """Rows that are not done."""
        done = self._journal.done()
        return self.layout.rows - sum(len(self.layout.rows_of(chunk)) for chunk in done)

    @contextmanager
    def published(self, about: dict[str, object]) -> Iterator[Path]:
        """Makes the complete folder the entry, unless another process has done that.

        One of which a chunk is not whole stays as it is.

        Yields:
            Where the files can be opened meanwhile.
        """
        fcntl.lockf(self._lock, fcntl.LOCK_EX, 1, SETUP)
        if not self.is_current() or self.entry.is_dir():
            yield self.entry
        elif len(self._journal.done()) < self.layout.chunks:
            yield self.folder
        else:
            write_json(self.folder / ABOUT, about)
            self.folder.rename(self.entry)
            sync_folder(self.entry.parent)
            for name in (DONE, LOCK):
                (self.entry / name).unlink()
            yield self.entry

    def close(self) -> None:
        """Gives up all locks; undone chunks are free for others."""
        if self._journal:
            self._journal.close()
        for descriptor in (self._lock, *(d for d, _ in self._files.values())):
            os.close(descriptor)

    def _take(self, chunk: int) -> bool:
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, chunk)
        except (BlockingIOError, PermissionError):  # which of them is the file system's choice
            return False
        return True

    def _release(self, chunk: int) -> None:
        fcntl.lockf(self._lock, fcntl.LOCK_UN, 1, chunk)


def open_partial(entry: Path, layout: Layout) -> PartialEntry | None:
    """Goes on with a partial entry or begins one; None where the entry is complete by now.

    One that an earlier process began keeps that one's ``layout.batch``.

    Raises:
        NoRoomError: no room on the disk.
        UserError: what an earlier process began is damaged.
        OSError: the folder cannot be written.
    """
    folder = entry.with_name(f".{entry.name}.partial")
    while not entry.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except FileNotFoundError:  # it has become the entry
            continue
        partial = PartialEntry(entry, folder, lock)
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX, 1, SETUP)
            if partial.is_current() and not entry.is_dir():
                partial.lay_out(layout)
                fcntl.lockf(lock, fcntl.LOCK_UN, 1, SETUP)
                return partial
            if partial.is_current():  # made anew after another process had published
                shutil.rmtree(folder, ignore_errors=True)
        except BaseException as error:
            if isinstance(error, NoRoomError):  # what was laid out is not worth keeping
                shutil.rmtree(folder, ignore_errors=True)
            partial.close()
            raise
        partial.close()
    return None


def sweep(cache: Path) -> None:
    """Deletes what was begun long ago and never finished."""
    for folder in cache.glob(f".{'[0-9a-f]' * 32}.partial"):
        try:
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:  # gone, or another user's
            continue
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, SETUP)
            journal = folder / DONE
            last = (journal if journal.exists() else folder).stat().st_mtime
            if time.time() - last > ABANDONED_AFTER:
                shutil.rmtree(folder, ignore_errors=True)
                log.info("features: %s was never finished and is deleted", folder)
        except OSError:
            pass  # somebody works on it
        finally:
            os.close(lock)

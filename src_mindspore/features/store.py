"""Cached features on the disk: what an entry of the cache holds, and rows read one by one."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src_mindspore.system.errors import UserError
from src_mindspore.system.lru import hold
from src_mindspore.system.read import brief, open_file

CHUNK_BATCHES = 16  # engine batches in a chunk: about 2 s of work that a crash can cost


@dataclass(frozen=True)
class Layout:
    """What an entry holds: ``rows`` rows of every output, with the shape and type of one row.

    ``batch`` is the number of rows that the engine is given at once. It belongs to the layout, so
    that an extraction in several pieces gives the same bits as one in a single piece.
    """

    rows: int
    batch: int
    outputs: Mapping[str, tuple[tuple[int, ...], np.dtype]]

    @property
    def bytes(self) -> int:
        """On the disk, without the files' headers."""
        sizes = (math.prod(shape) * dtype.itemsize for shape, dtype in self.outputs.values())
        return self.rows * sum(sizes)

    @property
    def chunk(self) -> int:
        """Rows of a chunk; the last chunk may have fewer."""
        return CHUNK_BATCHES * self.batch

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.rows // self.chunk)

    def rows_of(self, chunk: int) -> range:
        """The rows of a chunk."""
        return range(chunk * self.chunk, min((chunk + 1) * self.chunk, self.rows))

    def header(self, path: Path, output: str) -> int:
        """Where the values of an output begin in its file.

        Raises:
            UserError: the file is damaged, or not of this layout.
        """
        shape, dtype, start = read_header(path)
        row, kind = self.outputs[output]
        if (shape, dtype) != ((self.rows, *row), kind):
            raise _damaged(path, f"it holds {brief(shape)} {dtype}, not {self.rows} rows of {row}")
        return start

    def open(self, entry: Path, output: str) -> "Rows":
        """An output of a complete entry.

        Raises:
            UserError: its file is damaged, or not of this layout.
        """
        path = entry / f"{output}.npy"
        self.header(path, output)
        return Rows(path)

    def to_json(self) -> str:
        """One line; equal for equal layouts."""
        outputs = {n: [list(shape), dtype.str] for n, (shape, dtype) in self.outputs.items()}
        return json.dumps({"rows": self.rows, "batch": self.batch, "outputs": outputs})

    @classmethod
    def from_json(cls, text: str) -> "Layout":
        """The inverse of ``to_json``.

        Raises:
            ValueError: the text is none of ours.
        """
        try:
            parts = json.loads(text)
            outputs = {n: (tuple(s), np.dtype(str(d))) for n, (s, d) in parts["outputs"].items()}
            layout = cls(parts["rows"], parts["batch"], outputs)
            sizes = [size for shape, _ in outputs.values() for size in shape]
        # NumPy answers some descriptions of a type with SyntaxError
        except (AttributeError, LookupError, RecursionError, SyntaxError, TypeError) as error:
            raise ValueError(f"no layout: {error}") from None
        if not all(type(n) is int and n > 0 for n in (layout.rows, layout.batch, *sizes)):
            raise ValueError(f"no layout: {brief(parts)}")
        return layout


def read_header(path: Path) -> tuple[tuple[int, ...], np.dtype, int]:
    """Shape and type of one of our ``.npy`` files (format 1.0), and where its values begin.

    Raises:
        UserError: it is none, is cut short, or says that it holds anything but floats.
    """
    with open_file(path) as stream:
        try:
            version = np.lib.format.read_magic(stream)
            shape, by_columns, dtype = np.lib.format.read_array_header_1_0(stream)
        # NumPy takes the header for a literal of Python, and passes on what its tokenizer raises
        except Exception as error:
            raise _damaged(path, str(error)) from None
        start, size = stream.tell(), os.fstat(stream.fileno()).st_size
    if version != (1, 0) or by_columns or dtype.kind != "f" or not shape or min(shape) < 0:
        raise _damaged(path, f"its header says {brief((version, shape, by_columns, dtype))}")
    if size != start + math.prod(shape) * dtype.itemsize:
        raise _damaged(path, f"it has {size:,} bytes, not those of {brief(shape)} {dtype}")
    return shape, dtype, start


def _damaged(path: Path, how: str) -> UserError:
    return UserError(f"{path} is damaged ({how}); delete its folder to have it made anew")


class Rows:
    """An array on the disk whose rows are read when they are asked for; it cannot be written.

    They are read with ``pread``: a memory map would add every page ever touched to the memory of
    this process, here they stay the kernel's.

    ``rows[key]`` gives an array in memory; ``key`` is a slice or an array of indices of the first
    axis, or two arrays of indices of the first two.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shape, self.dtype, self._start = read_header(path)
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        hold(self._file, path)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def __len__(self) -> int:
        """Length of the first axis."""
        return self.shape[0]

    def __getitem__(self, key: slice | np.ndarray | tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """See the class.

        Raises:
            IndexError: an index beyond the array.
            OSError: the file is shorter than its header says.
        """
        if isinstance(key, slice):
            key = np.arange(*key.indices(len(self)))
        axes = key if isinstance(key, tuple) else (key,)
        for indices, length in zip(axes, self.shape[: len(axes)], strict=True):
            if len(indices) and not 0 <= indices.min() <= indices.max() < length:
                raise IndexError(f"rows of {self.path} are 0 to {length - 1}; got {indices}")
        flat = np.ravel_multi_index(axes, self.shape[: len(axes)])
        values = np.empty((len(flat), *self.shape[len(axes) :]), self.dtype)
        if values.size:
            self._read(flat, memoryview(values).cast("B"))
        return values

    def _read(self, rows: np.ndarray, into: memoryview) -> None:
        """Rows by their number in the file, neighbours in one go, in the order of the disk."""
        width = len(into) // len(rows)
        order = np.argsort(rows, kind="stable")
        breaks = np.flatnonzero((np.diff(rows[order]) != 1) | (np.diff(order) != 1)) + 1
        offsets = (self._start + rows * width).tolist()
        for run in np.split(order, breaks) if len(breaks) + 1 < len(rows) else order[:, None]:
            place = int(run[0])
            part = into[place * width : (place + len(run)) * width]
            if os.preadv(self._file, [part], offsets[place]) < len(part):
                raise OSError(f"{self.path} is cut short; delete its folder to have it made anew")

    def by_photo(self, views: int) -> "Rows":
        """The same rows with the first axis, photos x views, taken as two."""
        other = Rows(self.path)
        other.shape = (self.shape[0] // views, views, *self.shape[1:])
        return other


@dataclass(frozen=True)
class PlainView:
    """The first view of every photo, as a sequence of rows; ``rows``: (photos, views, ...)."""

    rows: "Rows | Picked | np.ndarray"

    def __len__(self) -> int:
        """Number of photos."""
        return len(self.rows)

    def __getitem__(self, photos: slice) -> np.ndarray:
        """(n, ...) as stored."""
        chosen = np.arange(*photos.indices(len(self)))
        return self.rows[chosen, np.zeros_like(chosen)]


@dataclass(frozen=True)
class Picked:
    """Some photos of features that are there for more of them, in an order of their own.

    Attributes:
        rows: (photos, views, ...), of all.
        photos: (n,) numbers of those that are picked.
    """

    rows: Rows | np.ndarray
    photos: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, views, ...)."""
        return (len(self.photos), *self.rows.shape[1:])

    def __len__(self) -> int:
        """Number of photos."""
        return len(self.photos)

    def __getitem__(self, key: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """(n, ...) as stored; ``key``: two arrays of indices, of picked photos and of views."""
        photos, views = key
        return self.rows[self.photos[photos], views]

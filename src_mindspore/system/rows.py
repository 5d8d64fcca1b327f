"""Running a compiled network over any number of rows."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Sliceable(Protocol):
    """Rows that are read slice by slice: an array, or photos decoded when they are wanted."""

    def __len__(self) -> int:
        """Number of rows."""
        ...

    def __getitem__(self, rows: slice) -> np.ndarray:
        """(n, ...) float32."""
        ...


@dataclass(frozen=True)
class Part:
    """Some neighbouring rows of a ``Sliceable``."""

    values: Sliceable
    rows: slice  # with a start and a stop inside the values

    def __len__(self) -> int:
        """Number of rows."""
        return self.rows.stop - self.rows.start

    def __getitem__(self, rows: slice) -> np.ndarray:
        """(n, ...) float32."""
        start, stop, _ = rows.indices(len(self))
        return self.values[self.rows.start + start : self.rows.start + stop]


class Readable:
    """The rows of a ``Sliceable``, with zeros for photos that cannot be read any more."""

    def __init__(self, values: Sliceable) -> None:
        self._values = values
        self._mask = np.ones(len(values), bool)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._mask)

    def __getitem__(self, rows: slice) -> np.ndarray:
        """(n, ...) float32."""
        batch = np.array(self._values[rows], np.float32)
        gone = blank(batch)
        self._mask[rows] = ~gone
        batch[gone] = 0
        return batch

    @property
    def mask(self) -> np.ndarray:
        """Which rows are photos that can be read, of those sliced so far: (n,) bool."""
        return self._mask


def blank(rows: np.ndarray) -> np.ndarray:
    """Which of the rows (n, ...) are those of photos that cannot be read: (n,) bool."""
    return np.isnan(rows.reshape(len(rows), -1)[:, 0])

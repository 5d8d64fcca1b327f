"""Running a compiled network over any number of rows."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from mindspore import Tensor, nn

from src_mindspore.photos.reader import blank


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


def run_batched(
    network: nn.Cell, inputs: Sliceable, batch_size: int
) -> tuple[np.ndarray, ...] | np.ndarray:
    """Runs a compiled network over ``inputs`` in batches of one size, so that it compiles once.

    The last batch is filled up with zeros and what they give is dropped.

    Returns:
        Float32 arrays as the network gives them, ``len(inputs)`` rows each.
    """
    parts = []
    for start in range(0, len(inputs), batch_size):
        batch = np.asarray(inputs[start : start + batch_size], np.float32)
        short = batch_size - len(batch)
        if short:
            batch = np.concatenate([batch, np.zeros((short, *batch.shape[1:]), np.float32)])
        outputs = network(Tensor(batch))
        several = isinstance(outputs, tuple)
        parts.append(
            tuple(o.asnumpy()[: batch_size - short] for o in (outputs if several else (outputs,)))
        )
    joined = tuple(np.concatenate(column) for column in zip(*parts, strict=True))
    return joined if several else joined[0]

"""Which photos look alike to a network."""

from typing import Protocol

import numpy as np

ROWS = 4096  # that are compared at once: 21 MB of 1280 features


class Vectors(Protocol):
    """Rows that are read when they are asked for."""

    def __len__(self) -> int:
        """Number of rows."""
        ...

    def __getitem__(self, rows: slice) -> np.ndarray:
        """(n, width), NaN where a photo is gone."""
        ...


def nearest(wanted: np.ndarray, vectors: Vectors, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest vectors by cosine, the nearest first; of two as near, the first.

    Args:
        wanted: ``(q, width)``.
        vectors: ``(n, width)``, among which they are looked for; rows of NaN are none.
        count: how many a row of ``wanted``.

    Returns:
        Row numbers ``(q, m)`` and cosines ``(q, m)``, -1 to 1; m is ``count``, or less where there
        are fewer vectors.
    """
    wanted = _unit(wanted)
    numbers = np.zeros((len(wanted), 0), np.int64)
    cosines = np.zeros((len(wanted), 0))
    for start in range(0, len(vectors), ROWS):
        part = np.asarray(vectors[start : start + ROWS])
        there = np.flatnonzero(np.isfinite(part).all(1))
        found = wanted @ _unit(part[there]).T
        cosines = np.concatenate([cosines, found], axis=1)
        row = np.broadcast_to(start + there, found.shape)
        numbers = np.concatenate([numbers, row], axis=1)
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        cosines = np.take_along_axis(cosines, order, 1)
        numbers = np.take_along_axis(numbers, order, 1)
    return numbers, cosines


def _unit(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)

"""Features of all photos as heads take them: pooled in either way, normalised or not."""

import hashlib
import threading
from collections.abc import Mapping

import numpy as np

from src_mindspore.features.store import Rows
from src_mindspore.training.fast_head import PhotoViews

# As in head.py, which needs MindSpore; a test holds both equal
SMALLEST_SQUARE = 1e-6
MEMORY = 2e9  # bytes of features that are held, and not read again in every epoch
CHUNK = 1024  # photos that are worked on at once


def normalised(values: np.ndarray, how: str) -> np.ndarray:
    """Vectors (..., C) as the first Dense takes them: ``rms`` divides by the root mean square."""
    if how == "none":
        return values
    squares = np.square(values, dtype=np.float32).mean(-1, keepdims=True, dtype=np.float32)
    return (values / np.sqrt(squares + np.float32(SMALLEST_SQUARE))).astype(np.float32)


class Normalised:
    """Rows that are normalised as they are read; see ``fast_head.PhotoViews``."""

    def __init__(self, rows: PhotoViews, how: str) -> None:
        self.rows, self.how = rows, how
        self.shape = rows.shape

    def __getitem__(self, key: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """(n, C) for n pairs of a photo and a view."""
        return normalised(self.rows[key], self.how)


class Features:
    """Of all photos, by reduction and normalisation, each made when it is first asked for.

    Args:
        rows: of ``training.pooled.pooled_features``, or arrays of these shapes.
        limit: bytes, up to which all that may be asked for is held in memory.
    """

    def __init__(
        self, rows: Mapping[str, tuple[Rows | np.ndarray, Rows | np.ndarray]], limit: float = MEMORY
    ) -> None:
        self._rows = rows
        sizes = [4 * np.prod(part.shape) for pair in rows.values() for part in pair]
        self.in_memory = 2 * sum(sizes) <= limit  # each normalised, and not
        self._made: dict[tuple[str, str, bool], PhotoViews] = {}
        self._lock = threading.Lock()
        views, _ = next(iter(rows.values()))
        self.photos, self.views, self.channels = views.shape

    def of(self, reduction: str, normalisation: str, views: bool) -> PhotoViews:
        """(photos, views, C), or (photos, 1, C) of the plain view as it is scored."""
        key = reduction, normalisation, views
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(*key)
            return self._made[key]

    def _make(self, reduction: str, normalisation: str, views: bool) -> PhotoViews:
        rows = self._rows[reduction][0 if views else 1]
        if not self.in_memory:
            return Normalised(rows, normalisation)
        made = np.empty(rows.shape, np.float32)
        for start in range(0, len(made), CHUNK):
            part = slice(start, start + CHUNK)
            made[part] = normalised(rows[slice(start, min(start + CHUNK, len(made)))], normalisation)
        return made

    def digest(self) -> str:
        """SHA-256 of all values: other photos, weights or views are other features."""
        found = hashlib.sha256()
        for name, pair in sorted(self._rows.items()):
            for rows in pair:
                found.update(f"{name} {rows.shape}".encode())
                for start in range(0, len(rows), CHUNK):
                    part = rows[slice(start, min(start + CHUNK, len(rows)))]
                    found.update(np.ascontiguousarray(part))
        return found.hexdigest()

    def unreadable(self) -> np.ndarray:
        """Places of the photos without plain features: (n,) int64."""
        rows = next(iter(self._rows.values()))[1]
        starts = range(0, len(rows), CHUNK)
        parts = [rows[slice(s, min(s + CHUNK, len(rows)))] for s in starts]
        gone = [np.isnan(part).reshape(len(part), -1).any(1) for part in parts]
        return np.flatnonzero(np.concatenate(gone))

"""Features of all photos as heads take them: pooled in either way, normalised or not."""

import hashlib
import threading
from collections.abc import Mapping

import numpy as np

from src_mindspore.features.store import Rows
from src_mindspore.training.fast_head import PhotoViews, divided_by_rms

MEMORY = 2e9  # bytes of features that are held, and not read again in every epoch
CHUNK = 1024  # photos that are worked on at once


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
        self._made: dict[tuple[str, str, bool], np.ndarray] = {}
        self._lock = threading.Lock()
        views, _ = next(iter(rows.values()))
        self.photos, self.views, self.channels = views.shape

    def of(self, reduction: str, normalisation: str, views: bool) -> tuple[PhotoViews, str]:
        """Features, and what is left to do of their normalisation.

        Returns:
            (photos, views, C), or (photos, 1, C) of the plain view as it is scored; ``none`` where
            they are normalised already.
        """
        if not self.in_memory:
            return self._rows[reduction][not views], normalisation
        key = reduction, normalisation, views
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(*key)
            return self._made[key], "none"

    def _make(self, reduction: str, normalisation: str, views: bool) -> np.ndarray:
        rows = self._rows[reduction][not views]
        made = np.empty(rows.shape, np.float32)
        for part in _parts(len(made)):
            values = np.asarray(rows[part], np.float32)
            made[part] = divided_by_rms(values) if normalisation == "rms" else values
        return made

    def digest(self) -> str:
        """SHA-256 of all values: other photos, weights or views are other features."""
        found = hashlib.sha256()
        for name, pair in sorted(self._rows.items()):
            for rows in pair:
                found.update(f"{name} {rows.shape}".encode())
                for part in _parts(len(rows)):
                    found.update(np.ascontiguousarray(rows[part]))
        return found.hexdigest()

    def unreadable(self) -> np.ndarray:
        """Places of the photos without plain features: (n,) int64."""
        rows = next(iter(self._rows.values()))[1]
        gone = [np.isnan(rows[part]).any((1, 2)) for part in _parts(len(rows))]
        return np.flatnonzero(np.concatenate(gone))


def _parts(photos: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, photos)) for start in range(0, photos, CHUNK)]

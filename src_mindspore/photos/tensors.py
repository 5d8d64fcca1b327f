"""Photos through the evaluation transform, as tensors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.records import Record
from src_mindspore.photos.transform import normalise, prepare
from src_mindspore.spec.input import InputSpec
from src_mindspore.system.parallel import map_ordered

Item = TypeVar("Item")
Result = TypeVar("Result")

FEW = 4


@dataclass(frozen=True)
class PlainPhotos:
    """Photos through the evaluation transform, decoded when a slice is read."""

    reader: PhotoReader
    records: Sequence[Record]
    input: InputSpec

    def __len__(self) -> int:
        """Number of photos."""
        return len(self.records)

    def __getitem__(self, rows: slice) -> np.ndarray:
        """(n, 3, H, W) float32, normalised; NaN where a photo cannot be read any more."""

        def plain(record: Record) -> np.ndarray | None:
            image = self.reader.open(record.path)
            return None if image is None else prepare(image, self.input)

        values, gone = stack_pixels(_each(plain, self.records[rows]), self.input)
        values[gone] = np.nan
        return values


def stack_pixels(
    pixels: Sequence[np.ndarray | None], spec: InputSpec
) -> tuple[np.ndarray, np.ndarray]:
    """Normalised images, black where there is none, and which those are: (n,) bool."""
    black = np.zeros((*spec.size, 3), np.uint8)
    images = normalise(np.stack([black if p is None else p for p in pixels]), spec)
    return images, np.array([p is None for p in pixels])


def read_photos(paths: Sequence[Path], spec: InputSpec) -> np.ndarray:
    """Photos through the evaluation transform: (n, 3, H, W) float32, normalised.

    Raises:
        UserError: a photo that cannot be read.
    """
    pixels = _each(lambda path: prepare(open_photo(path, spec.range), spec), paths)
    return normalise(np.stack(pixels), spec)


def _each(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """On all cores, but for the few photos of a caller that is one of several at work itself."""
    return list(map(work, items) if len(items) <= FEW else map_ordered(work, items))

"""Photos through the evaluation transform: opened, prepared and normalised, in one place.

What becomes of a photo that cannot be used is for whoever asks to say:

- ``read_photos``: the first one ends the work;
- ``PlainPhotos`` and ``first_readable``: ``PhotoReader`` leaves it out, counts and names it;
- ``plain_tensors`` with an ``on_fault`` of one's own: it is noted, and the others go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NoReturn, TypeVar

import numpy as np
from PIL import Image

from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.records import Record
from src_mindspore.photos.transform import normalise, prepare
from src_mindspore.spec.input import InputSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.parallel import map_ordered

Name = TypeVar("Name", str, Path)

FEW = 4


def _stop(_: str | Path, error: UserError) -> NoReturn:
    raise error


def plain_tensors(
    names: Sequence[Name],
    open_one: Callable[[Name], Image.Image | None],
    spec: InputSpec,
    on_fault: Callable[[Name, UserError], None] = _stop,
) -> tuple[np.ndarray, np.ndarray]:
    """Photos as the model sees them.

    Args:
        names: of the photos, one or more.
        open_one: gives the upright RGB image of a name, or None where it is left out.
        spec: the model's input.
        on_fault: is called for a photo that cannot be opened or prepared, in whichever thread
            opens it; by default it raises the error. One that returns leaves the photo out.

    Returns:
        (n, 3, H, W) float32, normalised, black where a photo is left out; and which those are,
        (n,) bool.

    Raises:
        UserError: of ``on_fault``.
    """

    def pixels(name: Name) -> np.ndarray | None:
        try:
            return _prepared(name, open_one(name), spec)
        except UserError as error:
            on_fault(name, error)
            return None

    # the few photos of a caller that is one of several at work itself are read by it alone
    found = map(pixels, names) if len(names) <= FEW else map_ordered(pixels, names)
    return stack_pixels(list(found), spec)


def _prepared(name: str | Path, image: Image.Image | None, spec: InputSpec) -> np.ndarray | None:
    """(H, W, 3) uint8; None of None. What cannot be prepared is named, as the opener does it."""
    try:
        return None if image is None else prepare(image, spec)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


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
        paths = [record.path for record in self.records[rows]]
        values, gone = plain_tensors(paths, self.reader.open, self.input)
        values[gone] = np.nan
        return values


def first_readable(
    reader: PhotoReader, records: Sequence[Record], count: int, spec: InputSpec
) -> np.ndarray:
    """The first few photos that can be read: (1 to count, 3, H, W) float32, normalised.

    Raises:
        UserError: none can.
    """
    pixels = (_prepared(record.path, reader.open(record.path), spec) for record in records)
    some = list(islice((found for found in pixels if found is not None), count))
    if not some:
        raise UserError(f"none of the {len(records)} photos can be read any more")
    return stack_pixels(some, spec)[0]


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
    return plain_tensors(paths, lambda path: open_photo(path, spec.range), spec)[0]

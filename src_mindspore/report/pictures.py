"""The small photos of a page, each embedded once however often it is shown."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from src_mindspore.pages.page import small_picture
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.spec.input import InputSpec
from src_mindspore.system.parallel import map_ordered

# bytes of all pictures of a page: it has to open at once, also on a phone
FIRST, EACH, LARGEST = 1_200_000, 10_000, 8_000_000
# of places with the most evidence and with little: red and yellow, told apart without colour too,
# since little is nearly transparent
HOT, WARM = np.array([214, 30, 60.0]), np.array([255, 214, 0.0])
OPAQUE = 0.72  # where the evidence is largest


Opened = Callable[[str], Image.Image | None]


@dataclass(frozen=True)
class Picture:
    """A photo of a page.

    Attributes:
        name: of its CSS class.
        uri: its pixels, as ``data:``.
        width, height: of the photo, in pixels.
    """

    name: str
    uri: str
    width: int
    height: int


class Pictures:
    """Photos made small, in the order in which they are asked for, until the page is full.

    Args:
        reader: opens the photos.
        photos: how many the page is about: so many may take so much room.
    """

    def __init__(self, reader: PhotoReader, photos: int) -> None:
        self._reader = reader
        self._left = min(FIRST + EACH * photos, LARGEST)
        self._found: dict[str, Picture] = {}
        self.missing = 0  # photos for which there was no room

    def add(self, paths: Sequence[str], side: int, opened: Opened | None = None) -> None:
        """Makes photos small; those that are there already, or cannot be read, are passed over.

        Args:
            paths: below the data folder.
            side: the longer one, in pixels.
            opened: gives a photo by its path, None where it cannot be read; the reader does, unless
                it is given. What the reader cannot read counts as missing from the run.
        """
        opened = opened or self._reader.open
        new = [path for path in dict.fromkeys(paths) if path not in self._found]
        if self._left <= 0:
            self.missing += len(new)
            return

        def made(path: str) -> tuple[str, int, int] | None:
            image = opened(path)
            if image is None:
                return None
            width, height = image.size
            return small_picture(image, side), width, height

        for path, found in zip(new, map_ordered(made, new), strict=True):
            if found is None:
                continue
            if len(found[0]) > self._left:
                self.missing += 1
                continue
            self._left -= len(found[0])
            self._found[path] = Picture(f"p{len(self._found)}", *found)

    def get(self, path: str) -> Picture | None:
        """A photo by its path; None where there is no picture of it."""
        return self._found.get(path)

    @property
    def rules(self) -> str:
        """CSS that gives each its pixels: a page has no other way to show one twice."""
        return "\n".join(
            f'.{picture.name}{{background-image:url("{picture.uri}")}}'
            for picture in self._found.values()
        )


def overlay(evidence: np.ndarray) -> str | None:
    """Evidence for a class as a transparent picture of one pixel a place, as ``data:``.

    Args:
        evidence: ``(H, W)``; what speaks against the class is not shown.

    Returns:
        A PNG that a browser smooths as it enlarges it; None where nothing speaks for the class.
    """
    largest = float(evidence.max(initial=0))
    if not largest > 0:
        return None
    share = np.clip(evidence / largest, 0, 1)[..., None]
    colour = WARM + (HOT - WARM) * share
    pixels = np.concatenate([colour, 255 * OPAQUE * share], axis=2).round().astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def seen_part(width: int, height: int, spec: InputSpec) -> tuple[float, float, float, float]:
    """Which part of a photo the network sees, see ``transform.prepare``.

    Args:
        width: of the photo.
        height: of the photo.
        spec: the model's input.

    Returns:
        Left, top, width and height of the part, as shares of the photo, 0..1.
    """
    if not spec.crop:
        return 0.0, 0.0, 1.0, 1.0
    rows, columns = spec.resize.size
    if spec.resize.rule == "shorter_side":
        scale = rows / min(width, height)
        rows, columns = max(rows, round(height * scale)), max(rows, round(width * scale))
    tall, wide = spec.crop.size[0] / rows, spec.crop.size[1] / columns
    top, left = (rows - spec.crop.size[0]) // 2 / rows, (columns - spec.crop.size[1]) // 2 / columns
    return left, top, wide, tall

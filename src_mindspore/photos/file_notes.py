"""What is known of an image file besides its pixels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from src_mindspore.spec.input import ValueRange


@dataclass(frozen=True)
class Samples:
    """Pixels as a file of more than 8 bits a sample, or of signed or real numbers, holds them.

    Args:
        values: (H, W) grey or (H, W, 3) RGB, of any number type.
        alpha: (H, W) of the same type; None where all is opaque.
        inverted: whether the lowest value is white (TIFF's WhiteIsZero).
        premultiplied: whether ``values`` were multiplied by alpha.
        bits: how many the file says it uses; None where it does not.
        said: smallest and largest value by the file's tags; None where they say nothing.
        clear: (H, W) bool, where a colour stands for nothing; None where none does.
    """

    values: np.ndarray
    alpha: np.ndarray | None = None
    inverted: bool = False
    premultiplied: bool = False
    bits: int | None = None
    said: ValueRange | None = None
    clear: np.ndarray | None = None


@dataclass(frozen=True)
class FileNotes:
    """What is kept of a file's metadata; the rest is never looked at.

    Args:
        orientation: how the stored pixels are to be turned, 1..8 as in EXIF.
        odd: whether what says so is damaged.
        frames: pictures in the file, 1 or more.
        deep: what decodes the file's samples where 8 bits cannot hold them; else None.
        size: width and height in pixels; known of a file with ``deep``, like ``format``.
        format: Pillow's name of it.
    """

    orientation: int = 1
    odd: bool = False
    frames: int = 1
    deep: Callable[[], Samples] | None = None
    size: tuple[int, int] = (0, 0)
    format: str = ""

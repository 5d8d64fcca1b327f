"""An image file to upright 8-bit RGB pixels."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from src_mindspore.photos import heif
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import open_file

MAX_PIXELS = 100_000_000  # a decoded photo of this size takes 300 MB; phones reach 50 megapixels
MAX_BYTES = 1 << 30  # of an image file; so many pixels uncompressed, 16 bits each, take 600 MB
# What an image may be, whatever its name ends in. Pillow knows forty more formats; for one of them
# it starts another program.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "PPM")
NAMES = "JPEG, PNG, WebP, BMP, GIF, TIFF, AVIF, HEIC, PPM"
FAULTS = ("unreadable", "truncated", "huge")


class PhotoError(UserError):
    """An image file that cannot be used; ``kind`` is one of ``FAULTS``."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def open_photo(path: Path) -> Image.Image:
    """Decodes an image file to an upright 8-bit RGB image.

    EXIF orientation is applied, transparency is laid on white, 16-bit grey is scaled to 8 bits, of
    an animation the first frame is taken.

    Raises:
        UserError: no such file, not an image, cut short, or above ``MAX_PIXELS``.
    """
    with open_image(path) as stream, opened(path, stream) as image:
        return upright(image)


def open_image(path: Path) -> BinaryIO:
    """Opens an image file to be read; pipes and devices are not waited for.

    Raises:
        PhotoError: no such file, no file, or one above ``MAX_BYTES``.
    """
    try:
        stream = open_file(path)
    except UserError as error:
        raise PhotoError("unreadable", str(error)) from None
    if (size := os.fstat(stream.fileno()).st_size) > MAX_BYTES:
        stream.close()
        text = f"{path}: files of up to {MAX_BYTES:,} bytes are read; got {size:,}"
        raise PhotoError("huge", text)
    return stream


@contextmanager
def opened(path: Path, source: BinaryIO) -> Iterator[Image.Image]:
    """The image in ``source``, its header read and its size checked; ``path`` is for messages.

    Raises:
        PhotoError: as ``open_photo``, also for what is found while the body decodes.
    """
    try:
        with Image.open(source, formats=heif.formats(source) or FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise PhotoError(
                    "huge",
                    f"{path}: images of up to {MAX_PIXELS:,} pixels are accepted; "
                    f"this one has {image.width} x {image.height}",
                )
            yield image
    except UnidentifiedImageError:
        text = f"{path} is not an image that can be read ({NAMES})"
        raise PhotoError("unreadable", text) from None
    except UserError:
        raise
    except Exception as error:  # Pillow answers damaged files with almost any
        what = str(error) or type(error).__name__
        bomb = isinstance(error, Image.DecompressionBombError)
        # Pillow has no class of its own for files cut short: its words are all there is
        kind = "huge" if bomb else "truncated" if "truncated" in what.lower() else "unreadable"
        raise PhotoError(kind, f"{path} cannot be decoded: {what}") from None


def upright(image: Image.Image) -> Image.Image:
    """Decodes an opened image; see ``open_photo``."""
    image.load()
    return _to_rgb(ImageOps.exif_transpose(image))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey: Pillow would clip at 255
        wide = np.asarray(image).astype(np.int64)
        image = Image.fromarray((wide.clip(0, 65535) >> 8).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")

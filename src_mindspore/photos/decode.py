"""An image file to upright 8-bit RGB pixels.

Only what the pixels need is read of a file, and which way up it is: nothing else that stands in it
can cost the photo. See ``essentials.py``; for samples of more than 8 bits ``values.py``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from src_mindspore.photos import heif
from src_mindspore.photos.essentials import essentials, notes_in
from src_mindspore.photos.file_notes import FileNotes, Samples
from src_mindspore.photos.values import doubt, facts_of, own_range, to_rgb
from src_mindspore.spec.input import ValueRange
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import open_file

MAX_PIXELS = 100_000_000  # a decoded photo of this size takes 300 MB; phones reach 50 megapixels
MAX_BYTES = 1 << 30  # of an image file; so many pixels uncompressed, 16 bits each, take 600 MB
# What an image may be, whatever its name ends in. Pillow knows forty more formats; for one of them
# it starts another program.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "PPM")
NAMES = "JPEG, PNG, WebP, BMP, GIF, TIFF, AVIF, HEIC, PPM"
FAULTS = ("unreadable", "truncated", "huge")
NOTES = "photos.file_notes"  # where ``opened`` puts them in the image's ``info``
DOUBT = "photos.doubt"  # likewise ``upright`` why the pixels of a deep photo may be wrong
# what brings stored pixels upright, by EXIF's number
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PhotoError(UserError):
    """An image file that cannot be used; ``kind`` is one of ``FAULTS``."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def open_photo(path: Path, value_range: ValueRange | None = None) -> Image.Image:
    """Decodes an image file to an upright 8-bit RGB image.

    EXIF orientation is applied, transparency is laid on white, deep samples are scaled to 8 bits,
    of an animation the first frame is taken.

    Args:
        path: the file.
        value_range: the model's, for deep photos; None: see ``values.own_range``.

    Raises:
        UserError: no such file, not an image, cut short, or above ``MAX_PIXELS``.
    """
    with open_image(path) as stream, opened(path, stream) as image:
        return upright(image, value_range)


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
        stream, notes = essentials(source)
        if notes and notes.deep:
            _check_size(path, *notes.size)
            image = Image.new("1", notes.size)  # stands for the samples, which ``upright`` reads
            image.format = notes.format
            image.info[NOTES] = notes
            yield image
            return
        with Image.open(stream, formats=heif.formats(stream) or FORMATS) as image:
            _check_size(path, image.width, image.height)
            image.info[NOTES] = notes or notes_in(image.info)
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


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise PhotoError(
            "huge",
            f"{path}: images of up to {MAX_PIXELS:,} pixels are accepted; "
            f"this one has {width} x {height}",
        )


def notes_of(image: Image.Image) -> FileNotes:
    """What ``opened`` has noted of a file."""
    return image.info.get(NOTES) or FileNotes()


def samples_of(image: Image.Image) -> Samples | None:
    """The samples of an opened image that 8 bits cannot hold; None of any other."""
    if deep := notes_of(image).deep:
        return deep()
    if image.mode[0] in "IF":  # of a format that has no reader of its own here
        return Samples(np.asarray(image))
    return None


def upright(
    image: Image.Image, value_range: ValueRange | None = None, samples: Samples | None = None
) -> Image.Image:
    """Decodes an opened image; see ``open_photo``.

    Args:
        image: of ``opened``.
        value_range: see ``open_photo``.
        samples: of ``samples_of``, where that has been called.
    """
    samples = samples or samples_of(image)
    if samples is None:
        image.load()
        rgb = _to_rgb(image)
    else:
        facts = facts_of(samples)
        rgb = to_rgb(samples, value_range or own_range(facts))
        if reason := doubt(facts, value_range):
            rgb.info[DOUBT] = reason
    turn = TURNS.get(notes_of(image).orientation)
    return rgb if turn is None else rgb.transpose(turn)


def _to_rgb(image: Image.Image) -> Image.Image:
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")

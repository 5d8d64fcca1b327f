"""A PGM or PPM file of more than 8 bits: Pillow keeps 8 of colours, whatever the values."""

import re

import numpy as np

from src_mindspore.photos.file_notes import FileNotes, Samples
from src_mindspore.spec.input import ValueRange

GREY, RGB = b"P5", b"P6"
# width, height and largest value, between white space and comments (netpbm's pgm(5), ppm(5))
HEADER = re.compile(rb"P[56]" + rb"(?:\s|#[^\n]*\n)+(\d{1,9})" * 3 + rb"\s")
LONGEST = 1 << 16  # bytes of a header, its comments included
TOP = (1 << 16) - 1


def pixels_only(content: bytes) -> tuple[bytes, FileNotes]:
    """The file as it is, and the notes."""
    found = HEADER.match(content[:LONGEST])
    if not found:
        return content, FileNotes()
    width, height, top = map(int, found.groups())
    if not 255 < top <= TOP or width < 1 or height < 1:
        return content, FileNotes()
    channels = 1 if content.startswith(GREY) else 3
    start = found.end()

    def deep() -> Samples:
        count = width * height * channels
        if len(content) - start < 2 * count:
            raise ValueError("image file is truncated")
        values = np.frombuffer(content, ">u2", count, start).astype(np.uint16)
        shape = (height, width) if channels == 1 else (height, width, channels)
        # the largest value of a type says nothing
        said = ValueRange(0.0, float(top)) if top < TOP else None
        return Samples(values.reshape(shape), said=said)

    return content, FileNotes(deep=deep, size=(width, height), format="PPM")

"""What the pixels of an image file need, without what else stands in it."""

import io
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from src_mindspore.photos import avif_file, jpeg_file, png_file, ppm_file, tiff_file, webp_file
from src_mindspore.photos.file_notes import FileNotes
from src_mindspore.photos.orientation import orientation_of

Reader = Callable[[bytes], tuple[bytes, FileNotes]]
READERS: tuple[tuple[bytes, Reader], ...] = (
    (jpeg_file.MAGIC, jpeg_file.pixels_only),
    (png_file.MAGIC, png_file.pixels_only),
    *((magic, tiff_file.pixels_only) for magic in tiff_file.MAGIC),
    *((magic, ppm_file.pixels_only) for magic in (ppm_file.GREY, ppm_file.RGB)),
)
START = 16  # bytes that tell the format


def essentials(source: BinaryIO) -> tuple[BinaryIO, FileNotes | None]:
    """A stream for the decoder, and the notes.

    JPEG, PNG, TIFF, WebP and AVIF files are read and lose what is not needed. The decoders of other
    formats take no harm from it; for them, and AVIF, the notes are None: see ``notes_in``.
    """
    start = source.read(START)
    source.seek(0)
    for magic, pixels_only in READERS:
        if start.startswith(magic):
            content, notes = pixels_only(source.read())
            return io.BytesIO(content), notes
    if webp_file.is_webp(start):
        content, notes = webp_file.pixels_only(source.read())
        return io.BytesIO(content), notes
    if avif_file.is_avif(start):
        return io.BytesIO(avif_file.pixels_only(source.read())), None
    return source, None


def notes_in(info: Mapping[Any, Any]) -> FileNotes:
    """The notes of a file by what its decoder has found of EXIF and XMP."""
    blocks = (info.get(key) for key in ("exif", "xmp"))
    return FileNotes(*orientation_of(*(b if isinstance(b, bytes) else None for b in blocks)))

"""HEIC, as iPhones write it: decoded by libheif, which is loaded when the first one is met.

Of pi-heif's wheel only the binding to libheif is used. Its plugin for Pillow reads all metadata as
well, and dies of some that are damaged; none is needed, as libheif turns the picture upright itself
(ISO/IEC 23008-12: the container says how, EXIF does not count).
"""

import threading
from functools import cache
from typing import Any, BinaryIO

from PIL import Image, ImageFile

# The brands of ISO/IEC 23008-12 whose pictures are HEVC; AVIF is Pillow's own.
BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
AVIF = (b"avif", b"avis")
FORMAT = "HEIF"
HEAD = 64  # bytes that hold the brand and the first ten it is compatible with
THREADS = 1  # of the decoder: the photos of a set are decoded side by side
_lock = threading.Lock()


def formats(source: BinaryIO) -> tuple[str, ...]:
    """The format to open ``source`` with where it is a HEIF file, else none; nothing is consumed.

    Raises:
        ImportError: it is one, and pi-heif is not installed.
    """
    place = source.tell()
    head = source.read(HEAD)
    source.seek(place)
    if head[4:8] != b"ftyp" or head[8:12] not in BRANDS:
        return ()
    # mif1 is any picture of the standard: with these brands beside it, AVIF
    end = min(len(head), int.from_bytes(head[:4], "big"))
    compatible = {head[i : i + 4] for i in range(16, end - 3, 4)}
    if head[8:12] in (b"mif1", b"msf1") and not compatible.isdisjoint(AVIF):
        return ()
    with _lock:
        _register()
    return (FORMAT,)


@cache
def _register() -> None:
    try:
        import _pi_heif
    except ImportError as error:
        text = f"HEIC takes pi-heif, see requirements.txt, or a conversion to JPEG ({error})"
        raise ImportError(text) from None

    class HeifFile(ImageFile.ImageFile):
        """The primary picture of a HEIF file, 8 bits a channel, upright."""

        format = FORMAT
        format_description = "HEIF"

        def _open(self) -> None:
            pictures = _pi_heif.load_file(
                self.fp.read(), THREADS, True, False, False, True, "", False
            )
            primary = [picture for picture in pictures if picture is not None and picture.primary]
            if not primary:
                raise SyntaxError("a HEIF file without a picture")
            self._picture = primary[0]
            self._size, self._mode = self._picture.size_mode
            self.tile = []

        def load(self) -> Any:
            if self._picture is not None:
                data = self._picture.data  # decodes, and knows the size for certain
                self._size, self._mode = self._picture.size_mode
                self.load_prepare()
                self.frombytes(data, "raw", (self.mode, self._picture.stride))
                self._picture = None
            return super().load()

    Image.register_open(FORMAT, HeifFile)

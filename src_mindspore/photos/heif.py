"""HEIC, as iPhones write it: decoded by pi-heif, which is loaded when the first one is met."""

import threading
from functools import cache
from typing import BinaryIO

# The brands of ISO/IEC 23008-12 whose pictures are HEVC; AVIF is Pillow's own.
BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
AVIF = (b"avif", b"avis")
FORMAT = "HEIF"
HEAD = 64  # bytes that hold the brand and the first ten it is compatible with
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
    compatible = [head[i : i + 4] for i in range(16, min(len(head), _size(head)) - 3, 4)]
    if head[8:12] in (b"mif1", b"msf1") and any(brand in AVIF for brand in compatible):
        return ()
    with _lock:
        _register()
    return (FORMAT,)


def _size(head: bytes) -> int:
    return int.from_bytes(head[:4], "big")


@cache
def _register() -> None:
    try:
        import pi_heif
    except ImportError as error:
        text = f"HEIC takes pi-heif, see requirements.txt, or a conversion to JPEG ({error})"
        raise ImportError(text) from None
    # a thread a photo: the photos of a set are decoded side by side
    pi_heif.register_heif_opener(
        decode_threads=1, thumbnails=False, depth_images=False, aux_images=False
    )

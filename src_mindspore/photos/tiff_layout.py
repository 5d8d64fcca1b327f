"""How the samples of a TIFF file lie, by its tags, and which files are not for Pillow."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

UNSIGNED, SIGNED, REAL, UNKNOWN = 1, 2, 3, 4  # SampleFormat
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2  # PhotometricInterpretation
RAW, DEFLATE = (1,), (8, 32946)  # Compression
LOG_LUV = (34676, 34677)  # real colours as OpenCV writes them; it reads them, too
OTHERS = (5, 32773, 34925, 50000)  # LZW, PackBits, LZMA, Zstandard: libtiff unpacks them
MAX_CHANNELS = 16


class Tags(Protocol):
    """What is read of a file: see ``tiff_file.Directory``."""

    content: bytes
    order: str

    def numbers(self, tag: int) -> np.ndarray | None:
        """See there."""
        ...

    def text(self, tag: int) -> str:
        """See there."""
        ...


@dataclass(frozen=True)
class Layout:
    """How the samples of a file lie; names as in TIFF 6.0."""

    width: int
    height: int
    channels: int
    bits: int
    sample_format: int
    photometric: int
    compression: int
    planar: int
    predictor: int
    fill_order: int
    extra: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype:
        """Of the samples in memory."""
        letter = {UNSIGNED: "u", SIGNED: "i", REAL: "f"}[self.sample_format]
        size = next(size for size in (8, 16, 32, 64) if size >= self.bits)
        return np.dtype(f"{letter}{size // 8}")


def layout_of(tags: Tags) -> Layout | None:
    """The layout of a file that is for ``read_samples``; None of any other, which Pillow reads."""

    def number(tag: int, default: int) -> int:
        values = tags.numbers(tag)
        return default if values is None else int(values[0])

    try:
        bits, formats, extra = (tags.numbers(tag) for tag in (258, 339, 338))
        bits = np.ones(1, int) if bits is None else bits
        formats = np.ones(1, int) if formats is None else formats
        layout = Layout(
            width=number(256, 0),
            height=number(257, 0),
            channels=number(277, 1),
            bits=int(bits[0]),
            sample_format=int(formats[0]) if formats[0] != UNKNOWN else UNSIGNED,
            photometric=number(262, BLACK_IS_ZERO),
            compression=number(259, 1),
            planar=number(284, 1),
            predictor=number(317, 1),
            fill_order=number(266, 1),
            extra=() if extra is None else tuple(map(int, extra)),
        )
    except (ValueError, OverflowError):
        return None
    return layout if _is_deep(layout, bits, formats) else None


def _is_deep(layout: Layout, bits: np.ndarray, formats: np.ndarray) -> bool:
    if layout.compression in LOG_LUV:
        return layout.width > 0 and layout.height > 0
    sizes = {
        UNSIGNED: (*range(9, 33), 64),
        SIGNED: (8, 16, 32, 64),
        REAL: (16, 32, 64),
    }.get(layout.sample_format, ())
    return (
        layout.bits in sizes
        and min(layout.width, layout.height, layout.channels) > 0
        and layout.channels <= MAX_CHANNELS
        and len(set(bits.tolist())) == 1
        and len(set(formats.tolist())) == 1
        and layout.compression in (*RAW, *DEFLATE, *OTHERS)
        and layout.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB)
        and layout.channels - len(layout.extra) >= (3 if layout.photometric == RGB else 1)
    )

"""The samples of a TIFF file that 8 bits cannot hold: wide, signed or real ones.

Pillow reads a part of these files, and of some only the upper bits; so it, or zlib, unpacks the
bytes here, and numpy makes numbers of them.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from itertools import accumulate

import cv2
import numpy as np
from PIL import Image

from src_mindspore.photos.file_notes import Samples
from src_mindspore.photos.tiff_layout import (
    DEFLATE,
    LOG_LUV,
    OTHERS,
    RAW,
    REAL,
    RGB,
    UNSIGNED,
    WHITE_IS_ZERO,
    Layout,
    Tags,
)
from src_mindspore.spec.input import ValueRange

SEPARATE = 2  # PlanarConfiguration
DIFFERENCES, REAL_DIFFERENCES = 2, 3  # Predictor
ASSOCIATED, ALPHA = 1, 2  # ExtraSamples
MAX_UNPACKED = 1 << 30  # bytes; 100 megapixels of 16-bit colour take 600 MB
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
TOGETHER = 32 << 20  # bytes of strips that libtiff unpacks at once: there may be one a row
ROWS = 64  # unpacked at once where samples are no whole bytes
MINIMUM, MAXIMUM, REAL_MINIMUM, REAL_MAXIMUM, NO_DATA = 280, 281, 340, 341, 42113


def read_samples(tags: Tags, layout: Layout) -> Samples:
    """Decodes a file.

    Raises:
        ValueError: it is cut short, too large or of a form that is not read; the text says which.
    """
    if layout.compression in LOG_LUV:
        return _log_luv(tags.content)
    _check_unpacked(layout, layout.width, layout.height)
    out = np.zeros((layout.height, layout.width, layout.channels), layout.dtype)
    for rows, columns, plane, block in _blocks(tags, layout):
        target = out[rows, columns] if plane is None else out[rows, columns, plane : plane + 1]
        target[:] = block[: target.shape[0], : target.shape[1]]
    colours = layout.channels - len(layout.extra)
    if layout.photometric != RGB and colours not in (1, 2, 3):
        raise ValueError(f"TIFF of {colours} channels: grey and RGB are read")
    grey = layout.photometric != RGB and colours < 3
    values = out[..., 0] if grey else out[..., :3]
    has_alpha = bool(layout.extra) and layout.extra[0] in (ASSOCIATED, ALPHA)
    return Samples(
        _without_gaps(values, tags.text(NO_DATA)),
        out[..., colours] if has_alpha else None,
        inverted=layout.photometric == WHITE_IS_ZERO,
        premultiplied=has_alpha and layout.extra[0] == ASSOCIATED,
        bits=layout.bits if layout.bits not in (8, 16, 32, 64) else None,
        said=_said(tags, layout),
    )


def _log_luv(content: bytes) -> Samples:
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype.kind != "f":
        raise ValueError("TIFF with LogLuv colours that cannot be decoded")
    return Samples(found if found.ndim == 2 else np.ascontiguousarray(found[..., 2::-1]))


def _check_unpacked(layout: Layout, width: int, height: int) -> None:
    unpacked = width * height * layout.channels * layout.dtype.itemsize
    if unpacked > MAX_UNPACKED:
        raise ValueError(f"up to {MAX_UNPACKED:,} bytes of samples are unpacked; got {unpacked:,}")


def _said(tags: Tags, layout: Layout) -> ValueRange | None:
    """The range that the tags name; the limits of the type, which are the defaults, say nothing."""
    for least, most in ((REAL_MINIMUM, REAL_MAXIMUM), (MINIMUM, MAXIMUM)):
        try:
            low, high = tags.numbers(least), tags.numbers(most)
        except ValueError:
            continue
        if high is None or (low is None and layout.sample_format != UNSIGNED):
            continue
        bottom = 0.0 if low is None else float(low.min())
        top = float(high.max())
        limit = np.iinfo(layout.dtype).max if layout.sample_format != REAL else np.inf
        if np.isfinite([bottom, top]).all() and bottom < top < limit:
            return ValueRange(bottom, top)
    return None


def _without_gaps(values: np.ndarray, no_data: str) -> np.ndarray:
    """NaN where a value stands for none, as GDAL's tag says."""
    try:
        gap = float(no_data)
    except ValueError:
        return values
    gaps = values == gap
    if not gaps.any():
        return values
    holed = values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
    holed[gaps] = np.nan
    return holed


def _blocks(tags: Tags, layout: Layout) -> Iterator[tuple[slice, slice, int | None, np.ndarray]]:
    """Rows, columns and channel of each strip or tile, None for all channels, and its samples."""
    tile_width, tile_height = tags.numbers(322), tags.numbers(323)
    tiled = tile_width is not None and tile_height is not None
    if tiled:
        width, height = int(tile_width[0]), int(tile_height[0])
        offsets, counts = tags.numbers(324), tags.numbers(325)
    else:
        per_strip = tags.numbers(278)
        width = layout.width
        height = min(int(per_strip[0]) if per_strip is not None else layout.height, layout.height)
        offsets, counts = tags.numbers(273), tags.numbers(279)
    if min(width, height) < 1 or offsets is None:
        raise ValueError("TIFF whose strips or tiles cannot be told")
    # tiles reach over the end of the image
    _check_unpacked(layout, -(-layout.width // width) * width, -(-layout.height // height) * height)
    planes = range(layout.channels) if layout.planar == SEPARATE else (None,)
    channels = layout.channels if layout.planar != SEPARATE else 1
    row_bytes = _row_bytes(width * channels, layout.bits)
    together = 1 if tiled or layout.compression not in OTHERS else TOGETHER // (height * row_bytes)
    step = height * max(1, together)
    places = (
        (y, x, plane)
        for plane in planes
        for y in range(0, layout.height, step)
        for x in range(0, layout.width, width)
    )
    number = 0
    for y, x, plane in places:
        rows = height if tiled else min(step, layout.height - y)
        chosen = range(number, number + -(-rows // height))
        number = chosen.stop
        if number > len(offsets):
            raise ValueError("image file is truncated: strips or tiles are missing")
        size = rows * row_bytes
        sizes = [int(counts[i]) if counts is not None and i < len(counts) else size for i in chosen]
        starts = (int(offsets[i]) for i in chosen)
        packed = [tags.content[s : s + n] for s, n in zip(starts, sizes, strict=True)]
        data = _unpacked(packed, layout, rows, height, size)
        block = _numbers(data, layout, (rows, width, channels), tags.order)
        yield slice(y, y + rows), slice(x, x + width), plane, block


def _row_bytes(samples: int, bits: int) -> int:
    return (samples * bits + 7) // 8


def _unpacked(packed: list[bytes], layout: Layout, rows: int, height: int, size: int) -> bytes:
    """The bytes of a strip or tile, or of several strips of ``height`` rows for libtiff."""
    if layout.fill_order == 2:
        packed = [part.translate(REVERSED) for part in packed]
    if layout.compression in RAW:
        data = packed[0]
    elif layout.compression in DEFLATE:
        try:
            data = zlib.decompressobj().decompress(packed[0], size)
        except zlib.error as error:
            raise ValueError(f"TIFF: {error}") from None
    else:
        data = _by_libtiff(packed, layout.compression, rows, height, size)
    if len(data) < size:
        raise ValueError("image file is truncated")
    return data[:size]


def _by_libtiff(packed: list[bytes], compression: int, rows: int, height: int, size: int) -> bytes:
    """Unpacks strips as those of an image of grey bytes."""
    sizes = [len(part) for part in packed]
    starts = [8 + start for start in accumulate(sizes[:-1], initial=0)]
    content = b"".join(packed) + b"\0" * (sum(sizes) % 2)
    lists = struct.pack(f"<{2 * len(packed)}I", *starts, *sizes) if len(packed) > 1 else b""
    at = 8 + len(content)
    where = (at, at + 4 * len(packed)) if lists else (starts[0], sizes[0])
    entries = [(256, 1, size // rows), (257, 1, rows), (258, 1, 8), (259, 1, compression)]
    entries += [(262, 1, 1), (273, len(packed), where[0]), (277, 1, 1), (278, 1, height)]
    entries += [(279, len(packed), where[1])]
    body = b"".join(struct.pack("<HHII", tag, 4, count, value) for tag, count, value in entries)
    head = struct.pack("<2sHI", b"II", 42, at + len(lists))
    file = head + content + lists + struct.pack("<H", len(entries)) + body + b"\0\0\0\0"
    with Image.open(io.BytesIO(file), formats=("TIFF",)) as image:
        return image.tobytes()


def _numbers(data: bytes, layout: Layout, shape: tuple[int, int, int], order: str) -> np.ndarray:
    """(rows, width, channels) samples of the bytes of a strip or tile."""
    dtype = layout.dtype
    if layout.bits not in (8, 16, 32, 64):
        return _narrow(data, layout.bits, shape).astype(dtype)
    rows, width, channels = shape
    if layout.predictor == REAL_DIFFERENCES:
        table = np.frombuffer(data, np.uint8).reshape(rows, -1, channels)
        table = table.cumsum(1, dtype=np.uint8).reshape(rows, dtype.itemsize, width * channels)
        big = np.ascontiguousarray(table.transpose(0, 2, 1)).view(dtype.newbyteorder(">"))
        return big.astype(dtype).reshape(shape)
    stored = np.frombuffer(data, dtype.newbyteorder(order)).astype(dtype).reshape(shape)
    if layout.predictor == DIFFERENCES:
        plain = np.dtype(f"u{dtype.itemsize}")
        return stored.view(plain).cumsum(1, dtype=plain).view(dtype)
    return stored


def _narrow(data: bytes, bits: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Samples that are no whole bytes, the highest bit first; rows begin with a byte."""
    rows, width, channels = shape
    table = np.frombuffer(data, np.uint8).reshape(rows, -1)
    out = np.empty((rows, width * channels), np.uint32)
    weights = (1 << np.arange(bits - 1, -1, -1)).astype(np.uint32)
    for start in range(0, rows, ROWS):
        single = np.unpackbits(table[start : start + ROWS], axis=1)[:, : width * channels * bits]
        out[start : start + ROWS] = single.reshape(len(single), -1, bits) @ weights
    return out.reshape(shape)

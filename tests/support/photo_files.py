"""Photos of every kind that a phone or a web page may hold, as files."""

import io
import struct
import zlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from helpers import noise
from PIL import Image

ORIENTATION = 274  # EXIF 2.3, table 4
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6  # colour types of PNG
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
DEPTHS = {
    GREY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GREY_ALPHA: (8, 16),
    RGB_ALPHA: (8, 16),
}
# The passes of an interlaced PNG: first column, first row, steps (PNG 1.2, section 2.6).
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
SIZES = (
    *((1, 1), (1, 2), (2, 1), (3, 5), (5, 3), (1, 777), (777, 1), (8, 2000), (2000, 7)),
    # on both sides of where Pillow begins to resize the columns first
    *((8, 800), (8, 801), (70, 7100)),
    *((31, 90), (63, 64), (64, 64), (65, 64), (127, 129), (341, 257), (640, 427), (1500, 2001)),
)


def write_kinds(folder: Path) -> list[Path]:
    """Small files of every kind: colours, depths, compression, transparency, orientation."""
    files = {**dict(_png_kinds()), **dict(_jpeg_kinds()), **dict(_oriented())}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def write_sizes(folder: Path) -> list[Path]:
    """RGB photos of sizes from 1 x 1 on, odd and long ones among them, each as JPEG and as PNG."""
    paths = []
    for seed, (width, height) in enumerate(SIZES):
        for suffix in ("jpg", "png"):
            paths.append(folder / f"{width}x{height}.{suffix}")
            noise(seed, width, height).save(paths[-1])
    return paths


def png_bytes(
    samples: np.ndarray,
    colour: int,
    depth: int,
    *,
    interlaced: bool = False,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A PNG file. Pillow writes neither every depth nor interlaced files.

    Args:
        samples: (H, W, channels), whole numbers below 2**depth.
        colour: colour type.
        depth: bits of a sample.
        interlaced: in the seven passes of Adam7.
        before: chunks that come before the pixels.
        after: chunks that come after them.
    """
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    parts = (samples[y::down, x::right] for x, y, right, down in passes)
    rows = b"".join(b"\0" + _packed(row, depth) for part in parts if part.size for row in part)
    pixels = _chunk(b"IDAT", zlib.compress(rows))
    start = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
    return start + before + pixels + after + _chunk(b"IEND", b"")


def _packed(row: np.ndarray, depth: int) -> bytes:
    """One row of samples, (W, channels), without the filter byte."""
    if depth == 16:
        return row.astype(">u2").tobytes()
    bits = np.unpackbits(row.astype(np.uint8).reshape(-1, 1), axis=1)[:, 8 - depth :]
    return np.packbits(bits).tobytes()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png_kinds() -> Iterator[tuple[str, bytes]]:
    rng = np.random.default_rng(0)
    for (colour, depths), interlaced in product(DEPTHS.items(), (False, True)):
        for depth in depths:
            samples = rng.integers(0, 2**depth, (37, 50, CHANNELS[colour]))
            name = f"png{colour}_{depth}bit{'_interlaced' * interlaced}"
            palette = b""
            if colour == PALETTE:
                palette = _chunk(b"PLTE", rng.integers(0, 256, 3 << depth, np.uint8).tobytes())
            yield (
                f"{name}.png",
                png_bytes(samples, colour, depth, interlaced=interlaced, before=palette),
            )
            if colour in (GREY_ALPHA, RGB_ALPHA):
                continue
            # transparent: half of the palette by degrees, else the colour of the first pixel
            clear = rng.integers(0, 256, (1 << depth) // 2, np.uint8).tobytes()
            if colour != PALETTE:
                clear = samples[0, 0].astype(">u2").tobytes()
            yield (
                f"{name}_clear.png",
                png_bytes(
                    samples,
                    colour,
                    depth,
                    interlaced=interlaced,
                    before=palette + _chunk(b"tRNS", clear),
                ),
            )


def _jpeg_kinds() -> Iterator[tuple[str, bytes]]:
    photo = noise(5, 83, 61)
    smooth = noise(6, 9, 7).resize((83, 61), Image.Resampling.BICUBIC)
    options = {
        **{f"quality{q}": {"quality": q} for q in (1, 30, 75, 95, 100)},
        **{f"subsampling{s}": {"quality": 90, "subsampling": s} for s in (0, 1, 2)},
        "progressive": {"progressive": True},
        "optimised": {"optimize": True},
        "restarts": {"restart_marker_blocks": 3},
        "rgb": {"keep_rgb": True},
    }
    for (name, how), (kind, image) in product(
        options.items(), (("noise", photo), ("smooth", smooth))
    ):
        yield f"{kind}_{name}.jpg", _saved(image, "JPEG", **how)
    for mode in ("L", "CMYK"):
        for name in ("quality75", "progressive"):
            yield f"{mode}_{name}.jpg", _saved(photo.convert(mode), "JPEG", **options[name])
    bgr = np.asarray(smooth)[:, :, ::-1]
    for name in ("411", "420", "422", "440", "444"):
        factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{name}")
        encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor])[1]
        yield f"sampling{name}.jpg", encoded.tobytes()


def _oriented() -> Iterator[tuple[str, bytes]]:
    """Both formats, each orientation, in each of the places where programs write it."""
    photo = noise(7, 45, 30)
    pixels = np.asarray(photo)
    for orientation in range(10):  # 0 and 9 have no meaning and change nothing
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        block = exif.tobytes()
        xmp = (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description '
            f'tiff:Orientation="{orientation}"/></x:xmpmeta>'
        ).encode()
        yield f"exif{orientation}.jpg", _saved(photo, "JPEG", exif=block)
        yield f"xmp{orientation}.jpg", _saved(photo, "JPEG", xmp=xmp)
        tiff = block.removeprefix(b"Exif\0\0")
        text = f"\nexif\n{len(tiff):8d}\n{tiff.hex()}\n".encode()
        chunks = {
            "exif": _chunk(b"eXIf", tiff),
            "xmp": _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp),
            "profile": _chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text)),
        }
        for name, chunk in chunks.items():
            yield f"{name}{orientation}.png", png_bytes(pixels, RGB, 8, before=chunk)
        yield f"exif_late{orientation}.png", png_bytes(pixels, RGB, 8, after=chunks["exif"])


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()

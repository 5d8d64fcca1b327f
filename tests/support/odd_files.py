"""Good pixels beside odd metadata, and samples of more than 8 bits, as files."""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from helpers import noise
from photo_files import RGB, RGB_ALPHA, _chunk, _saved, png_bytes
from PIL import Image

TAG = 0x0112
SHORT, LONG, ASCII, RATIONAL, BYTE, FLOAT = 3, 4, 2, 5, 1, 11
LETTERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d"}
PHOTO = noise(21, 24, 17)


@dataclass(frozen=True)
class OddFile:
    """A file whose pixels are good.

    Args:
        content: of the file.
        orientation: that counts, 1..8.
        odd: whether what it says of the orientation is damaged.
    """

    content: bytes
    orientation: int = 1
    odd: bool = False


def exif(kind: int, count: int, value: bytes, order: str = ">", magic: int = 42) -> bytes:
    """An EXIF block with one entry, the orientation; ``value`` is its four bytes."""
    mark = b"MM" if order == ">" else b"II"
    entry = struct.pack(f"{order}HHI", TAG, kind, count) + value
    return mark + struct.pack(f"{order}HIH", magic, 8, 1) + entry + b"\0" * 4


def blocks() -> dict[str, tuple[bytes, int, bool]]:
    """EXIF blocks: bytes, the orientation that counts, whether they are damaged."""
    six = struct.pack(">HH", 6, 0)
    sub = struct.pack(">HHIi", 0x8769, LONG, 1, 38)
    zero = struct.pack(">HHHIIiiI", 1, 0x9204, 10, 1, 56, -1, 0, 0)
    two = b"MM\0\x2a" + struct.pack(">IH", 8, 2) + struct.pack(">HHI", TAG, SHORT, 1) + six
    return {
        "six": (exif(SHORT, 1, six), 6, False),
        "little": (exif(SHORT, 1, struct.pack("<HH", 6, 0), "<"), 6, False),
        "zero_denominator": (two + sub + b"\0" * 4 + zero, 6, False),
        "long": (exif(LONG, 1, struct.pack(">I", 8)), 8, False),
        "byte": (exif(BYTE, 1, b"\x03\0\0\0"), 3, False),
        "twice": (exif(SHORT, 2, struct.pack(">HH", 6, 6)), 6, False),
        "prefixed": (b"Exif\0\0" * 2 + exif(SHORT, 1, six), 6, False),
        "swapped_magic": (exif(SHORT, 1, six, magic=42 << 8), 6, False),
        "other_tags": (b"MM\0\x2a" + struct.pack(">IHHHII", 8, 1, 0x010F, ASCII, 4, 0), 1, False),
        "zero": (exif(SHORT, 1, b"\0\0\0\0"), 1, True),
        "nine": (exif(SHORT, 1, struct.pack(">HH", 9, 0)), 1, True),
        "huge_value": (exif(LONG, 1, struct.pack(">I", 65542)), 1, True),
        "text": (exif(ASCII, 2, b"6\0\0\0"), 1, True),
        "real": (exif(FLOAT, 1, struct.pack(">f", 6)), 1, True),
        "rational": (exif(RATIONAL, 1, struct.pack(">I", 26)), 1, True),
        "no_type": (exif(99, 1, six), 1, True),
        "none": (exif(SHORT, 0, six), 1, True),
        "many": (exif(SHORT, 3, struct.pack(">I", 6)), 1, True),
        "garbage": (b"MM garbage" * 9, 1, True),
        "empty": (b"", 1, True),
        "far": (b"MM\0\x2a\xff\xff\xff\xff", 1, True),
        "cut": (exif(SHORT, 1, six)[:15], 1, True),
        "endless": (b"MM\0\x2a" + struct.pack(">IH", 8, 65535) + b"\x01\0" * 40, 1, True),
    }


def xmp(orientation: str) -> bytes:
    """An XMP packet."""
    return f'<rdf:Description tiff:Orientation="{orientation}" \xff'.encode("latin-1")


def segment(marker: int, body: bytes) -> bytes:
    """A segment of JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg(*segments: bytes, end: bytes = b"") -> bytes:
    """The photo as JPEG, with segments behind its first."""
    plain = _saved(PHOTO, "JPEG", quality=90)
    first = 4 + int.from_bytes(plain[4:6], "big")
    return plain[:first] + b"".join(segments) + plain[first:] + end


def jpeg_files() -> Iterator[tuple[str, OddFile]]:
    """JPEG files, by name."""
    for name, (block, orientation, odd) in blocks().items():
        content = jpeg(segment(0xE1, b"Exif\0\0" + block))
        yield f"exif_{name}.jpg", OddFile(content, orientation, odd)
    packet = b"http://ns.adobe.com/xap/1.0/\0"
    for name, block in (("nine", exif(SHORT, 1, b"\0\x09\0\0")), ("garbage", b"?" * 30)):
        both = jpeg(segment(0xE1, b"Exif\0\0" + block), segment(0xE1, packet + xmp("8")))
        yield f"xmp_behind_{name}.jpg", OddFile(both, 8)
    yield "xmp_odd.jpg", OddFile(jpeg(segment(0xE1, packet + xmp("0"))), 1, True)
    big = b"Exif\0\0" + exif(SHORT, 1, b"\0\x06\0\0") + b"\xa5" * 65_000
    yield "exif_huge.jpg", OddFile(jpeg(segment(0xE1, big), segment(0xE1, big)), 6)
    for name, parts in {
        "icc_short": [segment(0xE2, b"ICC_PROFILE\0")],
        "icc_odd": [segment(0xE2, b"ICC_PROFILE\0\x07\x02" + b"x" * 90)],
        "mpf_garbage": [segment(0xE2, b"MPF\0" + b"II*\0\x08\0\0\0" + b"\xff" * 40)],
        "mpf_cut": [segment(0xE2, b"MPF\0MM\0")],
        "photoshop": [segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\xff" + b"\0" * 9)],
        "comments": [segment(0xFE, b"\xff" * 60_000)] * 20,
        "adobe_short": [segment(0xEE, b"Adobe\0")],
        "jfif_short": [segment(0xE0, b"JFIF\0")],
        "filled": [b"\xff\xff\xff" + segment(0xE5, b"?")],
    }.items():
        yield f"{name}.jpg", OddFile(jpeg(*parts))
    long = segment(0xE1, b"Exif\0\0" + exif(SHORT, 1, six := b"\0\6\0\0") + b"a" * 300)
    wrong = long[:2] + struct.pack(">H", len(long) - 202) + long[4:]
    yield "exif_wrong_length.jpg", OddFile(jpeg(wrong), 6)
    yield (
        "between.jpg",
        OddFile(jpeg(b"what is this \xff\0?", segment(0xE1, b"Exif\0\0" + six)), 1, True),
    )
    yield "trailing.jpg", OddFile(jpeg(end=b"\xff\xd8 more of something" * 999))


def text_chunk(name: bytes, key: bytes, text: bytes) -> bytes:
    """A text chunk of PNG."""
    head = {b"tEXt": b"\0", b"zTXt": b"\0\0", b"iTXt": b"\0\1\0\0\0"}[name]
    return _chunk(name, key + head + (text if name == b"tEXt" else zlib.compress(text)))


def png_files() -> Iterator[tuple[str, OddFile]]:
    """PNG files, by name."""
    pixels = np.asarray(PHOTO)

    def png(*before: bytes, after: bytes = b"") -> bytes:
        return png_bytes(pixels, RGB, 8, before=b"".join(before), after=after)

    for name, (block, orientation, odd) in blocks().items():
        content = png(_chunk(b"eXIf", block))
        yield f"exif_{name}.png", OddFile(content, orientation, odd)
    broken = _chunk(b"tEXt", b"key\0text")[:-1] + b"?"
    profile = b"\nexif\n 9\nNO HEX AT ALL, REALLY\n"
    upper = b"\nexif\n 9\n" + exif(SHORT, 1, b"\0\x06\0\0").hex().upper().encode() + b"\n"
    bare = {
        "text_long": text_chunk(b"zTXt", b"Comment", b"a" * 3_000_000),
        "text_plain_long": text_chunk(b"tEXt", b"Comment", b"a" * 9_000_000),
        "text_bomb": text_chunk(b"iTXt", b"XML:com.adobe.xmp", b"a" * 20_000_000),
        "texts": text_chunk(b"zTXt", b"Comment", b"a" * 1_000_000) * 70,
        "chunks": _chunk(b"tEXt", b"key\0text") * 3000,
        "text_unpacked": _chunk(b"zTXt", b"Comment\0\7nothing"),
        "text_no_end": _chunk(b"iTXt", b"Comment"),
        "icc_method": _chunk(b"iCCP", b"name\0\7xx"),
        "icc_no_name": _chunk(b"iCCP", b""),
        "icc_bomb": _chunk(b"iCCP", b"name\0\0" + zlib.compress(b"a" * 9_000_000)),
        "checksum": broken,
        "checksum_gamma": _chunk(b"gAMA", b"\0\0\xb1\x8f")[:-1] + b"?",
        "short": b"".join(_chunk(n, b"") for n in (b"sRGB", b"gAMA", b"pHYs", b"cHRM", b"bKGD")),
        "odd_length": _chunk(b"cHRM", b"\1" * 7) + _chunk(b"gAMA", b"\1" * 3),
        "frames": _chunk(b"acTL", b"\0\0\0\1") + _chunk(b"fcTL", b"\xff" * 26),
        "clear_short": _chunk(b"tRNS", b"\1"),
        "clear_checksum": _chunk(b"tRNS", pixels[0, 0].astype(">u2").tobytes())[:-1] + b"?",
        "bits_short": _chunk(b"sBIT", b""),
        "private": _chunk(b"prVt", b"\xff" * 5000),
    }
    for name, chunks in bare.items():
        yield f"{name}.png", OddFile(png(chunks))
        yield f"{name}_late.png", OddFile(png(after=chunks))
    xmp_key = b"XML:com.adobe.xmp"
    yield (
        "profile_odd.png",
        OddFile(png(text_chunk(b"zTXt", b"Raw profile type exif", profile)), 1, True),
    )
    yield "profile_upper.png", OddFile(png(text_chunk(b"zTXt", b"Raw profile type exif", upper)), 6)
    yield "xmp.png", OddFile(png(text_chunk(b"iTXt", xmp_key, xmp("3"))), 3)
    yield "xmp_checksum.png", OddFile(png(text_chunk(b"iTXt", xmp_key, xmp("3"))[:-1] + b"?"))
    yield "trailing.png", OddFile(png() + b"more" * 999)


def other_files() -> Iterator[tuple[str, OddFile]]:
    """Formats that C++ does not read."""
    for name, (block, orientation, odd) in blocks().items():
        if name != "empty":
            content = _saved(PHOTO, "WEBP", lossless=True, exif=block)
            yield f"exif_{name}.webp", OddFile(content, orientation, odd)
    turned = _saved(PHOTO, "WEBP", lossless=True, exif=blocks()["six"][0], icc_profile=b"?" * 99)
    yield "cut.webp", OddFile(turned[:-10])
    yield "trailing.webp", OddFile(turned + b"more" * 99, 6)
    yield "profile.webp", OddFile(turned.replace(b"ICCP", b"ICCQ"), 6)
    still = _saved(PHOTO, "WEBP", lossless=True)
    yield "chunk_behind.webp", OddFile(still + b"EXIF\xff\xff\xff\x7f")
    good = blocks()["other_tags"][0]
    avif = _saved(PHOTO, "AVIF", exif=good)
    for name, block in (("garbage", b"?" * len(good)), ("magic", b"II??" + good[4:])):
        assert avif.count(good) == 1
        yield f"exif_{name}.avif", OddFile(avif.replace(good, block))
    pixels = np.asarray(PHOTO)
    for name, tags in {
        "resolution": [(282, RATIONAL, 1, 4), (283, RATIONAL, 1, 1 << 30)],
        "exif": [(0x8769, LONG, 1, 1 << 31)],
        "exif_here": [(0x8769, LONG, 1, 8), (0x8825, LONG, 9, 12)],
        "text": [(305, ASCII, 1 << 30, 8), (700, 7, 1 << 30, 8), (34675, 7, 99999, 8)],
        "types": [(270, 99, 1, 0), (306, FLOAT, 1, 0), (33432, 13, 1, 0)],
    }.items():
        yield f"{name}.tif", OddFile(tiff(pixels, tags=tags))
    yield "turned.tif", OddFile(tiff(pixels, tags=[(TAG, SHORT, 1, 6)]), 6)
    yield "turned_odd.tif", OddFile(tiff(pixels, tags=[(TAG, ASCII, 2, ord("6"))]), 1, True)
    yield "turned_far.tif", OddFile(tiff(pixels, tags=[(TAG, SHORT, 99, 1 << 30)]), 1, True)


def tiff(
    samples: np.ndarray,
    *,
    order: str = "<",
    photometric: int | None = None,
    planar: int = 1,
    extra: Sequence[int] = (),
    bits: int | None = None,
    tags: Sequence[tuple[int, int, int, Any]] = (),
    data: bytes | None = None,
) -> bytes:
    """An uncompressed TIFF file of one strip (a plane). Pillow writes few kinds of samples.

    Args:
        samples: (H, W) or (H, W, channels) of any number type.
        order: ``<`` or ``>``.
        photometric: by default RGB of three channels and more, else grey.
        planar: 2 for a plane a channel.
        extra: ExtraSamples.
        bits: BitsPerSample, for ``data``.
        tags: further entries: tag, type, count, value; in numbers of type LONG or as bytes.
        data: bytes of the strip, if they are not those of ``samples``.
    """
    table = np.atleast_3d(samples)
    height, width, channels = table.shape
    if data is None:
        planes = table if planar == 1 else np.moveaxis(table, 2, 0)
        data = planes.astype(table.dtype.newbyteorder(order)).tobytes()
    data += b"\0" * (len(data) % 2)
    strips = channels if planar == 2 else 1
    size = height * width * channels * table.dtype.itemsize // strips if not bits else len(data)
    if photometric is None:
        photometric = 2 if channels >= 3 else 1
    depth = [bits or table.dtype.itemsize * 8] * channels
    kind = [{"u": 1, "i": 2, "f": 3}[table.dtype.kind]] * channels
    entries: list[tuple[int, int, list[int]]] = [
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, depth),
        (259, SHORT, [1]),
        (262, SHORT, [photometric]),
        (273, LONG, [8 + i * size for i in range(strips)]),
        (277, SHORT, [channels]),
        (278, LONG, [height]),
        (279, LONG, [size] * strips),
        (284, SHORT, [planar]),
        (339, SHORT, kind),
        *([(338, SHORT, list(extra))] if extra else []),
    ]
    count = len(entries) + len(tags)
    start = 8 + len(data)
    after = start + 2 + count * 12 + 4
    rows, values = [], b""
    for tag, letter, numbers in entries:
        packed = struct.pack(f"{order}{len(numbers)}{LETTERS[letter]}", *numbers)
        if len(packed) > 4:
            field, values = struct.pack(f"{order}I", after + len(values)), values + packed
        else:
            field = packed.ljust(4, b"\0")
        rows.append((tag, struct.pack(f"{order}HHI", tag, letter, len(numbers)) + field))
    for tag, letter, number, value in tags:
        if isinstance(value, bytes):
            field, values = struct.pack(f"{order}I", after + len(values)), values + value
        else:
            small = SHORT if letter == SHORT and number == 1 else LONG
            field = struct.pack(f"{order}{LETTERS[small]}", value).ljust(4, b"\0")
        rows.append((tag, struct.pack(f"{order}HHI", tag, letter, number) + field))
    body = b"".join(row for _, row in sorted(rows))
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HI", 42, start) + data
    return head + struct.pack(f"{order}H", count) + body + b"\0" * 4 + values


def deep_pngs() -> Iterator[tuple[str, bytes]]:
    """PNG files of 16 bits that use some of them, in every colour type, with what says so."""
    rng = np.random.default_rng(5)
    for colour, channels in ((0, 1), (RGB, 3), (4, 2), (RGB_ALPHA, 4)):
        for bits in (8, 9, 10, 12, 14, 16):
            for interlaced in (False, True) if bits in (10, 16) else (False,):
                samples = rng.integers(0, 1 << bits, (37, 50, channels))
                name = f"deep{colour}_{bits}{'_interlaced' * interlaced}"
                yield f"{name}.png", png_bytes(samples, colour, 16, interlaced=interlaced)
        opaque = rng.integers(0, 1000, (37, 50, channels))
        opaque[..., -1] = 65535 if channels in (2, 4) else opaque[..., -1]
        yield f"deep{colour}_opaque.png", png_bytes(opaque, colour, 16)
        said = _chunk(b"sBIT", bytes([11] * channels))
        yield f"deep{colour}_said.png", png_bytes(opaque % 900, colour, 16, before=said)
        shifted = (rng.integers(0, 2048, (37, 50, channels)) << 5).astype(int)
        yield f"deep{colour}_shifted.png", png_bytes(shifted, colour, 16, before=said)
        hot = rng.integers(0, 1000, (37, 50, channels))
        hot[0, 0] = 65535
        yield f"deep{colour}_hot.png", png_bytes(hot, colour, 16)
        if channels in (1, 3):
            clear = _chunk(b"tRNS", opaque[3, 4].astype(">u2").tobytes())
            yield f"deep{colour}_clear.png", png_bytes(opaque, colour, 16, before=clear)


def photo_of(content: bytes) -> Image.Image:
    """What Pillow reads of a file."""
    return Image.open(io.BytesIO(content))

"""A PNG file without what stands beside its pixels, and the samples of one with 16 bits.

Text of any length, profiles and animations are passed over unread, also where they are damaged:
`deploy/cpp/src/png_chunks.cc` does the same.
"""

import io
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
from PIL import Image

from src_mindspore.photos.file_notes import FileNotes, Samples
from src_mindspore.photos.orientation import orientation_of

MAGIC = b"\x89PNG\r\n\x1a\n"
NEEDED = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
LONGEST = 1 << 20  # bytes of a text chunk that is looked at for an orientation, packed and unpacked
XMP, PROFILE = b"XML:com.adobe.xmp", b"Raw profile type exif"
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6  # colour types
HEX = frozenset(b"0123456789abcdefABCDEF")
DEPTH, COLOUR = 24, 25  # where the file has them


def chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of every chunk that is whole; the last may be cut short."""
    at = len(MAGIC)
    while at + 8 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        yield content[at + 4 : at + 8], at, end
        at = end


def pixels_only(content: bytes) -> tuple[bytes, FileNotes]:
    """The file without all that its pixels do not need, and the notes."""
    if content[12:16] != b"IHDR" or len(content) < 33:
        return content, FileNotes()
    colour = content[COLOUR]
    kept, exif, texts, bits, clear, frames = [MAGIC], None, {}, 0, None, 1
    palette, pixels = 0, False
    for name, start, end in chunks(content):
        body = content[start + 8 : end - 4]
        whole = end <= len(content)
        if not name.isalpha():  # no chunk any more: the decoder decides
            kept.append(content[start:])
            break
        if name in NEEDED:
            kept.append(content[start:end])
            palette = len(body) // 3 if name == b"PLTE" else palette
            pixels = pixels or name == b"IDAT"
        elif name == b"tRNS" and whole and clear is None and not pixels:
            if _fits(body, colour, palette) and _intact(content, start, end):
                clear = body
                kept.append(content[start:end])
        elif name == b"eXIf" and whole and exif is None:
            exif = body
        elif name == b"sBIT" and whole and not bits:
            said = body[: 3 if colour in (RGB, RGB_ALPHA) else 1]
            bits = max(said) if len(said) == (3 if colour in (RGB, RGB_ALPHA) else 1) else 0
        elif name == b"acTL" and whole:
            frames = max(1, int.from_bytes(body[:4], "big"))
        elif name in (b"tEXt", b"zTXt", b"iTXt") and whole and len(body) <= LONGEST:
            key = body.partition(b"\0")[0]
            if key in (XMP, PROFILE) and _intact(content, start, end):
                texts[key] = _text(name, body)
        if name == b"IEND":
            break
    if exif is None and PROFILE in texts:
        exif = _profile(texts[PROFILE])
    orientation, odd = orientation_of(exif, texts.get(XMP))
    plain = b"".join(kept)
    if content[DEPTH] != 16:
        return plain, FileNotes(orientation, odd, frames)
    size = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    used = bits if 8 <= bits < 16 else None

    def deep() -> Samples:
        return _samples(plain, used, clear)

    return plain, FileNotes(orientation, odd, frames, deep, size, "PNG")


def _intact(content: bytes, start: int, end: int) -> bool:
    return zlib.crc32(content[start + 4 : end - 4]) == int.from_bytes(content[end - 4 : end], "big")


def _fits(body: bytes, colour: int, palette: int) -> bool:
    """Whether a tRNS chunk has the length that the colour type asks for."""
    if colour == PALETTE:
        return 1 <= len(body) <= palette
    return len(body) == {GREY: 2, RGB: 6}.get(colour)


def _text(name: bytes, body: bytes) -> bytes:
    """The text of a chunk; empty where it is damaged."""
    rest = body.partition(b"\0")[2]
    packed = name == b"zTXt"
    if name == b"zTXt":
        method, rest = rest[:1], rest[1:]
    elif name == b"iTXt":
        packed, method = rest[:1] == b"\1", rest[1:2]
        parts = rest[2:].split(b"\0", 2)
        rest = parts[2] if len(parts) == 3 else b""
    if not packed:
        return rest
    if method != b"\0":
        return b""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(rest, LONGEST)
    except zlib.error:
        return b""
    return b"" if unpacker.unconsumed_tail else text


def _profile(text: bytes) -> bytes:
    """EXIF as some programs write it: a few lines of text, then hexadecimal."""
    digits = bytes(c for c in b"".join(text.split(b"\n")[3:]) if c in HEX)
    return bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))


def _samples(content: bytes, bits: int | None, clear: bytes | None) -> Samples:
    """All 16 bits of every sample; Pillow keeps the upper eight of colours."""
    colour = content[COLOUR]
    if colour == GREY:
        values, alpha = _decoded(content), None
    elif colour == GREY_ALPHA:
        # two samples of 16 bits lie, and are filtered, as four of 8
        bytes_of = _decoded(_as_rgba(content)).astype(np.uint16)
        pairs = bytes_of[..., ::2] << 8 | bytes_of[..., 1::2]
        values, alpha = pairs[..., 0], pairs[..., 1]
    else:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            image.load()  # its errors say what is wrong; OpenCV has none
        # without the colour that is transparent; checksums as Pillow takes them, right or not
        parts = (content[s + 4 : e - 4] for name, s, e in chunks(content) if name != b"tRNS")
        without = MAGIC + b"".join(
            (len(p) - 4).to_bytes(4, "big") + p + zlib.crc32(p).to_bytes(4, "big") for p in parts
        )
        found = cv2.imdecode(np.frombuffer(without, np.uint8), cv2.IMREAD_UNCHANGED)
        if found is None or found.dtype != np.uint16 or found.ndim != 3:
            raise ValueError("PNG of 16 bits that cannot be decoded")
        values = np.ascontiguousarray(found[..., 2::-1])
        alpha = found[..., 3] if found.shape[2] == 4 else None
    hidden = None
    if clear is not None:
        key = np.frombuffer(clear, ">u2").astype(np.uint16)
        hidden = (values == key).all(-1) if values.ndim == 3 else values == key[0]
    return Samples(values, alpha, bits=bits, clear=hidden)


def _decoded(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        return np.asarray(image).astype(np.uint16)


def _as_rgba(content: bytes) -> bytes:
    """The header of a file with grey and alpha of 16 bits, changed to four samples of 8."""
    header = bytearray(content[12:29])
    header[12], header[13] = 8, RGB_ALPHA
    return content[:12] + header + zlib.crc32(header).to_bytes(4, "big") + content[33:]

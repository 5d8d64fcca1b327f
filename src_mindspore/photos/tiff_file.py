"""A TIFF file's first directory: read within its bounds, rewritten with what pixels need."""

import struct
from dataclasses import dataclass

import numpy as np

from src_mindspore.photos.file_notes import FileNotes, Samples
from src_mindspore.photos.orientation import ORIENTATION, UPRIGHT, WHOLE, orientation_of
from src_mindspore.photos.tiff_layout import layout_of
from src_mindspore.photos.tiff_samples import read_samples

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
XMP = 700
MAX_FRAMES = 10_000  # directories that are counted
# Of TIFF 6.0 and its supplements what says where the pixels are and how they are stored: sizes,
# bits, compression, photometric, fill order, strips, tiles, planes, palette, tables of JPEG, colour
# differences, and what samples mean.
PIXELS = frozenset(
    [
        *(256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322),
        *(323, 324, 325, 332, 338, 339, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521),
        *(529, 530, 531, 532),
    ]
)
# numpy's letter of each type that holds numbers; 2 and 7 are texts and bytes
NUMBERS = {1: "u1", 3: "u2", 4: "u4", 6: "i1", 8: "i2", 9: "i4", 11: "f4", 12: "f8", 16: "u8"}
BYTES = {2, 7}


@dataclass(frozen=True)
class Directory:
    """The entries of the first directory of a file, as they lie there.

    Args:
        content: the file.
        order: ``<`` or ``>``, the file's byte order.
        big: whether it is a BigTIFF, whose offsets take 8 bytes.
        entries: start of each entry in the file, by tag; the first of several counts.
        following: where the next directory is; 0 where there is none.
    """

    content: bytes
    order: str
    big: bool
    entries: dict[int, int]
    following: int

    def value_bytes(self, tag: int, kinds: set[int] | None = None) -> tuple[int, bytes] | None:
        """Type of a tag and its value, as it lies in the file; None where it has none.

        Raises:
            ValueError: a value that lies outside of the file.
        """
        if tag not in self.entries:
            return None
        at = self.entries[tag]
        head, wide = (12, "Q") if self.big else (8, "I")
        kind = struct.unpack_from(self.order + "H", self.content, at + 2)[0]
        count = struct.unpack_from(self.order + wide, self.content, at + 4)[0]
        if kind not in (kinds or {*NUMBERS, *BYTES}):
            return None
        size = count * (np.dtype(NUMBERS[kind]).itemsize if kind in NUMBERS else 1)
        place = at + head
        if size > struct.calcsize(wide):
            place = struct.unpack_from(self.order + wide, self.content, place)[0]
        if place + size > len(self.content):
            raise ValueError(f"image file is truncated: the value of TIFF tag {tag} is missing")
        return kind, self.content[place : place + size]

    def numbers(self, tag: int) -> np.ndarray | None:
        """(n,) the numbers of a tag, n of 1 and more; None where it has none.

        Raises:
            ValueError: see ``value_bytes``.
        """
        found = self.value_bytes(tag, set(NUMBERS))
        if not found or not found[1]:
            return None
        return np.frombuffer(found[1], self.order + NUMBERS[found[0]])

    def text(self, tag: int) -> str:
        """The text of a tag; empty where there is none, or a damaged one."""
        try:
            found = self.value_bytes(tag, BYTES)
        except ValueError:
            return ""
        return found[1].decode("latin-1").strip("\0 ") if found else ""


def directory_at(content: bytes, order: str, big: bool, start: int) -> Directory | None:
    """The directory at a place; None where it does not lie in the file as a whole."""
    head, entry, wide = ("Q", 20, "Q") if big else ("H", 12, "I")
    try:
        count = struct.unpack_from(order + head, content, start)[0]
        first = start + struct.calcsize(order + head)
        if first + count * entry > len(content):
            return None
        places = range(first, first + count * entry, entry)
        tags = [struct.unpack_from(order + "H", content, at)[0] for at in places]
    except struct.error:
        return None
    end = first + count * entry
    last = content[end : end + struct.calcsize(order + wide)]
    following = int.from_bytes(last, "little" if order == "<" else "big")
    entries = dict(zip(reversed(tags), reversed(places), strict=True))
    return Directory(content, order, big, entries, following)


def first_directory(content: bytes) -> Directory | None:
    """The first directory; None where there is none that could be read."""
    if content[:4] not in MAGIC:
        return None
    order, big = "<" if content[:1] == b"I" else ">", b"+" in content[2:4]
    offset = content[8:16] if big else content[4:8]
    return directory_at(
        content, order, big, int.from_bytes(offset, "little" if order == "<" else "big")
    )


def pixels_only(content: bytes) -> tuple[bytes, FileNotes]:
    """The file with a directory of what its pixels need, and the notes.

    One whose first directory cannot be read stays as it is, for the decoder to judge.
    """
    directory = first_directory(content)
    if directory is None:
        return content, FileNotes()
    orientation, odd = _orientation(directory)
    frames = _frames(directory)
    layout = layout_of(directory)
    if layout is None:
        return _rewritten(directory), FileNotes(orientation, odd, frames)

    def deep() -> Samples:
        return read_samples(directory, layout)

    size = (layout.width, layout.height)
    return content, FileNotes(orientation, odd, frames, deep, size, "TIFF")


def _rewritten(directory: Directory) -> bytes:
    """The file with its needed entries in a directory of their own at its end."""
    content, order = directory.content, directory.order
    size, head, wide = (20, "Q", "Q") if directory.big else (12, "H", "I")
    needed = sorted(tag for tag in directory.entries if tag in PIXELS)
    start = len(content) + len(content) % 2
    return b"".join(
        [
            content[: 8 if directory.big else 4],
            struct.pack(order + wide, start),
            content[16 if directory.big else 8 :],
            b"\0" * (len(content) % 2),
            struct.pack(order + head, len(needed)),
            *(content[at : at + size] for at in map(directory.entries.__getitem__, needed)),
            struct.pack(order + wide, 0),
        ]
    )


def _orientation(directory: Directory) -> tuple[int, bool]:
    """By the rule of ``orientation_of``; the directory takes the place of EXIF."""
    xmp = None
    try:
        if found := directory.value_bytes(XMP, {1, *BYTES}):
            xmp = found[1]
    except ValueError:
        xmp = None
    by_xmp, odd = orientation_of(None, xmp)
    if ORIENTATION not in directory.entries:
        return by_xmp, odd
    try:
        numbers = directory.numbers(ORIENTATION)
        kind = directory.value_bytes(ORIENTATION)
    except ValueError:
        return by_xmp, by_xmp == 1
    if kind and kind[0] in WHOLE and numbers is not None and int(numbers[0]) in UPRIGHT:
        return int(numbers[0]), False
    return by_xmp, by_xmp == 1


def _frames(directory: Directory) -> int:
    """How many directories follow one another, the first counted; circles end."""
    seen, following = set(), directory.following
    while following and following not in seen and len(seen) < MAX_FRAMES:
        seen.add(following)
        found = directory_at(directory.content, directory.order, directory.big, following)
        if found is None:
            return len(seen)
        following = found.following
    return 1 + len(seen)

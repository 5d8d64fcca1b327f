"""Which way up a photo is: the one thing that is read of what stands beside its pixels.

Own readers, as the C++ library has them (`deploy/cpp/src/exif.cc`): libraries read all of EXIF or
nothing, and one odd number in it would cost the photo.
"""

import re

ORIENTATION = 0x0112  # EXIF 2.32, table 4
# bytes of the whole numbers that TIFF 6.0 has, by type: BYTE, SHORT, LONG and the signed ones
WHOLE = {1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4}
ENTRY = 12  # bytes of a directory entry
PREFIX = b"Exif\0\0"  # before the block in JPEG; some programs write it elsewhere as well
MAGIC = (b"\x2a\x00", b"\x00\x2a")  # 42; some cameras write it in the other byte order
XMP = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')
UPRIGHT = range(1, 9)  # the values that mean something


def exif_orientation(block: bytes) -> int | None:
    """What an EXIF block (a TIFF header and its first directory) says: 1..8.

    Returns:
        None where it has no such tag; 0 where the tag, or the block, is damaged.
    """
    while block.startswith(PREFIX):
        block = block[len(PREFIX) :]
    order = {b"II": "little", b"MM": "big"}.get(block[:2])
    if order is None or block[2:4] not in MAGIC:
        return 0

    def number(at: int, size: int) -> int:
        return int.from_bytes(block[at : at + size], order)

    directory = number(4, 4)
    if directory + 2 > len(block):
        return 0
    for entry in range(directory + 2, directory + 2 + number(directory, 2) * ENTRY, ENTRY):
        if entry + ENTRY > len(block):
            return 0
        if number(entry, 2) != ORIENTATION:
            continue
        size, count = WHOLE.get(number(entry + 2, 2)), number(entry + 4, 4)
        if size is None or not 1 <= count <= 4 // size:
            return 0
        value = number(entry + 8, size)
        return value if value in UPRIGHT else 0
    return None


def xmp_orientation(packet: bytes) -> int | None:
    """``tiff:Orientation`` of an XMP packet: 1..8; None where it has none, 0 a damaged one."""
    found = XMP.search(packet)
    if not found:
        return None
    return int(found[1]) if int(found[1]) in UPRIGHT else 0


def orientation_of(exif: bytes | None, xmp: bytes | None) -> tuple[int, bool]:
    """How a photo is to be turned, and whether what says so is damaged.

    The first of EXIF and XMP that says 1..8 counts; where neither does the photo is upright, 1.
    """
    said = [
        None if exif is None else exif_orientation(exif),
        None if xmp is None else xmp_orientation(xmp),
    ]
    good = [value for value in said if value]
    return (good[0], False) if good else (1, 0 in said)

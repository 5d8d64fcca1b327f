"""An AVIF file whose EXIF its decoder does not look at: the container says how it is turned."""

ENTRY, ITEM = b"infe", b"Exif"  # an entry of the list of items, and the type of the item in it
TYPE_AT = (12, 14)  # where an entry has its type, from its name on, in version 2 and 3


def is_avif(start: bytes) -> bool:
    """Whether a file that begins so is one (ISO 14496-12: a box of its brands comes first)."""
    return start[4:12] in (b"ftypavif", b"ftypavis")


def pixels_only(content: bytes) -> bytes:
    """The file, its EXIF under another name."""
    plain = bytearray(content)
    at = content.find(ENTRY)
    while at >= 0:
        for place in TYPE_AT:
            if content[at + place : at + place + len(ITEM)] == ITEM:
                plain[at + place : at + place + len(ITEM)] = b"none"
        at = content.find(ENTRY, at + 1)
    return bytes(plain)

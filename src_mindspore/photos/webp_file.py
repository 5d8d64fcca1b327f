"""A WebP file without what stands beside its pixels."""

from src_mindspore.photos.file_notes import FileNotes
from src_mindspore.photos.orientation import orientation_of

HEADER, EXTENDED = b"RIFF", b"VP8X"
# ALPH and both kinds of VP8 hold pixels, ANIM and ANMF films of them
PIXELS = (b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF")
BESIDE = 0x20 | 0x08 | 0x04  # flags of VP8X: there is a profile, EXIF, XMP


def is_webp(start: bytes) -> bool:
    """Whether a file that begins so is one."""
    return start[:4] == HEADER and start[8:12] == b"WEBP"


def pixels_only(content: bytes) -> tuple[bytes, FileNotes]:
    """The file without EXIF, XMP and profile, also where they are cut short, and the notes."""
    kept, beside, at = [], {}, 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        if name == EXTENDED and size >= 1:
            flags = content[at + 8 : at + 9]
            bare = bytes(flag & ~BESIDE for flag in flags)
            kept.append(content[at : at + 8] + bare + content[at + 9 : end])
        elif name in PIXELS:
            kept.append(content[at:end])
        elif at + 8 + size <= len(content):
            beside.setdefault(name, content[at + 8 : at + 8 + size])
        at = end
    body = b"WEBP" + b"".join(kept)
    # what is cut short says so by its size
    missing = max(0, at - len(content)) if kept and content.endswith(kept[-1]) else 0
    size = (len(body) + missing).to_bytes(4, "little")
    orientation, odd = orientation_of(beside.get(b"EXIF"), beside.get(b"XMP "))
    return HEADER + size + body, FileNotes(orientation, odd)

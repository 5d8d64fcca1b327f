"""A JPEG file without what stands beside its pixels."""

from src_mindspore.photos.file_notes import FileNotes
from src_mindspore.photos.orientation import PREFIX, orientation_of

MAGIC = b"\xff\xd8\xff"
XMP = b"http://ns.adobe.com/xap/1.0/\0"
APP0, APP1, APP14, APP15, COMMENT = 0xE0, 0xE1, 0xEE, 0xEF, 0xFE
SCAN = 0xDA
# JFIF and Adobe segments say how colours are stored; shorter ones say nothing (jdmarker.c)
COLOUR = {APP0: 14, APP14: 12}


def pixels_only(content: bytes) -> tuple[bytes, FileNotes]:
    """The file without EXIF, XMP, profiles, further pictures' index and comments, and the notes.

    Bytes between segments, where one has a wrong length, are passed over, as libjpeg does. Whatever
    else is not a row of segments is left as it is, for the decoder to judge.
    """
    kept = [content[:2]]
    exif = xmp = None
    at = 2
    while at + 4 <= len(content):
        marker = content[at + 1]
        if content[at] != 0xFF or marker == 0:
            following = content.find(b"\xff", at + 1)
            if following < 0:
                break
            at = following
            continue
        if marker == 0xFF:  # a byte that fills
            at += 1
            continue
        size = int.from_bytes(content[at + 2 : at + 4], "big")
        end = at + 2 + size
        # markers below 0xC0 have no size; the scan is followed by pixels
        if marker < 0xC0 or 0xD0 <= marker <= 0xD8 or marker == SCAN or size < 2:
            break
        if end > len(content):
            break
        body = content[at + 4 : end]
        if marker == APP1:
            if exif is None and body.startswith(PREFIX):
                exif = body
            elif xmp is None and body.startswith(XMP):
                xmp = body[len(XMP) :]
        aside = APP0 <= marker <= APP15 or marker == COMMENT
        if not aside or (marker in COLOUR and len(body) >= COLOUR[marker]):
            kept.append(content[at:end])
        at = end
    kept.append(content[at:])
    orientation, odd = orientation_of(exif, xmp)
    return b"".join(kept), FileNotes(orientation, odd)

"""Small videos, whole and broken, written by the project's own writer."""

import struct
from pathlib import Path

import numpy as np

from src_mindspore.video.writer import VideoWriter


def write_video(path: Path, frames: list[np.ndarray], rate: float = 20) -> Path:
    """A video of frames, (H, W, 3) uint8 RGB."""
    height, width = frames[0].shape[:2]
    writer = VideoWriter(path, (width, height), rate)
    for frame in frames:
        writer.write(frame)
    writer.close()
    return path


def damage(whole: Path, path: Path) -> Path:
    """A copy whose encoded frames have zeros in their middle third."""
    content = bytearray(whole.read_bytes())
    start = content.index(b"mdat") + 4
    size = int.from_bytes(content[start - 8 : start - 4], "big") - 8
    content[start + size // 3 : start + 2 * size // 3] = bytes(2 * size // 3 - size // 3)
    path.write_bytes(content)
    return path


def turned(whole: Path, path: Path) -> Path:
    """A copy that is to be shown turned by 90 degrees clockwise, as a telephone held upright says.

    The matrix is that of the track header, ISO/IEC 14496-12, 8.3.2: 16.16 and 2.30 fixed point.
    """
    content = bytearray(whole.read_bytes())
    matrix = content.index(b"tkhd") + 44
    one = 1 << 16
    content[matrix : matrix + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


def retimed(whole: Path, path: Path, lengths: list[int]) -> Path:
    """A copy of a video of equally long frames, each of which is so many times as long.

    The table of times is replaced (``stts``, ISO/IEC 14496-12, 8.6.1.2); the list of edits, which
    would end the video where it ended before, is left out.
    """

    def copied(content: bytes) -> bytes:
        parts, start = [], 0
        while start < len(content):
            size, kind = struct.unpack_from(">I4s", content, start)
            part = content[start + 8 : start + size]
            start += size
            if kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
                part = copied(part)
            if kind == b"stts":
                (length,) = struct.unpack_from(">I", part, 12)
                rows = [struct.pack(">II", 1, length * times) for times in lengths]
                part = struct.pack(">II", 0, len(rows)) + b"".join(rows)
            if kind == b"mdhd":
                (duration,) = struct.unpack_from(">I", part, 16)
                longer = duration * sum(lengths) // len(lengths)
                part = part[:16] + struct.pack(">I", longer) + part[20:]
            if kind != b"edts":
                parts.append(struct.pack(">I4s", len(part) + 8, kind) + part)
        return b"".join(parts)

    path.write_bytes(copied(whole.read_bytes()))
    return path

"""Small videos, whole and broken, written by the project's own writer."""

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

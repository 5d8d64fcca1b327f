"""Frames to a video file."""

from pathlib import Path

import cv2
import numpy as np

from src_mindspore.system.errors import UserError
from src_mindspore.video.opencv import quiet

SUFFIX = ".mp4"
CODEC = "mp4v"  # MPEG-4 part 2: OpenCV's packages bring no encoder of H.264, whose licence forbids
EVEN = 2  # the codec stores colours for squares of so many pixels


class VideoWriter:
    """Writes an MP4 file, without sound.

    It can be played once ``close`` was called, with whatever was written until then.

    Args:
        path: a new file, in characters that every program takes.
        size: width and height of the frames, pixels; an odd one loses its last column or row.
        rate: frames a second.

    Raises:
        UserError: it cannot be written.
    """

    def __init__(self, path: Path, size: tuple[int, int], rate: float) -> None:
        self.path = path
        self.written = 0
        self.size = tuple(side - side % EVEN for side in size)
        code = cv2.VideoWriter_fourcc(*CODEC)
        with quiet():
            self._writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, rate, size)
        if min(self.size) < EVEN or not self._writer.isOpened():
            raise UserError(
                f"a video of {size[0]} x {size[1]} pixels and {rate:g} frames a second cannot be "
                f"written ({CODEC} in MP4)"
            )

    def write(self, pixels: np.ndarray) -> None:
        """Adds a frame: (H, W, 3) uint8, RGB."""
        self._writer.write(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        self.written += 1

    def close(self) -> None:
        """Ends the file.

        Raises:
            OSError: it does not hold what was written: the disk is full, most likely.
        """
        self._writer.release()
        if not self.written:
            return
        # OpenCV tells nobody that a write has failed
        with quiet():
            capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG)
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
        capture.release()
        if count != self.written:
            raise OSError(
                f"{self.path.name}: {self.written} frames were given to the encoder, and the file "
                f"has {count}; is the disk full?"
            )

"""A video file to frames."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from src_mindspore.system.errors import UserError
from src_mindspore.system.read import open_file
from src_mindspore.video.frames import Frame, usable_rate
from src_mindspore.video.opencv import quiet

NAMES = "MP4, MOV, 3GP, AVI, MKV, WebM, MPEG, MTS, WMV, FLV, Ogg"
MAX_PIXELS = 50_000_000  # of a frame, as 8K video has 33 million; a decoded one takes 150 MB
# How files of those containers begin: place and bytes. FFmpeg knows many formats more; some of them
# are lists that lead to other files and to the network.
BEGINNINGS = (
    *((4, box) for box in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),
    *((0, mark) for mark in (b"\x1aE\xdf\xa3", b"FLV", b"OggS", b"0&\xb2u\x8ef\xcf\x11")),
    *((0, mark) for mark in (b"\0\0\1\xba", b"\0\0\1\xb3")),
    (8, b"AVI"),  # behind RIFF and a length
)
TS_PACKETS = ((0, 188), (4, 192))  # of MPEG transport streams: first sync byte, length
SYNC = 0x47
# A container may say its length a little wrong, where it is a duration or has cut edges.
MISSING, MISSING_SHARE = 2, 0.005


class VideoFile:
    """An opened video file; see ``frames.FrameSource``.

    Args:
        path: the file.
        threads: that decode.

    Raises:
        UserError: no file, or no video that can be decoded.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.name = str(path)
        self.fault: str | None = None
        self._file = open_file(path)
        try:
            if not _is_container(self._file.read(512)):
                raise UserError(f"{path} is not a video that can be read ({NAMES})")
            self._capture = self._opened(threads)
            self._first = self._decoded()
        except UserError:
            self._file.close()
            raise
        if self._first is None:
            self.close()
            raise UserError(f"{path} cannot be decoded: there is no frame that can be read")
        self.height, self.width = self._first.shape[:2]
        if self.height * self.width > MAX_PIXELS:
            self.close()
            raise UserError(
                f"{path}: frames of up to {MAX_PIXELS:,} pixels are accepted; these have "
                f"{self.width} x {self.height}"
            )
        self.rate = usable_rate(self._capture.get(cv2.CAP_PROP_FPS))
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.count = count if count > 0 else None

    def _opened(self, threads: int) -> cv2.VideoCapture:
        # by its number: the spelling of a path means nothing then, "%d" and "concat:" included
        way = f"/proc/self/fd/{self._file.fileno()}"
        with quiet():
            capture = cv2.VideoCapture(way, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, threads])
        if not capture.isOpened():
            raise UserError(
                f"{self.name} cannot be decoded: it is damaged, cut short, or in a format that is "
                f"not read ({NAMES})"
            )
        # not by itself, though OpenCV's page says so: a telephone's upright video would lie
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        return capture

    def frames(self) -> Iterator[Frame]:
        """The frames in their order, once; ``fault`` is set where they end too early."""
        pixels, number, before, reached = self._first, 0, 0.0, 0
        self._first = None
        while pixels is not None:
            said = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            # where the file has no times, or they run backwards, its rate counts
            time = 0.0 if number == 0 else said if said > before else before + 1 / self.rate
            # where the container says a duration alone, it is the time that must have been reached
            reached = round(self._capture.get(cv2.CAP_PROP_PTS)) + 1
            yield Frame(number, time, cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
            number, before = number + 1, time
            pixels = self._decoded()
            if pixels is not None and pixels.shape[:2] != (self.height, self.width):
                self.fault = (
                    f"{self.name} breaks off at frame {number}: it goes on with frames of "
                    f"{pixels.shape[1]} x {pixels.shape[0]} in place of {self.width} x "
                    f"{self.height}"
                )
                return
        missing = (self.count or 0) - max(number, reached)
        if missing > max(MISSING, MISSING_SHARE * number):
            self.fault = (
                f"{self.name} breaks off at frame {number}, which cannot be decoded: it says that "
                f"it has {self.count}"
            )

    def _decoded(self) -> np.ndarray | None:
        """The next frame: (H, W, 3) uint8, BGR; None at the end, or where it is broken."""
        try:
            done, pixels = self._capture.read()
        except cv2.error:
            return None
        return pixels if done else None

    def close(self) -> None:
        """See ``frames.FrameSource``."""
        self._capture.release()
        self._file.close()


def _is_container(start: bytes) -> bool:
    """Whether a file that begins so is of a container that is read."""
    if any(start[place : place + len(mark)] == mark for place, mark in BEGINNINGS):
        return True
    return any(
        len(start) > place + length and start[place] == start[place + length] == SYNC
        for place, length in TS_PACKETS
    )

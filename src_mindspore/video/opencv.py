"""OpenCV's video input and output, without what it prints by itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2

# read by OpenCV's FFmpeg part whenever it opens a file; -8 is FFmpeg's AV_LOG_QUIET
_FFMPEG_LEVEL = ("OPENCV_FFMPEG_LOGLEVEL", "-8")


@contextmanager
def quiet() -> Iterator[None]:
    """Has OpenCV print nothing while a file or camera is opened: we say what is wrong ourselves."""
    before = cv2.getLogLevel()
    name, level = _FFMPEG_LEVEL
    os.environ.setdefault(name, level)
    cv2.setLogLevel(0)
    try:
        yield
    finally:
        cv2.setLogLevel(before)

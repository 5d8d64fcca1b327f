"""A camera to frames."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from src_mindspore.system.errors import UserError
from src_mindspore.video.frames import Frame, usable_rate
from src_mindspore.video.opencv import quiet

NAME = re.compile(r"camera:(\d{1,3})")
RULE = "a camera is camera:N, N its number from 0 on"
DEVICES = Path("/dev")


def camera_number(text: str) -> int | None:
    """The number in ``camera:N``; None of what is no camera.

    Raises:
        UserError: it begins like one, and is none.
    """
    if found := NAME.fullmatch(text):
        return int(found[1])
    if text.startswith("camera:"):
        raise UserError(f"{RULE}; got {text}")
    return None


class Camera:
    """An opened camera; see ``frames.FrameSource``. It gives frames until somebody stops.

    Raises:
        UserError: there is none of this number, or it gives no picture.
    """

    count: int | None = None

    def __init__(self, number: int) -> None:
        self.name = f"camera:{number}"
        self.fault: str | None = None
        with quiet():
            self._capture = cv2.VideoCapture(number, cv2.CAP_V4L2)
        done, pixels = self._capture.read() if self._capture.isOpened() else (False, None)
        if not done:
            self._capture.release()
            raise UserError(f"{self.name} cannot be opened: {_reason(number)}")
        self.height, self.width = pixels.shape[:2]
        self.rate = usable_rate(self._capture.get(cv2.CAP_PROP_FPS))

    def frames(self) -> Iterator[Frame]:
        """The frames as they come; those for which the reader has no time are lost."""
        number, start = 0, time.monotonic()
        while True:
            done, pixels = self._capture.read()
            if not done:
                self.fault = f"{self.name} gives no picture any more, from frame {number} on"
                return
            now = time.monotonic()
            start = now if number == 0 else start
            yield Frame(number, now - start, cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
            number += 1

    def close(self) -> None:
        """See ``frames.FrameSource``."""
        self._capture.release()


def _reason(number: int) -> str:
    there = sorted(
        int(path.name[5:]) for path in DEVICES.glob("video[0-9]*") if path.name[5:].isdigit()
    )
    if number in there:
        return "it is there, and gives no picture; it may be in use, or not be yours to open"
    names = ", ".join(f"camera:{n}" for n in there)
    return f"there is none of this number here; {f'there are {names}' if there else 'none is here'}"

"""What a source of frames is: a video file and a camera look the same to who reads them."""

import math
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

USUAL_RATE = 30.0  # frames a second, where a file or a camera does not say
HIGHEST_RATE = 1000.0  # above it is no rate but a time base, such as the 90,000 of MPEG


class Frame(NamedTuple):
    """A picture of a video.

    Attributes:
        number: from 0 on.
        time: seconds since the first frame.
        pixels: (H, W, 3) uint8, RGB.
    """

    number: int
    time: float
    pixels: np.ndarray


class FrameSource(Protocol):
    """What gives frames.

    Attributes:
        name: for people.
        width: pixels.
        height: pixels.
        rate: frames a second.
        count: frames that it says it has; None where it does not.
        fault: after ``frames`` has ended, where and how it broke off; None where it did not.
    """

    name: str
    width: int
    height: int
    rate: float
    count: int | None
    fault: str | None

    def frames(self) -> Iterator[Frame]:
        """The frames in their order, once."""
        ...

    def close(self) -> None:
        """Gives the file or camera back."""
        ...


def usable_rate(said: float) -> float:
    """Frames a second: what is said, if it is a rate."""
    return said if math.isfinite(said) and 0 < said <= HIGHEST_RATE else USUAL_RATE

"""Where boxes of one frame are in the next, by the optical flow of points in them.

The median of the points' shifts moves a box, the median ratio of their distances scales it (Kalal,
Mikolajczyk and Matas 2010, "Forward-backward error: automatic detection of tracking failures").
Points that do not come back to where they were, when followed backwards, do not count.
"""

from typing import NamedTuple

import cv2
import numpy as np

LONGEST_SIDE = 320  # pixels of the grey picture in which is followed
GRID = 8  # points in each direction, in the inner part of the box
INNER = 0.7  # of the box: its corners show what is behind a face
MAX_ERROR = 1.0  # pixels between a point and where it comes back to
FEWEST = 8  # points that must have come back
# a third of the points' pairs are compared, each with one a fixed number of places on
PAIRS = GRID * GRID // 3
MAX_SCALE = 1.25  # from one frame to the next; more is an error
WINDOW = {
    "winSize": (15, 15),
    "maxLevel": 3,
    "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03),
}


class Grey(NamedTuple):
    """A frame to follow in.

    Attributes:
        pixels: (h, w) uint8, the longer side at most ``LONGEST_SIDE``.
        scale: its pixels a pixel of the frame, above 0 and at most 1.
    """

    pixels: np.ndarray
    scale: float


def grey_of(photo: np.ndarray) -> Grey:
    """A frame, (H, W, 3) uint8 RGB, small and grey."""
    height, width = photo.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return Grey(grey, scale)


class Shift(NamedTuple):
    """How a box moves.

    Attributes:
        centre: (2,) where its centre was, pixels of the frame.
        by: (2,) how far it went.
        scale: how many times larger it became.
    """

    centre: np.ndarray
    by: np.ndarray
    scale: float

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Moves (n, 2) points that go with the box."""
        moved = self.centre + self.by + self.scale * (points - self.centre)
        return moved.astype(np.float32)


def shifts(before: Grey, after: Grey, boxes: np.ndarray) -> list[Shift | None]:
    """How boxes move from one frame to the next.

    Args:
        before: the frame in which they are.
        after: the next, of the same size.
        boxes: (n, 4) left, top, right, bottom, pixels of the frame.

    Returns:
        A shift for each box; None where too few points can be followed.
    """
    if not len(boxes):
        return []
    points = np.concatenate([_grid(box * before.scale) for box in boxes])
    there, found, _ = cv2.calcOpticalFlowPyrLK(before.pixels, after.pixels, points, None, **WINDOW)
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(
        after.pixels, before.pixels, there, None, **WINDOW
    )
    good = (found.ravel() == 1) & (found_back.ravel() == 1)
    good &= np.linalg.norm(back - points, axis=1) <= MAX_ERROR
    parts = (values.reshape(len(boxes), GRID * GRID, -1) for values in (points, there, good))
    return [
        _shift(box, old[kept[:, 0]], new[kept[:, 0]], before.scale)
        for box, old, new, kept in zip(boxes, *parts, strict=True)
    ]


def _grid(box: np.ndarray) -> np.ndarray:
    """(GRID * GRID, 2) float32: points in the inner part of a box."""
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * INNER
    steps = np.linspace(-1, 1, GRID)
    x, y = np.meshgrid(centre[0] + steps * half[0], centre[1] + steps * half[1])
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def _shift(box: np.ndarray, old: np.ndarray, new: np.ndarray, scale: float) -> Shift | None:
    if len(old) < FEWEST:
        return None
    by = np.median(new - old, axis=0) / scale
    places = np.arange(len(old))
    others = (places + max(1, min(PAIRS, len(old) // 2))) % len(old)
    distance = np.linalg.norm(old - old[others], axis=1)
    ratio = float(np.median(np.linalg.norm(new - new[others], axis=1) / np.maximum(distance, 1e-3)))
    if not 1 / MAX_SCALE <= ratio <= MAX_SCALE:
        return None
    return Shift((box[:2] + box[2:]) / 2, by, ratio)

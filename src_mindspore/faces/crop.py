"""The part of a photo around a face."""

import numpy as np

MARGIN = 0.2  # of the box's width and height, added at each side; see README
MAX_MARGIN = 2.0


def crop(photo: np.ndarray, box: np.ndarray, margin: float = MARGIN) -> np.ndarray:
    """Cuts a box out of a photo, with a margin.

    What reaches over the border of the photo is filled with its nearest pixels, so that the face
    stays in the middle and keeps its shape.

    Args:
        photo: (H, W, 3) uint8.
        box: (4,) left, top, right, bottom, pixels.
        margin: that is added at each side, as a part of the box's width and height, 0 or more.

    Returns:
        (h, w, 3) uint8, at least a pixel in each direction.
    """
    left, top, right, bottom = (float(value) for value in box)
    wide, high = margin * (right - left), margin * (bottom - top)
    columns = _places(left - wide, right + wide, photo.shape[1])
    rows = _places(top - high, bottom + high, photo.shape[0])
    return np.ascontiguousarray(photo[rows][:, columns])


def _places(start: float, end: float, size: int) -> slice | np.ndarray:
    """The rows, or columns, from ``start`` to ``end``; those outside are the nearest inside."""
    first = round(start)
    last = max(first + 1, round(end))
    if first >= 0 and last <= size:
        return slice(first, last)
    # a box far larger than the photo would repeat its border without end
    first, last = max(first, -size), min(last, 2 * size)
    return np.clip(np.arange(first, max(last, first + 1)), 0, size - 1)

"""Pillow's resize as a matrix, for networks that have to make photos smaller themselves."""

import numpy as np
from PIL import Image

from src_mindspore.photos.transform import FILTERS


def resize_matrix(before: int, after: int, interpolation: str) -> np.ndarray:
    """What ``photos.transform.prepare`` does along one axis, but for its rounding to whole values.

    A resize is linear and the same along both axes, so what Pillow makes of the columns of an
    identity matrix says all of it; the anti-aliasing is in it.

    Args:
        before: pixels.
        after: likewise.
        interpolation: one of ``spec.input.INTERPOLATIONS``.

    Returns:
        ``(after, before)`` float32; a map of ``before`` rows is multiplied from the left.
    """
    identity = Image.fromarray(np.eye(before, dtype=np.float32))
    return np.array(identity.resize((before, after), FILTERS[interpolation]))

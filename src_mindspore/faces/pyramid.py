"""MTCNN's pyramid: a photo in smaller and smaller copies, in each of which P-Net looks.

A pixel of a copy is the average over its area of the photo. Summing that up costs as much for the
smallest copy as for the largest; with a summed-area table (Crow 1984, "Summed-area tables for
texture mapping") a pixel costs its four corners, however large its area is.
"""

import math
from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np

from src_mindspore.faces.p_net import WINDOW, Each

STEP = 0.709  # from one copy to the next: about half of its area
SMALL = 0.25  # a scale from which on downwards the table is the faster way
MOST_SUMMED = (2**31 - 1) // 255  # pixels whose sum a table of 32 bits holds


def pyramid(sides: tuple[int, int], smallest: float) -> list[float]:
    """The scales at which a face of ``smallest`` pixels and more is as large as P-Net's window.

    Args:
        sides: height and width of the photo.
        smallest: pixels.

    Returns:
        Falling, down to that at which the window is as large as the photo.
    """
    scale, scales = WINDOW / smallest, []
    shorter = min(sides) * scale
    while shorter >= WINDOW:
        scales.append(scale * STEP ** len(scales))
        shorter *= STEP
    return scales


def copies(photo: np.ndarray, scales: Sequence[float], each: Each = map) -> list[np.ndarray]:
    """The photo at every scale, as ``cv2.resize`` with ``INTER_AREA`` gives it.

    Where rounding goes by less than the last bits of its sums, a value may be another by 1.

    Args:
        photo: (H, W, 3) uint8.
        scales: see ``pyramid``.
        each: ``map``, or that of a pool of threads.

    Returns:
        As many (h, w, 3) uint8, of sides that are rounded up.
    """
    table = None
    if scales and min(scales) <= SMALL:
        whole = photo.shape[0] * photo.shape[1] <= MOST_SUMMED
        table = cv2.integral(photo, sdepth=cv2.CV_32S if whole else cv2.CV_64F)
    return list(each(partial(_copy, photo, table), scales))


def _copy(photo: np.ndarray, table: np.ndarray | None, scale: float) -> np.ndarray:
    height, width = (math.ceil(side * scale) for side in photo.shape[:2])
    if table is not None and scale <= SMALL:
        return averages(table, (height, width))
    return cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)


def averages(table: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """The averages over the cells of an even grid.

    Between whole pixels the sum up to a point is linear in each direction, as a pixel is of one
    value: so is the table, and what is between four of its entries is between them exactly.

    Args:
        table: (H + 1, W + 1, 3) int32 or float64: the sums of all above and left.
        sides: rows and columns of the grid.

    Returns:
        (rows, columns, 3) uint8.
    """
    (rows, down), (columns, right) = (
        _grid(last - 1, side) for last, side in zip(table.shape[:2], sides, strict=True)
    )
    right, down = np.repeat(right, 3), down[:, None]

    def between_columns(line: np.ndarray) -> np.ndarray:
        entries = table.take(line, axis=0)
        left, step = (
            entries.take(columns + further, axis=1).reshape(len(line), -1) for further in (0, 1)
        )
        step -= left
        sums = step * right
        sums += left
        return sums

    upper, lower = between_columns(rows), between_columns(rows + 1)
    lower -= upper
    lower *= down
    lower += upper
    sums = lower[1:] - lower[:-1]
    cells = sums[:, 3:] - sums[:, :-3]
    cells *= sides[0] * sides[1] / ((table.shape[0] - 1) * (table.shape[1] - 1))
    return np.rint(cells, out=cells).astype(np.uint8).reshape(*sides, 3)


def _grid(length: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """The lines between even cells: the entries of a table before them, and how far behind."""
    lines = np.linspace(0, length, cells + 1)
    entries = np.minimum(lines.astype(int), length - 1)
    return entries, lines - entries

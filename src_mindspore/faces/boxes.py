"""Boxes: how far they overlap, and which of those that overlap stays.

A box is left, top, right, bottom. ``inclusive`` counts the right and bottom pixel as inside, so
that the width is right - left + 1: the convention of MTCNN's authors.
"""

from typing import Literal

import numpy as np

Overlap = Literal["union", "smaller"]
BLOCK = 128  # boxes of which every pair is compared at once


def areas(boxes: np.ndarray, inclusive: bool = False) -> np.ndarray:
    """(n, 4) -> (n,); 0 where right < left or bottom < top."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2] + inclusive, 0)
    return sides[:, 0] * sides[:, 1]


def overlaps(
    boxes: np.ndarray, others: np.ndarray, of: Overlap = "union", inclusive: bool = False
) -> np.ndarray:
    """The common area of every box with every other, 0..1.

    Args:
        boxes: (n, 4).
        others: (m, 4).
        of: in units of the area of both together (intersection over union, IoU), or of the
            smaller one of the two.
        inclusive: see the module.

    Returns:
        (n, m); 0 where there is no area to divide by.
    """
    top_left = np.maximum(boxes[:, None, :2], others[None, :, :2])
    bottom_right = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    sides = np.maximum(bottom_right - top_left + inclusive, 0)
    common = sides[..., 0] * sides[..., 1]
    first, second = areas(boxes, inclusive)[:, None], areas(others, inclusive)[None, :]
    whole = np.minimum(first, second) if of == "smaller" else first + second - common
    return np.divide(common, whole, out=np.zeros_like(common), where=whole > 0)


def suppress(
    boxes: np.ndarray,
    scores: np.ndarray,
    most: float,
    of: Overlap = "union",
    inclusive: bool = False,
) -> np.ndarray:
    """Greedy non-maximum suppression: the best box stays, what overlaps it further goes, and so on.

    Args:
        boxes: (n, 4).
        scores: (n,); of equal ones the first is the better.
        most: the overlap up to which two boxes both stay, 0..1.
        of: see ``overlaps``.
        inclusive: see the module.

    Returns:
        The places of the boxes that stay, best first: (m,) int.
    """
    order = np.argsort(-scores, kind="stable")
    stay = np.empty(0, dtype=int)
    while (
        order.size
    ):  # a block at once: its best among themselves, then what these leave of the rest
        block, order = order[:BLOCK], order[BLOCK:]
        further = overlaps(boxes[block], boxes[block], of, inclusive) > most
        alive = np.ones(len(block), bool)
        for place in range(len(block)):
            if alive[place]:
                alive[place + 1 :] &= ~further[place, place + 1 :]
        best = block[alive]
        stay = np.concatenate([stay, best])
        if order.size:
            further = overlaps(boxes[best], boxes[order], of, inclusive) > most
            order = order[~further.any(axis=0)]
    return stay


def squares(boxes: np.ndarray) -> np.ndarray:
    """The square about the middle of each box that its longer side is the side of: (n, 4)."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.max(axis=1, keepdims=True)
    top_left = boxes[:, :2] + sides * 0.5 - longer * 0.5
    return np.hstack([top_left, top_left + longer])

"""What every detector answers."""

from typing import NamedTuple

import numpy as np

POINTS = ("left eye", "right eye", "nose", "left corner of the mouth", "right corner of the mouth")


class Faces(NamedTuple):
    """The faces of one photo, best first.

    Left and right are those of the picture, not of who is in it.

    Attributes:
        boxes: (n, 4) float32, left, top, right, bottom in pixels of the photo, counted from its
            left upper corner; a face that the border cuts may reach over it.
        scores: (n,) float32, 0..1, falling.
        landmarks: (n, 5, 2) float32, x and y of ``POINTS`` in the same pixels; None of a detector
            that has none.
    """

    boxes: np.ndarray
    scores: np.ndarray
    landmarks: np.ndarray | None


def best_first(boxes: np.ndarray, scores: np.ndarray, landmarks: np.ndarray) -> Faces:
    """Sorts the faces that a detector has found; of equal ones the first stays first."""
    order = np.argsort(-scores, kind="stable")
    return Faces(
        boxes[order].astype(np.float32),
        scores[order].astype(np.float32),
        landmarks[order].astype(np.float32),
    )


def no_faces() -> Faces:
    """The answer for a photo without a face, of a detector that has landmarks."""
    return best_first(np.empty((0, 4)), np.empty(0), np.empty((0, len(POINTS), 2)))


def check_photo(photo: np.ndarray) -> None:
    """Refuses what is not a photo.

    Raises:
        ValueError: another shape or type than (H, W, 3) uint8, or no pixels.
    """
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or not photo.size:
        raise ValueError(
            f"a photo is (H, W, 3) uint8, RGB, of one pixel or more; got {photo.shape} "
            f"{photo.dtype}"
        )

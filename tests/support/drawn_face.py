"""A face that is drawn by code, and where its landmarks are."""

from dataclasses import dataclass

import cv2
import numpy as np

from src_mindspore.drawn_masks.pose import LANDMARKS, Pose
from src_mindspore.faces.found import Faces, best_first, no_faces

SKIN = (205, 160, 135)


def head(yaw: float = 0.0, scale: float = 1.0) -> Pose:
    """A head that looks to the side by degrees, in the middle of a picture of ``face``."""
    turn, _ = cv2.Rodrigues(np.deg2rad([0.0, yaw, 0.0]))
    return Pose(turn, scale, np.array([100.0, 70.0]) * scale)


def face(
    skin: tuple[int, int, int] = SKIN,
    scale: float = 1.0,
    ground: tuple[int, int, int] = (60, 120, 60),
    seed: int = 1,
) -> np.ndarray:
    """A face of one colour, 200 x 220 pixels at scale 1, with eyes and a mouth."""
    photo = np.full((round(220 * scale), round(200 * scale), 3), ground, np.uint8)
    centre, axes = (round(100 * scale), round(105 * scale)), (round(72 * scale), round(90 * scale))
    cv2.ellipse(photo, centre, axes, 0, 0, 360, skin, -1)
    noise = np.random.default_rng(seed).normal(0, 2, photo.shape)
    return (photo + noise).clip(0, 255).astype(np.uint8)


@dataclass(frozen=True)
class KnownFaces:
    """Finds the face that is in every picture of ``face``, at whatever scale, and no other.

    Pictures that are black in their first pixel have none.
    """

    name: str = "known"

    def find(self, photo: np.ndarray) -> Faces:
        if not photo[0, 0].any():
            return no_faces()
        scale = photo.shape[0] / 220
        points = head(scale=scale).turned(LANDMARKS)[:, :2]
        box = np.array([28, 15, 172, 195]) * scale
        return best_first(box[None], np.ones(1), points[None])

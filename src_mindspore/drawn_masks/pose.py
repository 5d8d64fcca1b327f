"""How a head is turned, from five points of its picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.optimize import least_squares

# An average adult head in millimetres: x to the right of the picture, y down, z towards the camera,
# from between the pupils. 63 mm between the pupils, 50 mm of mouth and 70 mm down to it are near
# the means of Farkas, Anthropometry of the Head and Face (1994).
LANDMARKS = np.array(
    [[-31.5, 0, 0], [31.5, 0, 0], [0, 40, 28], [-25, 70, 3], [25, 70, 3]], np.float64
)
# How far people differ from it, standard deviations: nodding in radians, the length of the face as
# a factor. Without them five points do not tell a long face from a raised one.
NOD, LENGTH = 0.25, 0.08
NOISE = 2.0  # millimetres by which a detector's points are off
FURTHEST = np.deg2rad(60)  # of a turn that is drawn on: beyond it there is one cheek alone


@dataclass(frozen=True)
class Pose:
    """A head seen from afar: picture = scale * rotation * head + shift.

    Attributes:
        rotation: (3, 3), from the head's axes to the camera's.
        scale: pixels a millimetre.
        shift: (2,) pixels, where the point between the pupils is.
        length: factor on the head's y.
    """

    rotation: np.ndarray
    scale: float
    shift: np.ndarray
    length: float = 1.0

    def turned(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) of the head, in the camera's axes: pixels; the third is towards the camera."""
        moved = (points * [1, self.length, 1]) @ self.rotation.T * self.scale
        moved[..., :2] += self.shift
        return moved

    @property
    def yaw(self) -> float:
        """How far the face looks to the side, in radians, -pi to pi."""
        return float(np.arctan2(self.rotation[0, 2], self.rotation[2, 2]))


def pose_of(landmarks: np.ndarray) -> Pose:
    """The pose that explains five landmarks best, by least squares.

    Args:
        landmarks: (5, 2), x and y in pixels: eyes, nose, corners of the mouth, left ones first.

    Raises:
        ValueError: they are no face: both eyes in one place.
    """
    points = np.asarray(landmarks, np.float64)
    between = points[1] - points[0]
    distance = float(np.hypot(*between))
    if not distance > 0:
        raise ValueError(f"the eyes of a face are apart; got {points[:2].tolist()}")
    tall = float(np.linalg.norm(points[3:].mean(0) - points[:2].mean(0)))
    scale = max(distance / 63, tall / 72)  # of a turned face the eyes are nearer to each other
    roll = np.arctan2(between[1], between[0])

    def built(values: np.ndarray) -> Pose:
        rotation, _ = cv2.Rodrigues(values[:3])
        return Pose(
            rotation, scale * np.exp(values[3]), points[:2].mean(0) + values[4:6], values[6]
        )

    def misses(values: np.ndarray) -> np.ndarray:
        pose = built(values)
        off = (pose.turned(LANDMARKS)[:, :2] - points) / (pose.scale * NOISE)
        nod = np.arcsin(np.clip(pose.rotation[1, 2], -1, 1))
        return np.append(off.ravel(), [nod / NOD, (values[6] - 1) / LENGTH])

    start = np.array([0, 0, roll, 0, 0, 0, 1.0])
    return built(least_squares(misses, start, x_scale=[1, 1, 1, 1, distance, distance, 1]).x)

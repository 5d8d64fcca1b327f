"""What is drawn on one photo: on all its larger faces, the same way of wearing a mask."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from src_mindspore.drawn_masks.fabric import draw_fabric
from src_mindspore.drawn_masks.mask import FORMS, OVER_NOSE, UNDER_CHIN, UNDER_NOSE, draw_mask
from src_mindspore.drawn_masks.paint import paint, share_within
from src_mindspore.drawn_masks.pose import FURTHEST, Pose, pose_of
from src_mindspore.faces.detector import Detector

CORRECT, INCORRECT = "correct", "incorrect"
FORM_SHARES = (0.5, 0.3, 0.2)  # of ``FORMS``
LARGER = 0.5  # of the height of the largest face: smaller ones stay as they are
SMALLEST = 0.15  # pixels a millimetre: eyes 9 pixels apart
# Of a mask under the chin so much must be within the photo, else one under the nose is drawn:
# photos of faces are often cut below the lips.
VISIBLE = 0.4
AROUND = 0.5  # of the longer side: what is added around a photo in which no face is found at first


@dataclass(frozen=True)
class Drawn:
    """A photo with masks, and what they are.

    Attributes:
        pixels: (H, W, 3) uint8.
        placement: how they are worn.
        masks: form, pattern, colour of each.
    """

    pixels: np.ndarray
    placement: str
    masks: tuple[dict[str, Any], ...]


def poses_in(photo: np.ndarray, detector: Detector) -> list[Pose]:
    """The larger faces of a photo, the largest first; none where one of them cannot be drawn on.

    Args:
        photo: (H, W, 3) uint8, RGB.
        detector: one that gives landmarks.
    """
    around = 0
    found = detector.find(photo)
    if not len(found.boxes):  # a face that fills its photo
        around = round(AROUND * max(photo.shape[:2]))
        wider = np.pad(photo, ((around, around), (around, around), (0, 0)), mode="edge")
        found = detector.find(wider)
    if not len(found.boxes):
        return []
    heights = found.boxes[:, 3] - found.boxes[:, 1]
    order = np.argsort(-heights, kind="stable")
    larger = order[heights[order] >= LARGER * heights.max()]
    try:
        poses = [pose_of(found.landmarks[i] - around) for i in larger]
    except ValueError:  # points that are no face
        return []
    drawable = all(abs(pose.yaw) <= FURTHEST and pose.scale >= SMALLEST for pose in poses)
    return poses if drawable else []


def drawn_on(
    photo: np.ndarray, poses: Sequence[Pose], label: str, rng: np.random.Generator
) -> Drawn:
    """A photo with masks on its faces.

    Args:
        photo: (H, W, 3) uint8, RGB.
        poses: of its faces, one or more.
        label: ``CORRECT`` or ``INCORRECT``.
        rng: of all that is drawn.
    """
    placement = OVER_NOSE if label == CORRECT else (UNDER_NOSE, UNDER_CHIN)[int(rng.integers(2))]
    form = str(rng.choice(FORMS, p=FORM_SHARES))
    masks = [draw_mask(form, placement, rng) for _ in poses]
    if placement == UNDER_CHIN and share_within(photo.shape, poses[0], masks[0]) < VISIBLE:
        placement = UNDER_NOSE
        masks = [draw_mask(form, placement, rng) for _ in poses]
    told = []
    for pose, mask in zip(poses, masks, strict=True):
        fabric = draw_fabric(form, rng)
        photo = paint(photo, pose, mask, fabric, rng)
        colour = [round(value) for value in asdict(fabric)["colour"]]
        told.append({"form": form, "pattern": fabric.pattern, "colour": colour})
    return Drawn(photo, placement, tuple(told))

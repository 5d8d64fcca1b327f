"""Photos with and without faces, and scenes made of them."""

from pathlib import Path

import cv2
import numpy as np

from src_mindspore.photos.decode import open_photo

FACES = "face_mask_4095"


def photos(shared_data: Path, kind: str, count: int, seed: int = 1) -> list[np.ndarray]:
    """Shared photos as (H, W, 3) uint8: ``with_mask``, ``without_mask``, or ``none``."""
    folder = shared_data / (f"{FACES}/{kind}" if kind != "none" else "garbage_26x100")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    chosen = np.random.default_rng(seed).choice(len(files), count, replace=False)
    return [np.array(open_photo(files[place])) for place in chosen]


def scene(
    faces: list[np.ndarray], side: int, columns: int, width: int = 640, height: int = 480
) -> tuple[np.ndarray, np.ndarray]:
    """Faces in rows on grey: the picture, and where they are, (n, 4) left, top, right, bottom."""
    picture = np.full((height, width, 3), 110, np.uint8)
    rows = -(-len(faces) // columns)
    boxes = []
    for number, face in enumerate(faces):
        left = (2 * (number % columns) + 1) * width // (2 * columns) - side // 2
        top = (2 * (number // columns) + 1) * height // (2 * rows) - side // 2
        resized = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
        picture[top : top + side, left : left + side] = resized
        boxes.append([left, top, left + side, top + side])
    return picture, np.array(boxes, float)


def found_at(boxes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Whether a box's middle is within a quarter of a place's side from its middle: (n,) bool."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    wanted = (places[:, :2] + places[:, 2:]) / 2
    off = np.abs(wanted[:, None] - middles[None]).max(2)
    sides = (places[:, 2:] - places[:, :2]).max(1)
    return off.min(axis=1, initial=np.inf) <= sides / 4

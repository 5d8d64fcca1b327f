"""MTCNN (Zhang et al. 2016, arXiv:1604.02878): three networks, each on what the one before leaves.

P-Net looks at every 12 x 12 window of a pyramid of smaller and smaller copies of the photo, R-Net
at 24 x 24 pixels of what P-Net took for a face, O-Net at 48 x 48 of what R-Net left. Each says how
likely there is a face and how the box must move; O-Net adds five landmarks.

The weights were trained with photos transposed, so all is searched in a transposed photo. Boxes
count pixels from 1 and have their right and bottom pixel inside, as in the authors' code; what the
weights' own package adds to the paper (where values are cut to whole ones, which overlaps are
allowed) is the same here, so that it gives the same boxes.
"""

import math
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from onnxruntime import InferenceSession

from src_mindspore.faces.boxes import Overlap, squares, suppress
from src_mindspore.faces.files import MTCNN, network_files
from src_mindspore.faces.found import POINTS, Faces, best_first, check_photo, no_faces
from src_mindspore.faces.p_net import MEAN, SCALE, STRIDE, WINDOW, Each, PNet
from src_mindspore.faces.pyramid import copies, pyramid
from src_mindspore.network.onnx_runtime import onnx_session

CANDIDATE, LIKELY = 0.6, 0.7  # the least scores after P-Net and R-Net
R_SIDE, O_SIDE = 24, 48  # pixels of their inputs
# the overlaps that stay: within a copy of the pyramid, between copies, after R-Net, after O-Net
IN_COPY, BETWEEN, AFTER_R, AFTER_O = 0.5, 0.7, 0.7, 0.7
BATCH = 8  # windows that R-Net and O-Net see at once
_NOTHING = (np.empty((0, 4)), np.empty(0), np.empty((0, 4)))  # boxes, scores, moves


class Mtcnn:
    """The detector; see ``detector.load_detector`` for its options."""

    name = "mtcnn"

    def __init__(
        self, smallest_face: float, threshold: float, longest_side: int, threads: int
    ) -> None:
        p_net, *others = network_files(MTCNN)
        self._p_net = PNet(p_net)
        self._r_net, self._o_net = (onnx_session(file, threads=1) for file in others)
        # threads of our own: those of a network would leave all between its calls to one
        self._each: Each = ThreadPoolExecutor(threads).map if threads > 1 else map
        self._smallest_face = smallest_face
        self._threshold = threshold
        self._longest_side = longest_side

    def find(self, photo: np.ndarray) -> Faces:
        """The faces of a photo; see ``detector.Detector``."""
        check_photo(photo)
        height, width = photo.shape[:2]
        shrunk = min(1.0, self._longest_side / max(height, width))
        size = (max(1, round(width * shrunk)), max(1, round(height * shrunk)))
        if size != (width, height):
            photo = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
        turned = cv2.transpose(photo)
        smallest = self._smallest_face * shrunk
        if shrunk < 1:
            smallest = max(smallest, WINDOW)
        squares_of_p = self._first(turned, smallest)
        boxes, scores, points = self._third(turned, self._second(turned, squares_of_p))
        if not len(boxes):
            return no_faces()
        back = np.array([width / size[0], height / size[1]])
        return best_first(boxes * np.tile(back, 2), scores, points * back)

    def _first(self, turned: np.ndarray, smallest: float) -> np.ndarray:
        """What P-Net takes for faces, as squares: (n, 4), whole numbers."""
        scales = pyramid(turned.shape[:2], smallest)
        answers = self._p_net(copies(turned, scales, self._each), self._each)
        found = [_NOTHING, *self._each(_candidates, answers, scales)]
        boxes, scores, moves = map(np.concatenate, zip(*found, strict=True))
        kept = _best(boxes, scores, BETWEEN)
        boxes, moves = boxes[kept], moves[kept]
        sides = boxes[:, 2:] - boxes[:, :2]
        return np.fix(squares(boxes + moves * np.tile(sides, 2)))

    def _second(self, turned: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """What R-Net leaves of them: (n, 4), whole numbers."""
        boxes, moves, chances = _look(self._r_net, turned, boxes, R_SIDE, self._each)
        likely = chances[:, 1] > LIKELY
        boxes, moves, scores = boxes[likely], moves[likely], chances[likely, 1]
        kept = _best(boxes, scores, AFTER_R)
        return np.fix(squares(_moved(boxes[kept], moves[kept])))

    def _third(
        self, turned: np.ndarray, boxes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What O-Net makes of those: boxes (n, 4), scores (n,), landmarks (n, 5, 2)."""
        boxes, moves, points, chances = _look(self._o_net, turned, boxes, O_SIDE, self._each)
        faces = chances[:, 1] > self._threshold
        boxes, moves, scores = boxes[faces], moves[faces], chances[faces, 1]
        sides = boxes[:, 2:] - boxes[:, :2] + 1
        points = points[faces].reshape(-1, 2, len(POINTS)).transpose(0, 2, 1)
        points = points * sides[:, None] + boxes[:, None, :2] - 1
        boxes = _moved(boxes, moves)
        kept = _best(boxes, scores, AFTER_O, of="smaller")
        return boxes[kept], scores[kept], points[kept]


def _candidates(answer: np.ndarray, scale: float) -> tuple[np.ndarray, ...]:
    """Of P-Net's answer for one copy: boxes (n, 4), scores (n,), moves (n, 4)."""
    moves, logit = answer[:4], answer[4]
    windows = np.nonzero(logit >= math.log(CANDIDATE / (1 - CANDIDATE)))
    if len(windows[0]) == 1:
        # as the package has it: a window that is alone gets the moves of its mirror image
        moves = moves[:, ::-1]
    first = STRIDE * np.stack(windows, axis=1) + 1
    boxes = np.fix(np.hstack([first, first + WINDOW - 1]) / scale)
    scores = 1 / (1 + np.exp(-logit[windows].astype(float)))
    kept = _best(boxes, scores, IN_COPY)
    return boxes[kept], scores[kept], moves[(slice(None), *windows)].T[kept].astype(float)


def cut_out(photo: np.ndarray, boxes: np.ndarray, side: int) -> np.ndarray:
    """Squares of a photo, resized; what reaches over its border is black.

    Args:
        photo: (H, W, 3) uint8.
        boxes: (n, 4) whole numbers, first row, first column, last row and last column from 1 on.
        side: pixels of the result.

    Returns:
        (n, side, side, 3) float32, 0..255, not rounded.
    """
    found = np.empty((len(boxes), side, side, 3), np.float32)
    limits = np.tile(photo.shape[:2], 2)
    inside = np.clip(boxes.astype(int) - [1, 1, 0, 0], 0, limits)
    around = np.abs(boxes.astype(int) - [1, 1, 0, 0] - inside)
    for place, (box, border) in enumerate(zip(inside.tolist(), around.tolist(), strict=True)):
        part = photo[box[0] : box[2], box[1] : box[3]]
        if any(border):
            top, left, bottom, right = border
            part = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_CONSTANT)
        values = part.astype(np.float32)
        cv2.resize(values, (side, side), dst=found[place], interpolation=cv2.INTER_AREA)
    return found


def _look(
    network: InferenceSession, turned: np.ndarray, boxes: np.ndarray, side: int, each: Each
) -> tuple[np.ndarray, ...]:
    """The boxes that the photo has a part of, and R-Net's or O-Net's outputs for them, in batches.

    The last output is (n, 2): how likely there is none, and a face.
    """
    limits = np.array(turned.shape[:2])
    boxes = boxes[((boxes[:, 2:] >= np.maximum(boxes[:, :2], 1)) & (boxes[:, :2] <= limits)).all(1)]
    name = network.get_inputs()[0].name

    def run(some: np.ndarray) -> list[np.ndarray]:
        windows = (cut_out(turned, some, side) - np.float32(MEAN)) * np.float32(SCALE)
        return network.run(None, {name: windows})

    # none is a batch as well: the outputs have their shapes
    batches = [boxes[first : first + BATCH] for first in range(0, max(len(boxes), 1), BATCH)]
    results = zip(*each(run, batches), strict=True)
    return boxes, *(np.concatenate(parts).astype(float) for parts in results)


def _best(boxes: np.ndarray, scores: np.ndarray, most: float, of: Overlap = "union") -> np.ndarray:
    """Non-maximum suppression as the package has it: of equal scores the last is the better.

    Scores are often 1 to the last bit of the package's float32, and so of these.
    """
    found = suppress(boxes[::-1], scores[::-1].astype(np.float32), most, of, inclusive=True)
    return len(boxes) - 1 - found


def _moved(boxes: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Boxes after the moves of their sides, in units of their widths and heights: (n, 4)."""
    return boxes + moves * np.tile(boxes[:, 2:] - boxes[:, :2] + 1, 2)

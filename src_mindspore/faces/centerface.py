"""CenterFace (Xu et al. 2019, arXiv:1911.03599): faces as points of a map.

One fully convolutional network gives four maps of a quarter of the photo's height and width: how
likely a face has its middle in a cell, its size, where in the cell the middle is, and five
landmarks. It finds faces with masks, which MTCNN misses more often.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx

from src_mindspore.faces.boxes import suppress
from src_mindspore.faces.files import CENTERFACE, network_files
from src_mindspore.faces.found import POINTS, Faces, best_first, check_photo, no_faces
from src_mindspore.network.onnx_runtime import onnx_session

STRIDE = 4  # pixels of a cell
MULTIPLE = 32  # of which the network takes heights and widths
MOST_OVERLAP = 0.3  # IoU of two faces
# Measured, see benchmarks/faces.py: a face that fills its photo is found far more often where the
# network sees something around it, and grey serves better than black or the photo's own border.
LEAST_SIDE, GREY = 320, 127
# Faces of fewer pixels are searched for in an enlarged photo
SEEN, MOST_ENLARGED = 16, 2.0
MAPS = ("537", "538", "539", "540")  # the file's names: heat, size, offset, landmarks


class CenterFace:
    """The detector; see ``detector.load_detector`` for its options."""

    name = "centerface"

    def __init__(
        self, smallest_face: float, threshold: float, longest_side: int, threads: int
    ) -> None:
        file, _ = network_files(CENTERFACE)
        self._session = onnx_session(any_size(file), threads)
        self._input = self._session.get_inputs()[0].name
        self._smallest_face = smallest_face
        self._threshold = threshold
        self._longest_side = longest_side

    def find(self, photo: np.ndarray) -> Faces:
        """The faces of a photo; see ``detector.Detector``."""
        check_photo(photo)
        height, width = photo.shape[:2]
        scale = self._scale(max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        if size != (width, height):
            shrinking = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            photo = cv2.resize(photo, size, interpolation=shrinking)
        framed, left, top = frame(photo)
        boxes, scores, points = decode(self.maps(framed), self._threshold)
        kept = suppress(boxes, scores, MOST_OVERLAP)
        back = np.array([width / size[0], height / size[1]])
        corner = np.array([left, top])
        boxes = ((boxes[kept].reshape(-1, 2, 2) - corner) * back).reshape(-1, 4)
        points = (points[kept] - corner) * back
        wanted = (boxes[:, 2:] - boxes[:, :2]).max(1, initial=0) >= self._smallest_face
        middle = boxes.reshape(-1, 2, 2).mean(1)
        wanted &= ((middle >= 0) & (middle <= [width, height])).all(1)
        if not wanted.any():
            return no_faces()
        return best_first(boxes[wanted], scores[kept][wanted], points[wanted])

    def maps(self, framed: np.ndarray) -> list[np.ndarray]:
        """The network's four maps.

        Args:
            framed: (H, W, 3) uint8 RGB, sides multiples of ``MULTIPLE``.

        Returns:
            heat (h, w) 0..1, size (2, h, w), offset (2, h, w), landmarks (10, h, w), all float32;
            h and w are quarters of H and W, and y comes before x everywhere.
        """
        values = cv2.dnn.blobFromImage(framed)
        heat, *others = self._session.run(MAPS, {self._input: values})
        return [heat[0, 0], *(values[0] for values in others)]

    def _scale(self, longer: int) -> float:
        enlarged = min(max(1.0, SEEN / self._smallest_face), MOST_ENLARGED)
        return min(enlarged, self._longest_side / longer)


def frame(photo: np.ndarray) -> tuple[np.ndarray, int, int]:
    """A photo amid grey, with sides that the network takes; how far in it begins, x and y."""
    height, width = photo.shape[:2]
    sides = [max(LEAST_SIDE, -(-side // MULTIPLE) * MULTIPLE) for side in (height, width)]
    top, left = (sides[0] - height) // 2, (sides[1] - width) // 2
    if (height, width) == tuple(sides):
        return photo, 0, 0
    framed = np.full((*sides, 3), GREY, np.uint8)
    framed[top : top + height, left : left + width] = photo
    return framed, left, top


def decode(
    maps: Sequence[np.ndarray], threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every cell of at least the threshold as a face; overlapping ones are still there.

    Height and width are ``STRIDE * exp(size)``, the middle is at ``STRIDE * (cell + offset + 1/2)``
    and landmarks count from the box's left upper corner, in units of its height and width
    (section 3.2 of the paper; the half and the order of axes are those of the weights).

    Args:
        maps: as ``CenterFace.maps`` gives them.
        threshold: 0..1.

    Returns:
        Boxes (n, 4), scores (n,) and landmarks (n, 5, 2), in pixels of what the network saw.
    """
    heat, *others = maps
    cells = np.nonzero(heat >= threshold)
    size, offset, landmarks = (values.transpose(1, 2, 0)[cells].astype(float) for values in others)
    sides = STRIDE * np.exp(size)
    middle = STRIDE * (np.stack(cells, axis=1) + offset + 0.5)
    corner = middle - sides / 2
    points = landmarks.reshape(-1, len(POINTS), 2) * sides[:, None] + corner[:, None]
    boxes = np.hstack([corner[:, ::-1], (corner + sides)[:, ::-1]])
    return boxes, heat[cells], points[..., ::-1]


def any_size(file: Path) -> bytes:
    """The network for photos of any height and width, as an ONNX file's content.

    The stored one is for 10 photos of 32 x 32, and lists its weights among its inputs, which keeps
    ONNX Runtime from folding what is constant: without that it is three times as fast.
    """
    model = onnx.load(file)
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    given = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(given)
    for value in (*graph.input, *graph.output):
        sides = ("height", "width") if value in given else ("rows", "columns")
        for axis, name in zip((0, 2, 3), ("batch", *sides), strict=True):
            value.type.tensor_type.shape.dim[axis].dim_param = name
    return model.SerializeToString()

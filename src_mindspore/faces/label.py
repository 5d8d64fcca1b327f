"""Faces of a picture, found and labelled."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from src_mindspore.evaluation.model import BATCH, Model
from src_mindspore.faces.crop import crop
from src_mindspore.faces.detector import Detector, Faces
from src_mindspore.network.onnx_runtime import SLICE
from src_mindspore.photos.transform import normalise, prepare


class LabelledFaces(NamedTuple):
    """Faces and what the model says of them.

    Attributes:
        faces: n of them, see ``detector.Faces``.
        probabilities: (n, classes) float64, 0..1; see ``Model.probabilities``.
    """

    faces: Faces
    probabilities: np.ndarray


class FaceLabeller:
    """Finds faces and has a model label them.

    Args:
        detector: finds them.
        model: labels them.
        margin: around a face, see ``crop.crop``.
    """

    def __init__(self, detector: Detector, model: Model, margin: float) -> None:
        self._detector = detector
        self._model = model
        self._margin = margin
        self.called = False

    @property
    def concurrent(self) -> bool:
        """Whether several calls of the model may work at the same time."""
        return self._model.runner.concurrent

    def find(self, photo: np.ndarray) -> Faces:
        """The faces of a picture: (H, W, 3) uint8, RGB; several threads may call it."""
        return self._detector.find(photo)

    def label(self, photo: np.ndarray, faces: Faces) -> LabelledFaces:
        """What the model says of the faces of a picture.

        Several threads may call it if ``concurrent``, once it was ``called`` in one.
        """
        if not self.called:  # engines may be compared: on a picture, whether there is a face or not
            height, width = photo.shape[:2]
            self.probabilities(photo, np.array([[0, 0, width, height]]))
            self.called = True
        return LabelledFaces(faces, self.probabilities(photo, faces.boxes))

    def probabilities(self, photo: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """What the model says of the parts of a picture: (n, classes) float64, 0..1.

        Args:
            photo: (H, W, 3) uint8, RGB.
            boxes: (n, 4), see ``detector.Faces``.
        """
        spec = self._model.spec
        rows = [np.empty((0, len(spec.classes)))]
        size = SLICE if self.concurrent else BATCH
        for start in range(0, len(boxes), size):
            crops = [crop(photo, box, self._margin) for box in boxes[start : start + size]]
            pixels = [
                prepare(Image.fromarray(np.ascontiguousarray(part)), spec.input) for part in crops
            ]
            images = normalise(np.stack(pixels), spec.input)
            rows.append(self._model.probabilities(self._model.run(images)))
        return np.concatenate(rows)

"""What is said of faces: as a JSON object, as something to draw, in a line for people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from src_mindspore.faces.draw import DrawnFace
from src_mindspore.faces.label import LabelledFaces
from src_mindspore.faces.track import SeenFace

SCORE_DIGITS, PIXEL_DIGITS, TIME_DIGITS = 6, 1, 4


@dataclass(frozen=True)
class Answers:
    """Puts what a model says into words.

    Attributes:
        classes: their names.
        threshold: the score below which a label is a guess, 0..1.
    """

    classes: Sequence[str]
    threshold: float

    def drawn_photo(self, found: LabelledFaces) -> list[DrawnFace]:
        """The faces of a photo as they are drawn, best last: on top of the others."""
        faces, rows = found
        return [
            self._drawn(faces.boxes[i], _row(faces.landmarks, i), rows[i])
            for i in reversed(range(len(rows)))
        ]

    def drawn_frame(self, faces: Sequence[SeenFace]) -> list[DrawnFace]:
        """The faces of a frame as they are drawn: by their voted labels."""
        return [
            self._drawn(face.box, face.landmarks, face.voted, face.number, face.detected)
            for face in faces
        ]

    def _drawn(
        self, box: np.ndarray, landmarks: np.ndarray | None, row: np.ndarray, *more: Any
    ) -> DrawnFace:
        return DrawnFace(
            box, landmarks, int(row.argmax()), float(row.max()), self._abstains(row), *more
        )

    def _abstains(self, row: np.ndarray) -> bool:
        return bool(row.max() < self.threshold)

    def photo(self, path: str, size: tuple[int, int], found: LabelledFaces) -> dict[str, Any]:
        """The object of a photo: ``path``, ``width``, ``height``, ``faces`` and ``counts``.

        A face has ``box`` (left, top, right, bottom) and ``landmarks`` (five of x and y, or null)
        in pixels, ``face_score`` of the detector, ``label`` and ``score`` of the model, and
        ``abstained``, whether the label is a guess. ``counts`` has the faces by label, without
        guesses, whose number is ``abstained``.
        """
        faces, rows = found
        said = [
            {
                **_place(faces.boxes[i], _row(faces.landmarks, i), float(faces.scores[i])),
                **self._label(rows[i]),
                "abstained": self._abstains(rows[i]),
            }
            for i in range(len(rows))
        ]
        width, height = size
        return {"path": path, "width": width, "height": height, "faces": said, **self._counts(rows)}

    def frame(
        self, path: str, number: int, time: float, faces: Sequence[SeenFace]
    ) -> dict[str, Any]:
        """The object of a frame: ``path``, ``frame`` from 0 on, ``time`` in s, and its faces.

        ``faces``, ``counts`` and ``abstained`` are as in ``photo``. A face has a ``number``
        besides, ``detected`` (false: it was followed to this frame, which was not searched, or
        where the search missed it), and ``voted_label`` and ``voted_score`` of the last frames
        together, by which its ``abstained`` and the ``counts`` go; ``label`` and ``score``, of this
        frame alone, are null where it was not detected.
        """
        said = [
            {
                "number": face.number,
                **_place(face.box, face.landmarks, face.score),
                "detected": face.detected,
                **self._label(face.probabilities),
                **{f"voted_{key}": value for key, value in self._label(face.voted).items()},
                "abstained": self._abstains(face.voted),
            }
            for face in faces
        ]
        counts = self._counts([face.voted for face in faces])
        seconds = round(time, TIME_DIGITS)
        return {"path": path, "frame": number, "time": seconds, "faces": said, **counts}

    def _label(self, row: np.ndarray | None) -> dict[str, Any]:
        if row is None:
            return {"label": None, "score": None}
        best = int(row.argmax())
        return {"label": self.classes[best], "score": round(float(row[best]), SCORE_DIGITS)}

    def _counts(self, rows: Sequence[np.ndarray]) -> dict[str, Any]:
        sure = Counter(int(row.argmax()) for row in rows if not self._abstains(row))
        counts = {self.classes[index]: sure[index] for index in sorted(sure)}
        return {"counts": counts, "abstained": len(rows) - sure.total()}


def in_words(counts: Mapping[str, int], abstained: int, names: Mapping[str, str]) -> str:
    """Faces by label, for people: ``3 faces: 2 Mask, 1 not sure``.

    Args:
        counts: by label, without guesses.
        abstained: guesses.
        names: for people, by label.
    """
    total = sum(counts.values()) + abstained
    parts = [f"{count} {names[label]}" for label, count in counts.items()]
    parts += [f"{abstained} not sure"] if abstained else []
    what = "no face" if total == 0 else "1 face" if total == 1 else f"{total} faces"
    return f"{what}{': ' * bool(parts)}{', '.join(parts)}"


def _row(landmarks: np.ndarray | None, index: int) -> np.ndarray | None:
    return None if landmarks is None else landmarks[index]


def _place(box: np.ndarray, landmarks: np.ndarray | None, score: float) -> dict[str, Any]:
    return {
        "box": _pixels(box),
        "face_score": round(score, SCORE_DIGITS),
        "landmarks": None if landmarks is None else [_pixels(point) for point in landmarks],
    }


def _pixels(values: np.ndarray) -> list[float]:
    return [round(float(value), PIXEL_DIGITS) for value in values]

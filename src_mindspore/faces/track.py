"""Faces that keep their number from frame to frame."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from src_mindspore.faces.boxes import overlaps
from src_mindspore.faces.flow import Grey, Shift, shifts
from src_mindspore.faces.label import LabelledFaces
from src_mindspore.faces.vote import Vote

LEAST_OVERLAP = 0.25  # intersection over union of a face's box and of the one found for it
SHOWN = 3  # searches in a row that may miss a face while it is followed and shown
KEPT_SECONDS = 1.0  # for which a face's number is kept after it was found for the last time
INSIDE = 0.5  # part of a box that is inside of the picture while the face is shown


class SeenFace(NamedTuple):
    """A face in a frame.

    Attributes:
        number: from 1 on; the same face has the same in every frame.
        box: (4,) float32 left, top, right, bottom, pixels.
        landmarks: (5, 2) float32, pixels, or None.
        score: the detector's where it was last found, 0..1.
        detected: whether it was found in this frame; else it was followed to here.
        probabilities: (classes,) what the model says of this frame; None where it was not asked.
        voted: (classes,) of the last frames together, see ``vote.Vote``.
    """

    number: int
    box: np.ndarray
    landmarks: np.ndarray | None
    score: float
    detected: bool
    probabilities: np.ndarray | None
    voted: np.ndarray


@dataclass
class _Track:
    """A face that has a number. ``hidden``: it cannot be followed to this frame."""

    number: int
    box: np.ndarray
    landmarks: np.ndarray | None
    score: float
    found: float  # time at which it was found for the last time, s
    missed: int = 0  # searches since then
    hidden: bool = False
    now: np.ndarray | None = None  # what the model says of this frame
    vote: Vote = field(default_factory=Vote)

    def find(self, found: LabelledFaces, index: int, time: float) -> None:
        """Takes over a face that was found."""
        faces = found.faces
        self.box, self.score = faces.boxes[index], float(faces.scores[index])
        self.landmarks = None if faces.landmarks is None else faces.landmarks[index]
        self.found, self.missed, self.hidden = time, 0, False
        self.now = found.probabilities[index]
        self.vote.add(time, self.now)

    def move(self, shift: Shift | None, width: float, height: float) -> None:
        """Follows the face; where it cannot be, it stays where it was, and is hidden."""
        if self.hidden or shift is None:
            self.hidden = True
            return
        self.box = shift(self.box.reshape(2, 2)).ravel()
        if self.landmarks is not None:
            self.landmarks = shift(self.landmarks)
        frame = np.array([0, 0, width, height], np.float32)
        inside = np.minimum(self.box, frame[[2, 3, 2, 3]]).clip(0)
        part = np.prod(inside[2:] - inside[:2]) / max(np.prod(self.box[2:] - self.box[:2]), 1e-9)
        self.hidden = bool(part < INSIDE)

    def seen(self) -> SeenFace:
        return SeenFace(
            *(self.number, self.box, self.landmarks, self.score, self.now is not None, self.now),
            self.vote.probabilities,
        )


def assigned(overlap: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of row and column, the largest overlap first, each row and column once at most."""
    pairs = []
    left = overlap.copy()
    while left.size and left.max() >= LEAST_OVERLAP:
        row, column = np.unravel_index(left.argmax(), left.shape)
        pairs.append((int(row), int(column)))
        left[row] = left[:, column] = -1
    return pairs


class Tracker:
    """Numbers faces: those of a frame by their overlap with those of the frame before.

    Between searches, and where up to ``SHOWN - 1`` searches in a row miss it, a face is followed by
    optical flow. One that cannot be followed, or is missed for longer, is not shown; it gets its
    number back where it is found again within ``KEPT_SECONDS``.
    """

    def __init__(self) -> None:
        self.numbers = 0  # that were given
        self._tracks: list[_Track] = []
        self._grey: Grey | None = None

    def searched(self, found: LabelledFaces, grey: Grey, time: float) -> list[SeenFace]:
        """A frame that was searched, at a time in seconds: the faces in it, by number."""
        free = set(range(len(found.faces.boxes)))
        lost = self._find(self._tracks, found, free, time)
        self._follow(lost, grey)
        # a quick face overlaps with what was found once it has been followed
        for track in self._find(lost, found, free, time):
            track.missed += 1
            track.hidden |= track.missed >= SHOWN
        self._tracks = [
            t for t in self._tracks if t.missed < SHOWN or time - t.found <= KEPT_SECONDS
        ]
        for index in sorted(free):
            self.numbers += 1
            track = _Track(self.numbers, found.faces.boxes[index], None, 0.0, time)
            track.find(found, index, time)
            self._tracks.append(track)
        return self._seen(grey)

    def followed(self, grey: Grey) -> list[SeenFace]:
        """A frame that was not searched: the faces in it, by number."""
        self._follow(self._tracks, grey)
        return self._seen(grey)

    def _find(
        self, tracks: list[_Track], found: LabelledFaces, free: set[int], time: float
    ) -> list[_Track]:
        """Gives faces of ``free`` to tracks, and takes them out; the tracks that got none."""
        indices = sorted(free)
        boxes = np.array([track.box for track in tracks], float).reshape(-1, 4)
        pairs = dict(assigned(overlaps(boxes, found.faces.boxes[indices])))
        for row, column in pairs.items():
            tracks[row].find(found, indices[column], time)
            free.remove(indices[column])
        return [track for row, track in enumerate(tracks) if row not in pairs]

    def _follow(self, tracks: list[_Track], grey: Grey) -> None:
        """Moves tracks from the frame before to this one."""
        height, width = (side / grey.scale for side in grey.pixels.shape)
        shown = [track for track in tracks if not track.hidden]
        boxes = np.array([track.box for track in shown]).reshape(-1, 4)
        moves = shifts(self._grey, grey, boxes) if shown else []
        for track, shift in zip(shown, moves, strict=True):
            track.move(shift, width, height)
        for track in tracks:
            track.now = None

    def _seen(self, grey: Grey) -> list[SeenFace]:
        self._grey = grey
        return [track.seen() for track in self._tracks if not track.hidden]

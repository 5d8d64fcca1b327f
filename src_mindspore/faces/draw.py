"""Boxes, labels, scores, landmarks, numbers and counts, drawn on a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from src_mindspore.faces.fonts import drawable
from src_mindspore.faces.text import Colour, TextPainter, darkened, paste
from src_mindspore.spec.model import ModelSpec

# Okabe and Ito 2008, "Color universal design": told apart by people who see few colours as well
COLOURS: tuple[Colour, ...] = (
    *((0, 158, 115), (213, 94, 0), (86, 180, 233), (240, 228, 66)),
    *((204, 121, 167), (0, 114, 178), (230, 159, 0)),
)
NOT_SURE_COLOUR: Colour = (128, 128, 128)
NOT_SURE = "not sure"
LANDMARK: Colour = (255, 255, 255)
EDGE: Colour = (0, 0, 0)
GOLDEN = 0.618034  # of the circle of hues between one class and the next, beyond ``COLOURS``
LINE = 320  # pixels of the picture's mean side for each of a line's width
SMALLEST_TEXT, LARGEST_TEXT = 11, 26  # pixels; the latter in a picture of 640 x 480
TEXT_STEP = 1.25  # sizes of text grow by it, so that few are kept
TEXT_OF_BOX = 6  # a label's size in a box so many times as high
TEXT_OVER_BOX = 1.1  # widths of its box that a label takes, if its text can be so small
COUNTS_TEXT = 0.55  # of the largest label's size
USUAL_SIDE = 560  # mean side of a picture of 640 x 480
POINT_OF_BOX = 60  # a landmark's radius in a box so many times as high
EDGED = 40  # pixels of a box's height; the landmarks' edges would hide a smaller face

Area = tuple[int, int, int, int]  # left, top, right, bottom, pixels


class DrawnFace(NamedTuple):
    """A face as it is drawn.

    Attributes:
        box: (4,) left, top, right, bottom, pixels.
        landmarks: (5, 2) pixels, or None.
        label: index of the class.
        score: its probability, 0..1.
        abstained: whether the label is a guess.
        number: in a video; None in a photo.
        detected: whether it was found in this picture, or followed to it.
    """

    box: np.ndarray
    landmarks: np.ndarray | None
    label: int
    score: float
    abstained: bool
    number: int | None = None
    detected: bool = True


def class_colours(count: int) -> list[Colour]:
    """A colour for each class, distinct as far as colours can be."""
    colours = list(COLOURS[:count])
    for index in range(len(colours), count):
        hue, dark = round(180 * (index * GOLDEN % 1)) % 180, index % 2
        hsv = np.uint8([[[hue, 150 + 80 * dark, 240 - 90 * dark]]])
        colours.append(tuple(int(v) for v in cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0]))
    return colours


@dataclass(frozen=True)
class FacePainter:
    """Draws faces on pictures, (H, W, 3) uint8 RGB, which it changes.

    Attributes:
        texts: of the classes.
        colours: of the classes.
        painter: of the text.
    """

    texts: Sequence[str]
    colours: Sequence[Colour]
    painter: TextPainter

    def draw(self, picture: np.ndarray, faces: Sequence[DrawnFace]) -> None:
        """Draws faces, and how many there are of each label."""
        mean_side = sum(picture.shape[:2]) / 2
        line = max(1, round(mean_side / LINE))
        largest = max(SMALLEST_TEXT, LARGEST_TEXT * mean_side / USUAL_SIDE)
        for face in faces:
            self._outline(picture, face, line)
        taken: list[Area] = []
        for face in faces:  # on top of every box
            self._label(picture, face, line, largest, taken)
        self._counts(picture, faces, max(SMALLEST_TEXT, round(largest * COUNTS_TEXT)), taken)

    def colour(self, face: DrawnFace) -> Colour:
        """Of its class; grey where the label is a guess."""
        return NOT_SURE_COLOUR if face.abstained else self.colours[face.label]

    def _outline(self, picture: np.ndarray, face: DrawnFace, line: int) -> None:
        left, top, right, bottom = (round(float(value)) for value in face.box)
        cv2.rectangle(picture, (left, top), (right, bottom), self.colour(face), line)
        if face.landmarks is None:
            return
        height = float(face.box[3] - face.box[1])
        radius = round(height / POINT_OF_BOX)  # 0 draws a pixel
        for x, y in face.landmarks:
            place = (round(float(x)), round(float(y)))
            if height >= EDGED:
                cv2.circle(picture, place, radius + 1, EDGE, -1)
            cv2.circle(picture, place, radius, LANDMARK, -1)

    def _label(
        self, picture: np.ndarray, face: DrawnFace, line: int, largest: float, taken: list[Area]
    ) -> None:
        """Above, below or at the top of its box, where it hides the least of the other labels."""
        number = [] if face.number is None else [f"#{face.number}"]
        name = f"{self.texts[face.label]}{'?' * face.abstained}"
        words, colour = [*number, name, f"{face.score:.0%}"], self.colour(face)
        narrow = self.painter.line(words, SMALLEST_TEXT, colour).shape[1]
        left, top, right, bottom = (round(float(value)) for value in face.box)
        fitting = SMALLEST_TEXT * TEXT_OVER_BOX * (right - left) / narrow
        piece = self.painter.line(
            words, text_size(min((bottom - top) / TEXT_OF_BOX, fitting), largest), colour
        )
        height, width = piece.shape[:2]
        column = max(0, min(left - line // 2, picture.shape[1] - width))
        last = max(0, picture.shape[0] - height)
        rows = [row for row in (top - height, bottom + 1, top) if 0 <= row <= last]
        areas = [(column, row, column + width, row + height) for row in rows or [min(last, 0)]]
        area = min(areas, key=lambda area: sum(_common(area, other) for other in taken))
        taken.append(area)
        paste(picture, piece, *area[:2])

    def _counts(
        self, picture: np.ndarray, faces: Sequence[DrawnFace], size: int, taken: Sequence[Area]
    ) -> None:
        """In the corner that hides the least of faces and labels; of equal ones the first.

        Not in a picture that is smaller than they are.
        """
        counts = counted(faces)
        if not counts:
            return
        lines = [
            self.painter.line([f"{count}", text], size, colour)
            for text, colour, count in self._rows(counts)
        ]
        space = size // 3
        height = space + sum(row.shape[0] + space for row in lines)
        width = 2 * space + max(row.shape[1] for row in lines)
        if width > picture.shape[1] or height > picture.shape[0]:
            return
        areas = [*(face.box for face in faces), *taken]
        moving = any(face.number is not None for face in faces)  # it would jump about
        left, top = (0, 0) if moving else _corner(picture.shape, width, height, areas)
        darkened(picture, left, top, left + width, top + height)
        for row in lines:
            top += space
            paste(picture, row, left + space, top)
            top += row.shape[0]

    def _rows(self, counts: Mapping[int | None, int]) -> list[tuple[str, Colour, int]]:
        return [
            (NOT_SURE, NOT_SURE_COLOUR, count)
            if index is None
            else (self.texts[index], self.colours[index], count)
            for index, count in counts.items()
        ]


def painter_of(spec: ModelSpec, language: str, font: Path | None) -> FacePainter:
    """Who draws the labels of a model; see ``fonts.drawable``.

    Raises:
        UserError: ``font`` cannot draw them.
    """
    texts, found = drawable(spec, language, font)
    return FacePainter(texts, class_colours(len(texts)), TextPainter(found))


def counted(faces: Sequence[DrawnFace]) -> dict[int | None, int]:
    """Faces by class, in the order of the classes; None, the last, has those that are guesses."""
    labels = [None if face.abstained else face.label for face in faces]
    there = sorted({label for label in labels if label is not None})
    return {key: labels.count(key) for key in [*there, *([None] if None in labels else [])]}


def text_size(fitting: float, largest: float) -> int:
    """Size of a label's font in pixels, at most ``fitting`` if it can be: one of a few sizes."""
    wanted = float(np.clip(fitting, SMALLEST_TEXT, largest))
    steps = int(np.log(wanted / SMALLEST_TEXT) / np.log(TEXT_STEP))
    return round(SMALLEST_TEXT * TEXT_STEP**steps)


def _corner(
    shape: tuple[int, ...], width: int, height: int, areas: Sequence[Sequence[float]]
) -> tuple[int, int]:
    """Left and top of a panel of this size, which hides the least of the areas."""
    right, bottom = shape[1] - width, shape[0] - height

    def hidden(place: tuple[int, int]) -> float:
        panel = (*place, place[0] + width, place[1] + height)
        return sum(_common(panel, area) for area in areas)

    return min(((0, 0), (right, 0), (0, bottom), (right, bottom)), key=hidden)


def _common(first: Sequence[float], second: Sequence[float]) -> float:
    """Pixels that two areas share."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return float(max(0, width) * max(0, height))

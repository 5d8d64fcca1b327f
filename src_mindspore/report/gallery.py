"""Which validation photos the page shows, and what it says of each."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from src_mindspore.photos.records import Record
from src_mindspore.report.pictures import Picture

WRONG = 300  # wrong photos that are shown
UNSURE = 24  # right ones of the lowest confidence, shown as the wrong ones are
RIGHT, RIGHT_OF_CLASS = 600, 30  # right ones that are shown small
TOP = 3  # classes beside a photo
NEAR = 5  # training photos beside it; fewer where many photos are shown
FEW_NEAR, MANY = 3, 120
# share of the alike training photos that are of the class said, and none of the label, where the
# label may be wrong: four of five, or all of three
AGREEING = 0.8

Cell = tuple[int, int]  # the label of a photo, and what the model says


@dataclass(frozen=True)
class Answers:
    """What the model says of the validation photos.

    Attributes:
        records: the photos that could be read.
        probabilities: ``(n, classes)``, as the run's users are shown them.
        labels: ``(n,)``.
    """

    records: Sequence[Record]
    probabilities: np.ndarray
    labels: np.ndarray

    @property
    def said(self) -> np.ndarray:
        """The likeliest class of each photo, (n,)."""
        return self.probabilities.argmax(1)

    @property
    def confidence(self) -> np.ndarray:
        """Its probability, (n,)."""
        return self.probabilities.max(1)


@dataclass(frozen=True)
class Shown:
    """Numbers of the photos that the page shows.

    Attributes:
        wrong: by cell the wrong ones, most frequent confusion first, most certain photo first.
        unsure: right ones, the least certain first.
        right: by class the right ones, the least certain first.
        wrong_of: how many wrong ones there are.
        right_of: how many right ones.
    """

    wrong: Mapping[Cell, Sequence[int]]
    unsure: Sequence[int]
    right: Mapping[int, Sequence[int]]
    wrong_of: int
    right_of: int

    @property
    def large(self) -> list[int]:
        """Those with a card of their own: the wrong ones, then the unsure ones."""
        return [*(i for part in self.wrong.values() for i in part), *self.unsure]

    @property
    def small(self) -> list[int]:
        """The right ones that have a picture alone."""
        return [i for part in self.right.values() for i in part]


def chosen(answers: Answers) -> Shown:
    """Which photos are shown: all of a small data set, a part of a large one."""
    said, confidence, labels = answers.said, answers.confidence, answers.labels
    cells: dict[Cell, list[int]] = defaultdict(list)
    wrong = np.flatnonzero(said != labels)
    for i in wrong[np.argsort(-confidence[wrong], kind="stable")].tolist():
        cells[int(labels[i]), int(said[i])].append(i)
    kept, left = {}, WRONG
    for cell in sorted(cells, key=lambda cell: (-len(cells[cell]), cell)):
        if left:
            kept[cell] = cells[cell][:left]
            left -= len(kept[cell])
    right = np.flatnonzero(said == labels)
    rising = right[np.argsort(confidence[right], kind="stable")].tolist()
    of_class: dict[int, list[int]] = defaultdict(list)
    a_class = min(RIGHT_OF_CLASS, max(1, RIGHT // answers.probabilities.shape[1]))
    whole = len(rising) <= RIGHT
    for i in rising:
        if whole or len(of_class[int(labels[i])]) < a_class:
            of_class[int(labels[i])].append(i)
    shown, total = {}, 0
    for label in sorted(of_class):
        shown[label] = of_class[label][: RIGHT - total]
        total += len(shown[label])
    return Shown(kept, rising[:UNSURE], shown, len(wrong), len(right))


@dataclass(frozen=True)
class Neighbour:
    """A training photo: its ``path``, ``label``, ``picture`` and ``cosine``, how near it is."""

    path: str
    label: int
    picture: Picture | None
    cosine: float


@dataclass(frozen=True)
class Card:
    """A validation photo of the page.

    Attributes:
        path: below the data folder.
        label: its class.
        top: the likeliest classes and their probabilities, the likeliest first.
        picture: of it; None where there is none.
        overlay: evidence for the class that is said, a ``data:`` URI; None where there is none.
        part: what the network sees of the photo, in shares: left, top, width, height.
        near: training photos that look alike to the network, the nearest first.
    """

    path: str
    label: int
    top: Sequence[tuple[int, float]]
    picture: Picture | None
    overlay: str | None = None
    part: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    near: Sequence[Neighbour] = ()

    @property
    def said(self) -> int:
        """The likeliest class."""
        return self.top[0][0]

    @property
    def right(self) -> bool:
        """Whether that is the label."""
        return self.said == self.label

    @property
    def doubtful(self) -> bool:
        """Whether the label may be wrong, by the alike training photos; see ``AGREEING``."""
        labels = [photo.label for photo in self.near]
        if self.right or not labels or self.label in labels:
            return False
        return labels.count(self.said) >= AGREEING * len(labels)


def near_count(cards: int) -> int:
    """How many training photos stand beside each of so many."""
    return NEAR if cards <= MANY else FEW_NEAR


def top_classes(row: np.ndarray) -> list[tuple[int, float]]:
    """The likeliest classes of (classes,) probabilities; a tie goes to the lower class."""
    order = np.argsort(-row, kind="stable")[:TOP]
    return [(int(i), float(row[i])) for i in order]


def confusions(answers: Answers) -> Counter[Cell]:
    """How many photos are in each cell of the confusion matrix."""
    return Counter(zip(answers.labels.tolist(), answers.said.tolist(), strict=True))

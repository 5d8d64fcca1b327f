"""Photos whose label everybody contradicts who was asked and had not learned it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Doubt:
    """A photo on which all teachers say the same class, and it is not the label.

    Attributes:
        place: of the photo.
        said: the class that the teachers say.
        probability: of that class, 0..1, the mean of the teachers that were asked.
        of_label: of the label, likewise.
        each: of that class by each teacher; None where it was not asked.
    """

    place: int
    said: int
    probability: float
    of_label: float
    each: tuple[float | None, ...]

    @property
    def teachers(self) -> int:
        """How many were asked."""
        return sum(value is not None for value in self.each)


def contradicted(answers: np.ndarray, labels: np.ndarray) -> list[Doubt]:
    """The photos whose label all teachers contradict with one voice, the most certain ones first.

    Args:
        answers: (teachers, n, classes) probabilities; NaN where a teacher cannot be asked of a
            photo.
        labels: (n,) classes.
    """
    asked = ~np.isnan(answers).any(-1)
    said = np.where(asked, np.nan_to_num(answers).argmax(-1), -1)
    first = said.max(0)  # of those who say anything, if they agree
    alike = ((said == first) | ~asked).all(0) & asked.any(0)
    found = []
    for place in np.flatnonzero(alike & (first != labels)).tolist():
        heard = answers[asked[:, place], place]
        wanted = int(first[place])
        each = [
            float(answers[i, place, wanted]) if there else None
            for i, there in enumerate(asked[:, place])
        ]
        found.append(
            Doubt(
                place,
                wanted,
                float(heard[:, wanted].mean()),
                float(heard[:, labels[place]].mean()),
                tuple(each),
            )
        )
    return sorted(found, key=lambda doubt: (-doubt.probability, doubt.place))

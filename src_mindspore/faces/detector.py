"""The detectors behind one interface."""

import math
from typing import Protocol

import numpy as np

from src_mindspore.faces.centerface import CenterFace
from src_mindspore.faces.found import POINTS, Faces
from src_mindspore.faces.mtcnn import Mtcnn
from src_mindspore.system.errors import UserError
from src_mindspore.system.threads import thread_count

__all__ = ["DEFAULT", "NAMES", "POINTS", "Detector", "Faces", "load_detector"]

NAMES = ("centerface", "mtcnn")
DEFAULT = "centerface"
# CenterFace: of 245 shared photos of masks a face is found in 94.3 % (0.3 to 0.4), 95.5 %
# (0.2), of 304 photos without faces in 1.6, 1.0 and 2.6 %. MTCNN's is that of the package.
THRESHOLDS = {"centerface": 0.3, "mtcnn": 0.7}
SMALLEST_FACE, LONGEST_SIDE = 20.0, 1280
FACE_LIMITS, SIDE_LIMITS = (8.0, 10_000.0), (32, 10_000)


class Detector(Protocol):
    """What finds faces."""

    name: str

    def find(self, photo: np.ndarray) -> Faces:
        """The faces of a photo.

        Args:
            photo: (H, W, 3) uint8, RGB, upright, of any size.

        Raises:
            ValueError: it is none.
        """
        ...


def load_detector(
    name: str = DEFAULT,
    smallest_face: float = SMALLEST_FACE,
    threshold: float | None = None,
    longest_side: int = LONGEST_SIDE,
    threads: int | None = None,
) -> Detector:
    """A detector with its weights, which are fetched the first time.

    Args:
        name: one of ``NAMES``.
        smallest_face: pixels of the photo, of a face's longer side; 8 to 10,000. Smaller faces are
            not looked for. Below 16 CenterFace looks in an enlarged photo, and both take longer.
        threshold: the least score of a face, above 0 and below 1; None: see ``THRESHOLDS``.
        longest_side: pixels; 32 to 10,000. A photo with a longer side is searched in a smaller
            copy, in which faces below some 12 pixels are lost.
        threads: from 1 on; None: see ``system.threads.thread_count``.

    Raises:
        UserError: an option is not within its limits, or the weights cannot be had.
    """
    check_options(name, smallest_face, threshold, longest_side)
    if threads is not None and threads < 1:
        raise UserError(f"the number of threads is a whole number from 1 on; got {threads}")
    threshold = THRESHOLDS[name] if threshold is None else threshold
    kind = {"centerface": CenterFace, "mtcnn": Mtcnn}[name]
    return kind(smallest_face, threshold, longest_side, threads or thread_count())


def check_options(
    name: str = DEFAULT,
    smallest_face: float = SMALLEST_FACE,
    threshold: float | None = None,
    longest_side: int = LONGEST_SIDE,
) -> None:
    """Refuses what ``load_detector`` would, before anything is fetched or loaded.

    Raises:
        UserError: an option is not within its limits.
    """
    if name not in NAMES:
        raise UserError(f"a face detector is one of {', '.join(NAMES)}; got {name!r}")
    _check_within("the smallest face", smallest_face, *FACE_LIMITS)
    _check_within("the longest side", longest_side, *SIDE_LIMITS)
    if threshold is not None and not 0 < threshold < 1:  # a NaN is not
        raise UserError(f"the least score of a face is above 0 and below 1; got {threshold}")


def _check_within(what: str, value: float, least: float, most: float) -> None:
    if not math.isfinite(value) or not least <= value <= most:
        raise UserError(f"{what} is {least:,g} to {most:,g} pixels; got {value:,g}")

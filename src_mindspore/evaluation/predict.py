"""Labels for images that nobody has labelled."""

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from src_mindspore.evaluation.model import BATCH, Model
from src_mindspore.photos.decode import DOUBT, open_photo
from src_mindspore.photos.listing import walk
from src_mindspore.photos.passed_over import ACCEPTED, sentences
from src_mindspore.photos.tensors import plain_tensors
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.terminal import some

log = logging.getLogger(__name__)


def image_paths(paths: Sequence[Path]) -> list[Path]:
    """The images that a user means: files as they are, folders with all images below them.

    What a folder holds besides is said in the log. A folder that cannot be listed is in the list
    itself, as something that cannot be read.

    Raises:
        UserError: a path that does not exist, or a folder without images.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += _images_below(path)
        elif path.is_file():
            found.append(path)
        else:
            what = "is neither file nor folder" if path.exists() else "does not exist"
            raise UserError(f"{path} {what}; an image or a folder of images is accepted")
    return found


def _images_below(folder: Path) -> list[Path]:
    below = walk(folder)
    said = list(sentences(below))
    images = [*below.photos, *(name for name, _ in below.closed)]
    if not images:
        if below.rubbish:
            said.append(f"hidden files and leftovers, not used: {some(below.rubbish)}")
        rest = "".join(f"; {sentence}" for sentence in said)
        raise UserError(f"{folder} has no images ({ACCEPTED}){rest}")
    for sentence in said:
        log.warning("%s: %s", folder, sentence)
    return [folder / name for name in sorted(images, key=lambda name: name.split("/"))]


def threshold_of(
    spec: ModelSpec, min_score: float | None = None, precision: float | None = None
) -> float:
    """The score below which an answer is held back, 0..1; 0 where none is.

    Args:
        spec: of the model; its own threshold counts where nothing else is asked for.
        min_score: asked for by itself.
        precision: asked for by what it reached on the photos that the model was calibrated with.

    Raises:
        UserError: no threshold is known that reaches ``precision``.
    """
    if min_score is not None:
        return min_score
    if precision is None:
        return spec.threshold or 0.0
    calibration = spec.calibration
    if calibration is None or not calibration.points:
        raise UserError(
            "a precision can be asked of a model whose spec.json has thresholds (calibration."
            "points), from 50 validation photos on; this one has none: --min-score sets one"
        )
    found = calibration.threshold_for(precision)
    if found is None:
        best = calibration.points[-1]
        raise UserError(
            f"no threshold reaches a precision of {precision:g}: the best is {best.right} of "
            f"{best.answered} right ({best.right / best.answered:.4f}), of {calibration.n} photos "
            f"of {calibration.split}"
        )
    return found


def predictions(
    model: Model, paths: Sequence[Path], topk: int, threshold: float = 0.0
) -> Iterator[dict[str, Any]]:
    """Labels the images, in order and as they are done.

    Yields:
        ``path``; ``label``, the likeliest class; ``score``, its probability in 0..1;
        ``abstained``, whether that is below ``threshold``, so that the label is a guess and no
        answer; ``topk``, a list of ``label``, ``text`` (display names) and ``score``, best first.

    Raises:
        UserError: at the end, if images could not be read; the others are labelled first.
    """
    faults: dict[Path, UserError] = {}
    doubtful: dict[Path, str] = {}
    for path, row in zip(paths, _probabilities(model, paths, faults, doubtful), strict=True):
        if row is not None:
            yield _prediction(path, row, model.spec, topk, threshold)
    if doubtful:
        log.warning(
            "%d photos of more than 8 bits whose brightness may be wrong: %s",
            *(len(doubtful), some([f"{path}: {doubtful[path]}" for path in sorted(doubtful)])),
        )
    if broken := [str(faults[path]) for path in paths if path in faults]:
        raise UserError(
            f"{len(broken)} of {len(paths)} images could not be read:\n  " + "\n  ".join(broken)
        )


def _probabilities(
    model: Model, paths: Sequence[Path], faults: dict[Path, UserError], doubtful: dict[Path, str]
) -> Iterator[np.ndarray | None]:
    """(classes,) float64 for every image in its order; None of one that cannot be read.

    ``faults`` gets the reason for each of those, ``doubtful`` one for each image whose values may
    not have been understood.
    """
    spec = model.spec.input

    def opened(path: Path) -> Image.Image:
        image = open_photo(path, spec.range)
        if DOUBT in image.info:
            doubtful[path] = image.info[DOUBT]
        return image

    def labelled(batch: Sequence[Path]) -> list[np.ndarray | None]:
        images, gone = plain_tensors(batch, opened, spec, faults.__setitem__)
        good = images[~gone]
        rows = iter(model.probabilities(model.run(good)) if len(good) else ())
        return [None if left_out else next(rows) for left_out in gone]

    left = iter(paths)
    if not model.runner.concurrent:  # the runtime takes all threads itself: nothing goes ahead
        while batch := list(islice(left, BATCH)):
            yield from labelled(batch)
        return
    # until one is labelled in this thread: that may have to load and compare engines
    for path in left:
        row = labelled([path])[0]
        yield row
        if row is not None:
            break
    yield from (rows[0] for rows in map_ordered(lambda path: labelled([path]), left))


def _prediction(
    path: Path, scores: np.ndarray, spec: ModelSpec, topk: int, threshold: float
) -> dict[str, Any]:
    best = [
        {"label": spec.classes[i], "text": spec.names(i), "score": round(float(scores[i]), 6)}
        for i in np.argsort(-scores, kind="stable")[:topk]
    ]
    return {
        "path": str(path),
        "label": best[0]["label"],
        "score": best[0]["score"],
        "abstained": bool(scores.max() < threshold),
        "topk": best,
    }

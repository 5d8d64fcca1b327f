"""Photos to scores and figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from src_mindspore.evaluation.metrics import at_threshold, report
from src_mindspore.evaluation.model import BATCH, Model
from src_mindspore.network.onnx_runtime import SLICE
from src_mindspore.photos.identity import RunPhotos, identity
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.records import Record
from src_mindspore.photos.tensors import PlainPhotos, read_photos
from src_mindspore.system.errors import UserError
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.progress import progress
from src_mindspore.system.rows import Readable


def score_photos(model: Model, paths: Sequence[Path], what: str = "photos") -> np.ndarray:
    """Scores of photos in their order: (n, classes) float32.

    Raises:
        UserError: a photo that cannot be read.
    """

    def read(rows: slice) -> np.ndarray:
        return read_photos(paths[rows], model.spec.input)

    return _score(model, read, len(paths), what)


def _score(model: Model, read: Callable[[slice], np.ndarray], photos: int, what: str) -> np.ndarray:
    """Reads and runs slice after slice; concurrent runners several at a time, one a core."""
    size = SLICE if model.runner.concurrent else 2 * BATCH
    slices = [slice(i, min(i + size, photos)) for i in range(0, photos, size)]
    parts = []
    with progress(photos, f"scoring {what}") as advance:

        def scored(rows: slice) -> np.ndarray:
            return model.run(read(rows))

        # the first in this thread: it may have to load and compare engines
        for rows in slices[:1]:
            parts.append(scored(rows))
            advance(len(parts[0]))
        work = (
            map_ordered(scored, slices[1:]) if model.runner.concurrent else map(scored, slices[1:])
        )
        for part in work:
            parts.append(part)
            advance(len(part))
    return np.concatenate(parts)


@dataclass(frozen=True)
class Scored:
    """What a model said of the photos of a split.

    Attributes:
        split: its name.
        scores: of ``Model.run``, (n, classes).
        labels: the classes that are right, (n,) int64.
        skipped: paths of photos that could not be read and are not among the n.
    """

    split: str
    scores: np.ndarray
    labels: np.ndarray
    skipped: tuple[str, ...] = ()


def score_records(
    model: Model, reader: PhotoReader, records: Sequence[Record], split: str
) -> Scored:
    """Runs a model over every one of ``records``.

    Raises:
        UserError: more photos than ``PhotoReader.allowed`` cannot be read, or none can.
    """
    images = Readable(PlainPhotos(reader, records, model.spec.input))
    scores = _score(model, images.__getitem__, len(records), f"{split} photos")[images.mask]
    labels = np.array([record.label for record in records], np.int64)[images.mask]
    if not len(labels):
        raise UserError(f"no photo of the split {split} can be read")
    skipped = (r.path for r, good in zip(records, images.mask, strict=True) if not good)
    return Scored(split, scores, labels, tuple(skipped))


def evaluate(
    model: Model,
    reader: PhotoReader,
    records: Sequence[Record],
    split: str,
    run: RunPhotos | None = None,
) -> dict[str, Any]:
    """Scores a model on every one of ``records``; what ``evaluate.py --json`` writes.

    Args:
        model: to be scored.
        reader: opens the photos, and notes what was in them.
        records: the photos.
        split: what to call them.
        run: the photos of the model's run, where it is known.
    """
    scored = score_records(model, reader, records, split)
    return figures(model, scored, identity(run, reader.seen_of(records)))


def figures(model: Model, scored: Scored, seen: Mapping[str, Any]) -> dict[str, Any]:
    """All figures of a model on the photos of a split.

    Args:
        model: that was scored.
        scored: what it said.
        seen: which photos these are, see ``photos.identity``.

    Returns:
        ``metrics.report`` of the calibrated scores, which split and model file it is about,
        ``skipped`` (see ``Scored``), ``temperature`` (of model and reader together), ``identity``
        (``seen``), ``selected_on`` (the split whose photos chose epoch, temperature and threshold,
        if some of these are among them: the figures flatter; else None) and ``abstaining``
        (``metrics.at_threshold``, None without a threshold).
    """
    spec, calibration = model.spec, model.spec.calibration
    scores, labels = model.calibrated(scored.scores), scored.labels
    kept = None
    if spec.threshold is not None:
        kept = at_threshold(scores, labels, model.loss, spec.threshold)
    return {
        "split": scored.split,
        "model": {
            "file": model.file.name,
            "sha256": model.file.sha256,
            "runtime": model.runtime,
        },
        "selected_on": calibration.split if calibration and seen.get(calibration.split) else None,
        "identity": dict(seen),
        "temperature": spec.temperature * spec.model_temperature,
        **report(scores, labels, spec.classes, model.loss),
        "abstaining": kept,
        "skipped": list(scored.skipped),
    }

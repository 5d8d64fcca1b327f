"""Labels that the pretrained network's features contradict: a short list for a person to look at.

Each photo is classified by a linear model of all the others, and is suspicious where another class
wins clearly. On 2,123 photos of garbage in 26 classes, 2 % of the labels exchanged, it named 41 of
42 of those and 14 others; on 3,231 faces in 2 classes 62 of 64 and 7 others.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from src_mindspore.dataset import DataSet
from src_mindspore.doctor.findings import NOTE, Finding
from src_mindspore.doctor.survey import Survey
from src_mindspore.features.partial_entry import ABOUT
from src_mindspore.features.store import Rows
from src_mindspore.photos.records import Record
from src_mindspore.system.cache import FEATURES as CACHED
from src_mindspore.system.cache import NOTES, cache_dir
from src_mindspore.system.errors import UserError
from src_mindspore.system.lru import touch
from src_mindspore.system.terminal import shown_name
from src_mindspore.system.write import write_json

log = logging.getLogger(__name__)

MARGIN = 0.3  # by which another class must win; targets are 0 and 1. See the numbers above
LISTED = 30  # photos, the clearest ones first: a person looks at them
RIDGE = 0.1  # penalty in units of the features' variance; 0.03 to 1 find the same labels
ROWS = 2048  # photos read at once: 10 MB
FEATURES = "mean"  # of the last map; see ``backbone.POOLED``
SIDE = 224  # pixels, what the pretrained weights were made for
BATCH = 16  # photos per call of the engine

NOT_COMPARED = "labels: not compared with what the photos show; --labels does it, 5 ms a photo"
TOO_FEW = "labels: not compared with what the photos show; that takes 2 photos in 2 classes each"


def check_labels(data: DataSet, found: Survey, compute: bool) -> tuple[list[Finding], str]:
    """Compares every label with the features of the photo.

    Args:
        data: the photos, with their digests.
        found: the same photos; those that cannot be used, and further copies, are passed over.
        compute: whether features that the cache does not have are computed.

    Returns:
        A finding, or none, and a line that says what was done.

    Raises:
        UserError: the pretrained weights cannot be had, or the cache cannot be written.
    """
    distinct = {found.digests[r.path]: r for r in reversed(found.records)}
    records = [
        r
        for r in found.records
        if r.path not in found.faults and distinct[found.digests[r.path]] is r
    ]
    labels = np.array([record.label for record in records], np.int64)
    names, labels = np.unique(labels, return_inverse=True)
    if len(names) < 2 or np.bincount(labels).min() < 2:
        known = np.bincount(labels, minlength=2)[labels] > 1 if len(labels) else labels
        if len(set(labels[known])) < 2:
            return [], TOO_FEW
    features = _features(data, found, records, compute)
    if features is None:
        return [], NOT_COMPARED
    margins, others = contradictions(features, labels, len(names))
    worst = [i for i in np.argsort(-margins, kind="stable")[:LISTED] if margins[i] >= MARGIN]
    line = f"labels: {len(records):,} photos compared with what they show, {len(worst)} listed"
    if not worst:
        return [], line
    text = "photos that look like another class than their label says, the clearest first"
    files = [
        (
            records[i].path,
            f"looks like {shown_name(data.classes[names[others[i]]])}, margin {margins[i]:.2f}",
        )
        for i in worst
    ]
    return [Finding.of_files("label", NOTE, text, files)], line


def contradictions(
    features: Rows | np.ndarray, labels: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """How clearly another class than its label's wins for each photo, judged by the others.

    Ridge regression on one-hot targets, all classes of the same weight, each photo predicted by
    the model fitted without it. That takes one fit: with the leverage h of a photo its prediction
    without itself is ``(p - h y) / (1 - h)`` (Allen's PRESS, 1974).

    Args:
        features: (n, 1, d) float32.
        labels: (n,) class indices; every class occurs.
        classes: number of classes.

    Returns:
        (n,) the best other class's prediction less the own one's, about -1..1; (n,) that class.
    """
    count = len(labels)
    weights = 1 / np.bincount(labels, minlength=classes)[labels]
    weights /= weights.mean()

    def chunks() -> Iterator[tuple[slice, np.ndarray]]:
        for start in range(0, count, ROWS):
            rows = slice(start, min(start + ROWS, count))
            yield rows, features[rows][:, 0].astype(np.float64)

    mean = sum(x.sum(0) for _, x in chunks()) / count
    scale = np.sqrt(sum(np.square(x - mean).sum() for _, x in chunks()) / (count * len(mean)))

    def standard(x: np.ndarray) -> np.ndarray:
        return np.hstack([(x - mean) / max(scale, 1e-12), np.ones((len(x), 1))])

    def targets(own: np.ndarray) -> np.ndarray:
        table = np.zeros((len(own), classes))
        table[np.arange(len(own)), own] = 1
        return table

    gram = np.eye(len(mean) + 1) * (RIDGE * count)
    moments = np.zeros((len(mean) + 1, classes))
    for rows, x in chunks():
        weighted = standard(x) * weights[rows, None]
        gram += weighted.T @ standard(x)
        moments += weighted.T @ targets(labels[rows])
    inverse = np.linalg.inv(gram)
    weights_of_classes = inverse @ moments
    margins, others = np.zeros(count), np.zeros(count, np.int64)
    for rows, x in chunks():
        x, own = standard(x), labels[rows]
        leverage = ((x @ inverse) * x).sum(1) * weights[rows]
        left_out = x @ weights_of_classes - leverage[:, None] * targets(own)
        left_out /= (1 - leverage)[:, None]
        place = np.arange(len(own))
        mine = left_out[place, own]
        left_out[place, own] = -np.inf
        others[rows] = left_out.argmax(1)
        margins[rows] = left_out.max(1) - mine
    return margins, others


def _features(
    data: DataSet, found: Survey, records: Sequence[Record], compute: bool
) -> Rows | None:
    """(n, 1, 1280) pooled features of the plain views; None where they are not to be computed.

    A small file in the cache says which entry is that of these photos: to tell the entry's name
    takes the weights, and MindSpore seconds to load them.
    """
    try:
        cache = cache_dir()
    except UserError:  # there is no home folder: nothing has been kept
        if compute:
            raise
        return None
    photos = hashlib.sha256("".join(found.digests[r.path] for r in records).encode()).hexdigest()
    spread = found.value_range
    if spread is not None:
        photos = hashlib.sha256(f"{photos} {spread.low:g} {spread.high:g}".encode()).hexdigest()
    note = cache / NOTES / f"{photos[:32]}.json"
    features = cache / CACHED
    if entry := _noted(note):
        file = features / entry / f"{FEATURES}.npy"
        if file.is_file():
            rows = Rows(file)
            if len(rows) == len(records):
                touch(file.with_name(ABOUT))
                return rows.by_photo(1)
    if not compute:
        return None
    splits = {"all": tuple(records)}
    part = DataSet(data.root, data.classes, splits, known_digests=found.digests, value_range=spread)
    return _computed(part, features, note)


def _noted(note: Path) -> str | None:
    """The name of a cache entry; None where nothing, or nothing of ours, is noted."""
    try:
        name = json.loads(note.read_text(encoding="utf-8"))["entry"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) and name.isalnum() else None


def _computed(data: DataSet, features: Path, note: Path) -> Rows:
    # here: MindSpore takes seconds to load, and most visits do without it
    from src_mindspore.features.extract import cached_features
    from src_mindspore.features.job import FeatureJob, Views
    from src_mindspore.network.device import select_device
    from src_mindspore.spec.input import square_input
    from src_mindspore.weights.imagenet import pretrained_checkpoint
    from src_mindspore.weights.pretrained import pretrained_backbone, read_weights

    device = select_device()
    weights = read_weights(pretrained_checkpoint())
    backbone = pretrained_backbone(weights).set_train(False)
    spec = replace(square_input(SIDE, weights.mean, weights.std), range=data.value_range)
    job = FeatureJob(backbone, (FEATURES,), spec, Views(), "auto", device, BATCH)
    rows = cached_features(job, data, "all", features)[FEATURES]
    write_json(note, {"entry": job.key(data.records("all"), data.digests)[:32]})
    return rows

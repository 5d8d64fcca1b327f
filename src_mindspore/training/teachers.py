"""Teachers on the cached views of a student: their logits, and the principal components of theirs.

Every teacher sees the very views that the student is trained on: the same crop, colours and side,
in its own size and normalisation. Its frozen layers are run over them once, see ``features/``.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from src_mindspore.backbone import POOLED
from src_mindspore.dataset import DataSet
from src_mindspore.evaluation.open_checkpoint import classifier_of
from src_mindspore.features.store import Picked, Rows
from src_mindspore.network.classifier import Classifier, Top
from src_mindspore.network.forward import run_uncompiled
from src_mindspore.photos.identity import RunPhotos
from src_mindspore.runs.names import MODEL
from src_mindspore.runs.read import load_run, run_photos
from src_mindspore.spec.input import InputSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some
from src_mindspore.training.distillation import Targets
from src_mindspore.training.options import DistillOptions

log = logging.getLogger(__name__)

VALUES = 1 << 24  # features that are worked on at once: 64 MB
ADVICE = "its config, in place of its folder, is trained anew on the student's own photos"
OVERSAMPLING, ITERATIONS = 16, 12  # of the subspace iteration, see ``principal_components``


@dataclass(frozen=True)
class Teacher:
    """A trained network.

    Attributes:
        name: for messages.
        classifier: its classes are the student's, after ``order``.
        input: how a photo becomes its input.
        order: the place of each of the student's classes among its own; None: they are alike.
        new_features: whether its features are others than the student's first ones.
    """

    name: str
    classifier: Classifier
    input: InputSpec
    order: np.ndarray | None = None
    new_features: bool = field(default=True, compare=False)

    @property
    def outputs(self) -> tuple[str, ...]:
        """What is wanted of its backbone; in the cache as after a training of its own."""
        cut = self.classifier.head_cut
        return tuple(sorted({*POOLED, cut}))


def has_new_features(
    teacher: Classifier, seen: InputSpec, student: Classifier, own: InputSpec
) -> bool:
    """Whether the features of a network are others than those of an untrained student.

    Args:
        teacher: the network.
        seen: its input; the same weights see something else in another size.
        student: not trained yet.
        own: the student's input.
    """
    if seen != own:
        return True
    first, second = (list(c.backbone.get_parameters()) for c in (teacher, student))
    return len(first) != len(second) or not all(
        a.shape == b.shape and np.array_equal(a.asnumpy(), b.asnumpy())
        for a, b in zip(first, second, strict=True)
    )


def run_teacher(path: Path, data: DataSet, student: Classifier, own: InputSpec) -> Teacher:
    """The trained network of a run folder.

    Args:
        path: the folder.
        data: the student's photos.
        student: not trained yet.
        own: its input.

    Raises:
        UserError: no finished run; other classes; photos that the student is scored on were its
            training photos, or it cannot be told.
    """
    _, spec = load_run(path)
    order = class_order(path, spec.classes, data.classes)
    _check_photos(path, data)
    network = classifier_of(spec, path / MODEL).classifier
    alike = np.array_equal(order, np.arange(len(order)))
    new = has_new_features(network, spec.input, student, own)
    return Teacher(str(path), network, spec.input, None if alike else order, new)


def class_order(path: Path, own: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
    """The place of each wanted class among those of a teacher: (classes,) int64.

    Args:
        path: the teacher, for messages.
        own: its classes.
        wanted: those of the student.

    Raises:
        UserError: they are others.
    """
    if sorted(own) != sorted(wanted):
        odd = sorted({*own} ^ {*wanted})
        raise UserError(
            f"a teacher must have the classes of its student, {len(wanted)} here; {path} has "
            f"{len(own)}, and only one of them has {some(odd)}"
        )
    return np.array([own.index(name) for name in wanted])


def taught_photos(path: Path) -> RunPhotos:
    """The photos of a teacher's run, with their hashes.

    Raises:
        UserError: it does not tell them.
    """
    photos = run_photos(path)
    if photos is None or not photos.digests:
        raise UserError(f"{path} does not say which photos it was trained on: {ADVICE}")
    return photos


def _check_photos(path: Path, data: DataSet) -> None:
    photos = taught_photos(path)
    scored = [r.path for name, part in data.splits.items() if name != "train" for r in part]
    seen = [photo for photo in scored if photos.part_of.get(data.digests[photo]) == "train"]
    if seen:
        raise UserError(
            f"a teacher may not have been trained on photos that its student is scored on; {path} "
            f"was on {len(seen)} of {len(scored)} ({some(seen, 3)}): {ADVICE}"
        )


Found = dict[str, Rows | Picked]  # (photos, views, ...) by output


def targets_of(
    teachers: Sequence[Teacher],
    features_of: Callable[[Teacher], Found],
    options: DistillOptions,
    seed: int,
) -> Targets:
    """What the teachers say of all views of the training photos.

    Args:
        teachers: one or more.
        features_of: gives the outputs of a teacher's backbone, for the training photos.
        options: weight and number of components.
        seed: of the iteration that finds the components.

    Raises:
        UserError: neither their probabilities nor their features teach anything.
    """
    found = [features_of(teacher) for teacher in teachers]
    logits = np.stack([_logits(t, f) for t, f in zip(teachers, found, strict=True)])
    new = [f["mean"] for t, f in zip(teachers, found, strict=True) if t.new_features]
    if not options.features:
        return Targets(logits, None, options)
    if not new:
        if not options.weight:
            raise UserError(
                "nothing is learned from the teachers: distill.weight is 0, and their features are "
                "the student's own; a distill.weight above 0 is accepted, or a teacher of another "
                "backbone or input.size, or one whose backbone was fine-tuned"
            )
        log.warning("distill.features: no effect, the teachers have the student's own features")
        return Targets(logits, None, options)
    components, share = principal_components(new, options.components, seed)
    log.info(
        "distillation: %d principal components of the features of %d teachers, %.0f %% of their "
        "variance",
        *(components.shape[-1], len(new), 100 * share),
    )
    return Targets(logits, components, options)


def _logits(teacher: Teacher, found: Found) -> np.ndarray:
    """(photos, views, classes), in the student's order."""
    rows = found[teacher.classifier.head_cut]
    top = Top(teacher.classifier, teacher.classifier.head_cut).set_train(False)
    photos, views = rows.shape[:2]
    parts = []
    for chosen in _some_photos([rows]):
        values = _values(rows, chosen)
        parts.append(run_uncompiled(top, values.reshape(-1, *values.shape[2:])))
    logits = np.nan_to_num(np.concatenate(parts)).reshape(photos, views, -1)
    return logits if teacher.order is None else logits[..., teacher.order]


def _some_photos(rows: Sequence[Rows | Picked]) -> Iterator[np.ndarray]:
    """Numbers of photos, as many at a time as memory is to be spent on."""
    each = sum(int(np.prod(r.shape[1:])) for r in rows)
    step = max(1, VALUES // each)
    for start in range(0, len(rows[0]), step):
        yield np.arange(start, min(start + step, len(rows[0])))


def _values(rows: Rows | Picked, photos: np.ndarray) -> np.ndarray:
    """All views of some photos: (n, views, ...) float32."""
    views = rows.shape[1]
    taken = rows[np.repeat(photos, views), np.tile(np.arange(views), len(photos))]
    return taken.reshape(len(photos), views, *rows.shape[2:]).astype(np.float32)


def _joined(rows: Sequence[Rows | Picked], photos: np.ndarray) -> np.ndarray:
    """The features of several networks side by side, each of length 1: (n, views, width)."""
    parts = []
    for each in rows:
        values = np.nan_to_num(_values(each, photos))
        length = np.linalg.norm(values, axis=-1, keepdims=True)
        parts.append(values / np.maximum(length, np.finfo(np.float32).tiny))
    return np.concatenate(parts, -1)


def principal_components(
    rows: Sequence[Rows | Picked], number: int, seed: int
) -> tuple[np.ndarray, float]:
    """The first principal components of the features of several networks, side by side.

    By subspace iteration on their covariance (Halko et al. 2011, arXiv:0909.4061, algorithm 4.4).

    Args:
        rows: (photos, views, width) of each network.
        number: of components; as many as there are dimensions at most.
        seed: of the first guess.

    Returns:
        (photos, views, components) float32, scaled so that the mean variance is 1; the share of
        all variance that they have, 0..1.
    """
    width = sum(each.shape[2] for each in rows)
    number = min(number, width)
    total, square, count = np.zeros(width), np.zeros((width, width), np.float32), 0
    for photos in _some_photos(rows):
        values = _joined(rows, photos).reshape(-1, width)
        total += values.sum(0, dtype=np.float64)
        square += values.T @ values
        count += len(values)
    mean = total / count
    covariance = square.astype(np.float64) / count - np.outer(mean, mean)
    guess = np.random.default_rng([seed, number]).standard_normal(
        (width, min(width, number + OVERSAMPLING))
    )
    for _ in range(ITERATIONS):
        guess = np.linalg.qr(covariance @ guess)[0]
    variances, turn = np.linalg.eigh(guess.T @ covariance @ guess)
    basis = (guess @ turn)[:, ::-1][:, :number]
    kept = variances[::-1][:number].sum()
    scale = np.sqrt(number / max(kept, np.finfo(np.float64).tiny))
    projection, shift = (
        (basis * scale).astype(np.float32),
        (mean @ basis * scale).astype(np.float32),
    )
    parts = [_joined(rows, photos) @ projection - shift for photos in _some_photos(rows)]
    return np.concatenate(parts), float(kept / max(np.trace(covariance), 1e-300))

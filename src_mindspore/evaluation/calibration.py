"""A temperature, and a score from which on answers count, both fitted on validation photos."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from src_mindspore.evaluation.metrics import at_threshold, confidences, mean_loss
from src_mindspore.evaluation.reliability import bins, by_chance, expected_calibration_error
from src_mindspore.spec.calibration import CalibrationSpec, OperatingPoint

# Fewer photos are not fitted on. Measured with parts of the 127 garbage photos, scored on the
# others: with 20 the temperature made the loss worse in 29 of 100 draws, with 30 in 14, with 50 in
# 3; the standard deviation of its logarithm is 0.48, 0.38 and 0.22.
MIN_PHOTOS = 50
# Where every photo is right the loss falls for ever as the temperature goes to 0, and rises for
# ever on the other side where labels are noise: the ends say "no further than this".
LOWEST, HIGHEST = 0.2, 10.0
FOLDS = 5
# A threshold that leaves fewer answers is no result: even if all 10 are right, the 95 % interval
# of their precision begins at 72 %.
MIN_ANSWERED = 10
WANTED = tuple(percent / 100 for percent in range(50, 101))  # precisions to know a threshold for


@dataclass(frozen=True)
class CalibrationOptions:
    """What is asked for.

    Attributes:
        temperature: whether one is fitted.
        precision: for which a threshold is chosen, 0..1; None is none.
        seed: of the folds and draws.
    """

    temperature: bool = True
    precision: float | None = None
    seed: int = 0


def fit_temperature(logits: np.ndarray, labels: np.ndarray, kind: str = "logits") -> float:
    """The temperature with the smallest loss (negative log-likelihood), Guo et al., section 4.2.

    The loss is convex in 1 / T, so it has one minimum; it is searched over log T.

    Args:
        logits: ``(n, K)``.
        labels: ``(n,)``.
        kind: ``logits``, or ``sigmoid_logits`` for the binary loss of sigmoid heads.

    Returns:
        ``LOWEST`` to ``HIGHEST``.
    """
    from scipy.optimize import minimize_scalar  # here: it takes half a second to load

    def loss(log_t: float) -> float:
        return mean_loss(logits, labels, kind, np.exp(log_t))

    ends = (float(np.log(LOWEST)), float(np.log(HIGHEST)))
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-6})
    # the search never tries an end itself, and stops beside the one that it means
    best = min((*ends, float(found.x)), key=loss)
    return {ends[0]: LOWEST, ends[1]: HIGHEST}.get(best, float(np.exp(best)))


def cross_validated(
    logits: np.ndarray, labels: np.ndarray, kind: str, seed: int, folds: int = FOLDS
) -> np.ndarray:
    """Logits, each divided by a temperature fitted without its own photo's fold: (n, K).

    What is fitted and scored on the same photos flatters; this does not. It says how good the way
    of fitting is; the temperature that is kept has seen all photos.
    """
    scaled, fold_of = np.empty(logits.shape), drawn_folds(len(labels), seed, folds)
    for fold in range(folds):
        part, rest = fold_of == fold, fold_of != fold
        scaled[part] = logits[part] / fit_temperature(logits[rest], labels[rest], kind)
    return scaled


def drawn_folds(n: int, seed: int, folds: int = FOLDS) -> np.ndarray:
    """The fold of each of ``n`` photos, as many in each as can be: (n,) int."""
    fold_of = np.empty(n, np.int64)
    for fold, part in enumerate(np.array_split(np.random.default_rng(seed).permutation(n), folds)):
        fold_of[part] = fold
    return fold_of


def operating_points(
    confidence: np.ndarray, right: np.ndarray, wanted: tuple[float, ...] = WANTED
) -> tuple[OperatingPoint, ...]:
    """For every wanted precision the smallest threshold that reaches it, as far as one does.

    A threshold lies half way between the last answer above it and the first below, so that
    another runtime's last digits do not decide; where everything is answered it is 0. Photos with
    the same score are answered together or not at all.

    Args:
        confidence: ``(n,)``, 0..1.
        right: ``(n,)`` bool.
        wanted: precisions, 0..1.

    Returns:
        Each point once, by rising score.
    """
    order = np.argsort(-confidence, kind="stable")
    sorted_, hits = confidence[order], np.cumsum(right[order])
    below = np.append(sorted_[1:], -np.inf)
    answered = np.arange(1, len(order) + 1)
    possible = (sorted_ > below) & (answered >= MIN_ANSWERED)
    points = set()
    for precision in wanted:
        good = np.flatnonzero(possible & (hits >= precision * answered - 1e-9))
        if not len(good):
            continue
        last = good[-1]
        middle = (sorted_[last] + below[last]) / 2 if last + 1 < len(order) else 0.0
        score = middle if middle > below[last] else sorted_[last]  # neighbours among the floats
        points.add((min(float(score), 1.0), int(answered[last]), int(hits[last])))
    return tuple(OperatingPoint(*point) for point in sorted(points))


def calibrate(
    logits: np.ndarray,
    labels: np.ndarray,
    kind: str,
    wanted: CalibrationOptions,
    split: str,
    sha256: str,
) -> tuple[CalibrationSpec, dict[str, Any]]:
    """Fits what is wished for and says what it is worth.

    Args:
        logits: ``(n, K)`` of the photos of ``split``.
        labels: ``(n,)``.
        kind: ``logits`` or ``sigmoid_logits``.
        wanted: what is asked for.
        split: its name.
        sha256: of the checkpoint that the logits are from.

    Returns:
        For ``spec.json``, with the temperature left to who makes probabilities; and for
        ``metrics.json``: ``split``, ``n``, ``sha256``, ``temperature``, ``bounded`` (it is an end
        of what is searched), ``reason`` (why none was fitted, or None); ``before``, ``after`` and
        ``cross_validated`` (None if not fitted), each with ``loss``, ``ece``, ``ece_adaptive``;
        ``by_chance``, see ``reliability.by_chance``, for the confidences after;
        ``reliability_before``, see ``reliability.bins``; ``threshold``, see ``_threshold``.
    """
    n = len(labels)
    reason = None
    if not wanted.temperature:
        reason = "calibration.temperature is false"
    elif n < MIN_PHOTOS:
        reason = f"{n} photos are too few to fit a temperature on: {MIN_PHOTOS} are needed"
    temperature = 1.0 if reason else fit_temperature(logits, labels, kind)
    scaled = logits / temperature
    confidence, right = _answers(scaled, labels, kind)
    report = {
        "split": split,
        "n": n,
        "sha256": sha256,
        "temperature": temperature,
        "bounded": temperature in (LOWEST, HIGHEST),
        "reason": reason,
        "before": _quality(logits, labels, kind),
        "after": _quality(scaled, labels, kind),
        "cross_validated": None,
        "by_chance": by_chance(confidence, wanted.seed),
        "reliability_before": bins(*_answers(logits, labels, kind)),
    }
    if not reason:
        held_out = _quality(cross_validated(logits, labels, kind, wanted.seed), labels, kind)
        report["cross_validated"] = {"folds": FOLDS, "seed": wanted.seed, **held_out}
    also = () if wanted.precision is None else (wanted.precision,)
    points = operating_points(confidence, right, WANTED + also) if n >= MIN_PHOTOS else ()
    spec = CalibrationSpec(split, n, sha256, temperature, precision=wanted.precision, points=points)
    chosen = None if wanted.precision is None else spec.threshold_for(wanted.precision)
    report["threshold"] = _threshold(scaled, labels, kind, wanted.precision, chosen)
    return CalibrationSpec(**{**vars(spec), "threshold": chosen}), report


def _threshold(
    logits: np.ndarray,
    labels: np.ndarray,
    kind: str,
    precision: float | None,
    chosen: float | None,
) -> dict[str, Any] | None:
    """``wanted`` and, as far as it was reached, ``metrics.at_threshold``, else the ``reason``."""
    if precision is None:
        return None
    if chosen is not None:
        return {"wanted": precision, "reason": None} | at_threshold(logits, labels, kind, chosen)
    n = len(labels)
    reason = (
        f"no threshold with {MIN_ANSWERED} or more answers reaches this precision"
        if n >= MIN_PHOTOS
        else f"{n} photos are too few to choose a threshold by: {MIN_PHOTOS} are needed"
    )
    return {"wanted": precision, "reason": reason}


def _answers(logits: np.ndarray, labels: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    return confidences(logits, kind), logits.argmax(1) == labels


def _quality(logits: np.ndarray, labels: np.ndarray, kind: str) -> dict[str, float]:
    confidence, right = _answers(logits, labels, kind)
    return {
        "loss": mean_loss(logits, labels, kind),
        "ece": expected_calibration_error(confidence, right),
        "ece_adaptive": expected_calibration_error(confidence, right, equal_mass=True),
    }

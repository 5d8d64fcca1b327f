"""Scores of a classifier, in NumPy; every image is counted once."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from src_mindspore.evaluation.confusion import count_confusion, written
from src_mindspore.evaluation.probabilities import LOSSES, log_softmax, probabilities
from src_mindspore.evaluation.reliability import bins, expected_calibration_error, share_interval
from src_mindspore.system.parallel import map_ordered

CELLS = 1 << 20  # scores that are worked on at once: 8 MB


def macro_f1(per_class: Sequence[dict[str, Any]]) -> float:
    """Mean F1 of the classes that have images, each counting alike, 0..1.

    A class with images that is never said has an F1 of 0. A class without images is left out:
    nothing was asked about it. What is wrongly said to be of it already lowers the recall, and so
    the F1, of the classes that the images are of.

    Args:
        per_class: as in ``report``; at least one class has images.
    """
    return float(np.mean([row["f1"] for row in per_class if row["n"]]))


def summary(scores: np.ndarray, labels: np.ndarray, loss: str = "logits") -> dict[str, float]:
    """Top-1, top-5 and mean loss, the numbers that are wanted after every epoch.

    A tie between scores goes to the lower class index.

    Args:
        scores: ``(n, K)``, more is likelier.
        labels: ``(n,)`` class indices.
        loss: what the scores are: ``logits`` (cross entropy of their softmax), ``probabilities``
            (cross entropy), ``sigmoid_logits`` or ``sigmoid_probabilities`` (binary cross entropy,
            mean over the classes).

    Returns:
        ``top1`` and ``top5`` in 0..1 (top-5 of fewer than 5 classes is 1), ``loss``.

    Raises:
        ValueError: no images, shapes that do not fit, an unknown ``loss``.
    """
    if len(labels) == 0 or scores.ndim != 2 or len(scores) != len(labels):
        raise ValueError(f"scores {scores.shape} and labels {labels.shape} must be (n, K) and (n,)")
    rank = _by_parts(lambda rows: _ranks(scores[rows], labels[rows]), scores)
    return {
        "top1": float((rank < 1).mean()),
        "top5": float((rank < 5).mean()),
        "loss": mean_loss(scores, labels, loss),
    }


def mean_loss(scores: np.ndarray, labels: np.ndarray, loss: str, temperature: float = 1.0) -> float:
    """The ``loss`` of ``summary``, alone; ``temperature`` is what scores are divided by first."""

    def some(rows: slice) -> np.ndarray:
        part = scores[rows] if temperature == 1 else scores[rows] / temperature
        return _losses(part.astype(np.float64), labels[rows], loss)

    return float(_by_parts(some, scores).mean())


def confidences(scores: np.ndarray, loss: str) -> np.ndarray:
    """The probability of the likeliest class of every image: (n, K) -> (n,) float64."""
    return _by_parts(lambda rows: probabilities(scores[rows], loss).max(1), scores)


def _by_parts(work: Callable[[slice], np.ndarray], scores: np.ndarray) -> np.ndarray:
    """What ``work`` gives for some rows at a time, as one array."""
    parts = _parts(scores)
    return np.concatenate(list(map_ordered(work, parts) if len(parts) > 1 else map(work, parts)))


def _parts(scores: np.ndarray) -> list[slice]:
    """Rows that are worked on at once: with many classes all of them would take gigabytes."""
    rows = max(1, CELLS // max(1, scores.shape[1]))
    return [slice(start, start + rows) for start in range(0, len(scores), rows)]


def _ranks(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes come before the right one: (n,). What is no number comes last."""
    scores = np.where(np.isnan(scores), -np.inf, scores)
    own = scores[np.arange(len(labels)), labels][:, None]
    before = np.arange(scores.shape[1]) < labels[:, None]
    return ((scores > own) | ((scores == own) & before)).sum(1)


def _losses(scores: np.ndarray, labels: np.ndarray, kind: str) -> np.ndarray:
    rows = np.arange(len(labels))
    smallest = np.finfo(np.float32).tiny  # an exported softmax may round to 0
    if kind == "logits":
        return -log_softmax(scores)[rows, labels]
    if kind == "probabilities":
        return -np.log(np.maximum(scores[rows, labels], smallest))
    targets = np.zeros_like(scores)
    targets[rows, labels] = 1
    if kind == "sigmoid_logits":
        each = np.maximum(scores, 0) - scores * targets + np.log1p(np.exp(-np.abs(scores)))
    elif kind == "sigmoid_probabilities":
        right = np.where(targets == 1, scores, 1 - scores)
        each = -np.log(np.maximum(right, smallest))
    else:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {kind!r}")
    return each.mean(1)


def report(
    scores: np.ndarray, labels: np.ndarray, classes: Sequence[str], loss: str = "logits"
) -> dict[str, Any]:
    """Everything ``evaluate.py`` writes about one split.

    Returns:
        ``n``, ``top1``, ``top1_interval`` (see ``share_interval``), ``top5``, ``loss``,
        ``macro_f1``, ``ece`` (15 bins of equal width) and ``ece_adaptive`` (of equal number, see
        ``reliability.py``), ``reliability`` (the 15 bins), ``per_class`` (label, n, precision,
        recall, f1; a precision without predictions and a recall without images is None),
        ``confusion_form`` and ``confusion``, see ``confusion.written``.
    """
    predicted = scores.argmax(1)
    right, confidence = predicted == labels, confidences(scores, loss)
    hits, actual, said = (
        np.bincount(found, minlength=len(classes)).tolist()
        for found in (labels[right], labels, predicted)
    )
    per_class = [_class_row(*row) for row in zip(classes, hits, actual, said, strict=True)]
    scored = summary(scores, labels, loss)
    return {
        "n": len(labels),
        "top1": scored["top1"],
        "top1_interval": list(share_interval(int(right.sum()), len(labels))),
        "top5": scored["top5"],
        "loss": scored["loss"],
        "macro_f1": macro_f1(per_class),
        "ece": expected_calibration_error(confidence, right),
        "ece_adaptive": expected_calibration_error(confidence, right, equal_mass=True),
        "reliability": bins(confidence, right),
        "per_class": per_class,
        **written(count_confusion(labels, predicted, len(classes)), len(classes)),
    }


def at_threshold(
    scores: np.ndarray, labels: np.ndarray, loss: str, threshold: float
) -> dict[str, Any]:
    """What remains of a split when answers below a score are held back.

    Args:
        scores: ``(n, K)``.
        labels: ``(n,)``.
        loss: what the scores are, one of ``LOSSES``.
        threshold: of the probability, 0..1; an answer of exactly this score counts.

    Returns:
        ``threshold``; ``n``; ``answered``, how many of them; ``coverage``, their share; ``right``
        of those; ``precision``, their share of those, with its 95 % ``precision_interval``, both
        None where nothing is answered.
    """
    counts = confidences(scores, loss) >= threshold
    answered = int(counts.sum())
    right = int((scores.argmax(1) == labels)[counts].sum())
    return {
        "threshold": threshold,
        "n": len(labels),
        "answered": answered,
        "coverage": answered / len(labels),
        "right": right,
        "precision": right / answered if answered else None,
        "precision_interval": list(share_interval(right, answered)) if answered else None,
    }


def _class_row(name: str, hits: int, actual: int, said: int) -> dict[str, Any]:
    return {
        "label": name,
        "n": actual,
        "precision": hits / said if said else None,
        "recall": hits / actual if actual else None,
        "f1": 2 * hits / (actual + said) if actual + said else None,
    }

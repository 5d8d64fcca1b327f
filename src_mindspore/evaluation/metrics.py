"""Scores of a classifier, in NumPy; every image is counted once."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from src_mindspore.evaluation.probabilities import LOSSES, log_softmax, probabilities
from src_mindspore.evaluation.reliability import bins, expected_calibration_error, share_interval


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
    rows = np.arange(len(labels))
    order = np.argsort(-scores, axis=1, kind="stable")
    rank = (order == labels[:, None]).argmax(1)
    return {
        "top1": float((rank < 1).mean()),
        "top5": float((rank < 5).mean()),
        "loss": float(_losses(scores.astype(np.float64), labels, rows, loss).mean()),
    }


def _losses(scores: np.ndarray, labels: np.ndarray, rows: np.ndarray, kind: str) -> np.ndarray:
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
        recall, f1; a precision without predictions and a recall without images is None) and
        ``confusion``, ``confusion[true][predicted]`` in images.
    """
    shown = probabilities(scores, loss)
    predicted = scores.argmax(1)
    right, confidence = predicted == labels, shown.max(1)
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (labels, predicted), 1)
    per_class = [_class_row(confusion, index, name) for index, name in enumerate(classes)]
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
        "confusion": confusion.tolist(),
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
    counts = probabilities(scores, loss).max(1) >= threshold
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


def _class_row(confusion: np.ndarray, index: int, name: str) -> dict[str, Any]:
    hits, actual, said = (
        int(confusion[index, index]),
        int(confusion[index].sum()),
        int(confusion[:, index].sum()),
    )
    return {
        "label": name,
        "n": actual,
        "precision": hits / said if said else None,
        "recall": hits / actual if actual else None,
        "f1": 2 * hits / (actual + said) if actual + said else None,
    }

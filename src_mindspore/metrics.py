"""Scores of a classifier, in NumPy; every image is counted once."""

from collections.abc import Sequence
from typing import Any

import numpy as np

LOSSES = ("logits", "probabilities", "sigmoid_logits", "sigmoid_probabilities")


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """(n, K) -> (n, K), stable for large values."""
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


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
        ``n``, ``top1``, ``top5``, ``loss``, ``per_class`` (label, n, precision, recall, f1; a
        precision without predictions and a recall without images is None) and ``confusion``,
        ``confusion[true][predicted]`` in images.
    """
    predicted = scores.argmax(1)
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (labels, predicted), 1)
    per_class = []
    for index, name in enumerate(classes):
        hits, actual, said = (
            int(confusion[index, index]),
            int(confusion[index].sum()),
            int(confusion[:, index].sum()),
        )
        per_class.append(
            {
                "label": name,
                "n": actual,
                "precision": hits / said if said else None,
                "recall": hits / actual if actual else None,
                "f1": 2 * hits / (actual + said) if actual + said else None,
            }
        )
    return {
        "n": len(labels),
        **summary(scores, labels, loss),
        "per_class": per_class,
        "confusion": confusion.tolist(),
    }

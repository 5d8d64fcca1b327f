"""Scores of a model as probabilities."""

import numpy as np

LOSSES = ("logits", "probabilities", "sigmoid_logits", "sigmoid_probabilities")


def logits_kind(activation: str | None) -> str:
    """What the logits of a head are, one of ``LOSSES``: a binary decision a class with sigmoid."""
    return "sigmoid_logits" if activation == "sigmoid" else "logits"


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """(n, K) -> (n, K), stable for large values."""
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def probabilities(scores: np.ndarray, kind: str) -> np.ndarray:
    """Scores as shown to people, 0..1: (n, K) -> (n, K) float64.

    Args:
        scores: ``(n, K)``.
        kind: what they are, one of ``LOSSES``.
    """
    scores = scores.astype(np.float64)
    if kind == "logits":
        return np.exp(log_softmax(scores))
    if kind == "sigmoid_logits":
        return 0.5 * (1 + np.tanh(scores / 2))  # the same as 1 / (1 + exp(-x)), without overflow
    return scores

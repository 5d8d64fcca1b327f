"""Class weights of the loss, from the numbers of photos."""

import numpy as np

CLASS_WEIGHTS = ("none", "sqrt", "balanced")


def class_weights(labels: np.ndarray, classes: int, rule: str) -> np.ndarray:
    """Weight of each class in the loss.

    ``balanced`` is ``n / (classes * count)``, which gives every class the same total weight;
    ``sqrt`` is its square root; ``none`` is 1. All are scaled so that the mean over the photos is
    1 and the learning rate keeps its meaning.

    Args:
        labels: ``(n,)`` class indices of the training photos; every class occurs.
        classes: number of classes.
        rule: one of ``CLASS_WEIGHTS``.

    Returns:
        ``(classes,)`` float32.

    Raises:
        ValueError: an unknown rule, or a class without a photo.
    """
    if rule not in CLASS_WEIGHTS:
        raise ValueError(f"rule must be one of {', '.join(CLASS_WEIGHTS)}; got {rule!r}")
    counts = np.bincount(labels, minlength=classes)
    if counts.min() == 0:
        raise ValueError(f"class {int(counts.argmin())} has no photo")
    power = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}[rule]
    weights = (len(labels) / (classes * counts)) ** power
    return (weights / weights[labels].mean()).astype(np.float32)

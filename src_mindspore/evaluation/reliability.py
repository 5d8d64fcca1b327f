"""Whether confidences mean what they say: of answers given with 80 %, 80 % should be right.

The confidence of an answer is the probability of the class that is said, its top-1.
"""

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import Any

import numpy as np

# Of equal width, as in C. Guo et al., "On calibration of modern neural networks", ICML 2017
# (arXiv:1706.04599), section 4: the field's standard, so that numbers can be compared.
BINS = 15
DRAWS = 2000
LEVEL = 0.95  # of every interval that is written or shown


def share_interval(hits: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson score interval of a share: the true ones that would not be surprised by ``hits``.

    Unlike hits/n +- z * its standard deviation it stays within 0..1 and has a width where all or
    none are right. E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", J. Am. Stat. Assoc. 22 (1927) 209-212; without continuity correction.

    Args:
        hits: 0 to ``n``.
        n: number of independent trials, at least 1.
        level: above 0 and below 1, the share of such intervals that hold the true share.

    Returns:
        Lower and upper end, 0..1.

    Raises:
        ValueError: numbers outside these ranges.
    """
    if not 0 <= hits <= n or n < 1 or not 0 < level < 1:
        raise ValueError(f"0 <= hits <= n, n >= 1, 0 < level < 1; got {hits, n, level}")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, grown = hits / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / grown
    half = z / grown * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    # rounding must not move an end past 0 or 1, which are exact where all are alike
    return (max(0.0, middle - half) if hits else 0.0, min(1.0, middle + half) if hits < n else 1.0)


def bins(
    confidence: np.ndarray, right: np.ndarray, count: int = BINS, equal_mass: bool = False
) -> list[dict[str, Any]]:
    """The answers sorted into bins of confidence: the numbers of a reliability plot.

    Args:
        confidence: ``(n,)``, 0..1.
        right: ``(n,)`` bool.
        count: number of bins.
        equal_mass: bins of equally many answers, or one more, in place of equal width. Equal
            confidences may then come into different bins.

    Returns:
        One row for each bin: ``low`` and ``high`` (of equal width: the bin is what lies above
        ``low``, up to ``high``; of equal mass: its smallest and largest confidence), ``n``,
        ``confidence`` and ``accuracy`` (means), ``accuracy_interval`` (see ``share_interval``);
        these three are None in an empty bin.

    Raises:
        ValueError: no answers, shapes that do not fit, a confidence outside 0..1.
    """
    if len(confidence) == 0 or confidence.shape != right.shape or confidence.ndim != 1:
        raise ValueError(f"both must be (n,); got {confidence.shape} and {right.shape}")
    # probabilities of a float32 softmax may be above 1 by a rounding
    if not (confidence.min() >= 0 and confidence.max() <= 1 + 1e-5):
        raise ValueError(
            f"confidences are 0 to 1; got {confidence.min():.6g} to {confidence.max():.6g}"
        )
    rows = []
    for low, high, members in _members(confidence, count, equal_mass):
        row = {"low": low, "high": high, "n": len(members)}
        keys = ("confidence", "accuracy", "accuracy_interval")
        values = (None, None, None)
        if n := len(members):
            hits = int(right[members].sum())
            values = (float(confidence[members].mean()), hits / n, list(share_interval(hits, n)))
        rows.append(row | dict(zip(keys, values, strict=True)))
    return rows


def _members(
    confidence: np.ndarray, count: int, equal_mass: bool
) -> Iterator[tuple[float, float, np.ndarray]]:
    """Ends and indices of each bin."""
    if equal_mass:
        order = np.argsort(confidence, kind="stable")
        for members in np.array_split(order, min(count, len(order))):
            yield float(confidence[members[0]]), float(confidence[members[-1]]), members
        return
    number = np.clip(np.ceil(confidence * count).astype(int) - 1, 0, count - 1)
    for index in range(count):
        yield index / count, (index + 1) / count, np.flatnonzero(number == index)


def expected_calibration_error(
    confidence: np.ndarray, right: np.ndarray, count: int = BINS, equal_mass: bool = False
) -> float:
    """ECE: mean distance of accuracy and confidence over the bins, by their share, 0..1.

    Guo et al., equation 3; with ``equal_mass`` the adaptive one of K. Nguyen and B. O'Connor,
    EMNLP 2015 (arXiv:1508.05154). Both are biased upwards where bins hold few answers: a bin of
    three cannot be 80 % right. ``by_chance`` says by how much.

    Args:
        confidence: ``(n,)``, 0..1.
        right: ``(n,)`` bool.
        count: number of bins.
        equal_mass: see ``bins``.
    """
    rows = [row for row in bins(confidence, right, count, equal_mass) if row["n"]]
    return sum(row["n"] * abs(row["accuracy"] - row["confidence"]) for row in rows) / len(right)


def by_chance(confidence: np.ndarray, seed: int, equal_mass: bool = False) -> dict[str, float]:
    """The ECE that a perfectly calibrated model with these very confidences would show.

    Every answer is right by chance, with the probability that its confidence says; J. Broecker
    and L. Smith, "Increasing the reliability of reliability diagrams", Weather and Forecasting 22
    (2007) 651-661, call it consistency resampling. An ECE below ``high`` is no evidence of a fault.

    Args:
        confidence: ``(n,)``, 0..1.
        seed: of the draws.
        equal_mass: see ``bins``.

    Returns:
        ``mean``, ``low`` and ``high`` (the 5th and the 95th percentile of ``draws``).
    """
    rng = np.random.default_rng(seed)
    # the bins do not change from draw to draw
    groups = [m for _, _, m in _members(confidence, BINS, equal_mass) if len(m)]
    order = np.concatenate(groups)
    starts = np.cumsum([0, *(len(m) for m in groups)])[:-1]
    found = np.empty(DRAWS)
    for draw in range(DRAWS):
        right = rng.random(len(confidence)) < confidence
        gaps = np.add.reduceat((right - confidence)[order], starts)
        found[draw] = np.abs(gaps).sum() / len(confidence)
    low, high = np.quantile(found, [0.05, 0.95])
    return {"mean": float(found.mean()), "low": float(low), "high": float(high), "draws": DRAWS}

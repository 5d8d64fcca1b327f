"""Intervals and calibration errors against sums done by hand, and against other libraries."""

import numpy as np
import pytest
from scipy.stats import binomtest

from src_mindspore.evaluation.reliability import (
    bins,
    by_chance,
    expected_calibration_error,
    share_interval,
)


@pytest.mark.parametrize(
    ("hits", "n", "expected"),
    [
        # 3.8416 for z squared: the ends for 0 of 10 are 0 and z2 / (10 + z2)
        (0, 10, (0, 0.27753)),
        (10, 10, (0.72247, 1)),
        (5, 10, (0.23659, 0.76341)),
        (121, 127, (0.90076, 0.97817)),
        (1, 1, (0.20655, 1)),
    ],
)
def test_share_interval(hits, n, expected):
    assert share_interval(hits, n) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_share_interval_is_scipys(level):
    for hits, n in ((0, 1), (1, 3), (17, 20), (950, 1000), (10**6, 10**6)):
        theirs = binomtest(hits, n).proportion_ci(level, "wilson")
        assert share_interval(hits, n, level) == pytest.approx(tuple(theirs), abs=1e-12)


@pytest.mark.parametrize(
    ("hits", "n", "level"), [(1, 0, 0.9), (-1, 3, 0.9), (4, 3, 0.9), (1, 3, 1)]
)
def test_what_is_no_share(hits, n, level):
    with pytest.raises(ValueError, match="0 <= hits <= n, n >= 1, 0 < level < 1; got"):
        share_interval(hits, n, level)


CONFIDENCE = np.array([0.1, 0.3, 0.35, 0.5, 0.9, 1.0, 0.0, 0.8])
RIGHT = np.array([0, 1, 0, 1, 1, 1, 0, 0], bool)


def test_bins_of_equal_width():
    rows = bins(CONFIDENCE, RIGHT, 2)
    # up to 0.5: 0.1 0.3 0.35 0.5 0.0; above: 0.9 1.0 0.8
    assert [(row["low"], row["high"], row["n"]) for row in rows] == [(0, 0.5, 5), (0.5, 1, 3)]
    assert [row["confidence"] for row in rows] == pytest.approx([0.25, 0.9])
    assert [row["accuracy"] for row in rows] == pytest.approx([2 / 5, 2 / 3])
    assert rows[0]["accuracy_interval"] == list(share_interval(2, 5))
    by_hand = (5 * abs(2 / 5 - 0.25) + 3 * abs(2 / 3 - 0.9)) / 8
    assert expected_calibration_error(CONFIDENCE, RIGHT, 2) == pytest.approx(by_hand)


def test_bins_of_equal_number():
    rows = bins(CONFIDENCE, RIGHT, 3, equal_mass=True)
    # 0.0 0.1 0.3 | 0.35 0.5 0.8 | 0.9 1.0
    assert [(row["low"], row["high"], row["n"]) for row in rows] == [
        (0, 0.3, 3),
        (0.35, 0.8, 3),
        (0.9, 1, 2),
    ]
    by_hand = (abs(1 - 0.4) + abs(1 - 1.65) + abs(2 - 1.9)) / 8
    got = expected_calibration_error(CONFIDENCE, RIGHT, 3, equal_mass=True)
    assert got == pytest.approx(by_hand)


def test_there_are_15_bins_and_an_empty_one_says_nothing():
    rows = bins(np.array([0.42]), np.array([True]))
    assert len(rows) == 15
    assert [row["n"] for row in rows] == [0] * 6 + [1] + [0] * 8
    assert (rows[0]["confidence"], rows[0]["accuracy"]) == (None, None)
    assert rows[0]["accuracy_interval"] is None
    assert len(bins(np.array([0.42]), np.array([True]), equal_mass=True)) == 1


@pytest.mark.parametrize("equal_mass", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_properties(seed, equal_mass):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 300))
    confidence, right = rng.random(n), rng.random(n) < 0.7
    rows = [row for row in bins(confidence, right, equal_mass=equal_mass) if row["n"]]
    assert sum(row["n"] for row in rows) == n
    for row in rows:
        assert row["low"] <= row["confidence"] <= row["high"] + 1e-12
        assert row["accuracy_interval"][0] <= row["accuracy"] <= row["accuracy_interval"][1]
    ece = expected_calibration_error(confidence, right, equal_mass=equal_mass)
    # no more than the mean distance of a single answer, no less than that of all together
    assert abs(right.mean() - confidence.mean()) - 1e-12 <= ece <= np.abs(right - confidence).mean()
    order = rng.permutation(n)
    shuffled = expected_calibration_error(confidence[order], right[order], equal_mass=equal_mass)
    assert shuffled == pytest.approx(ece)


def test_certain_and_right_is_no_error():
    assert expected_calibration_error(np.ones(5), np.ones(5, bool)) == 0
    assert expected_calibration_error(np.ones(5), np.zeros(5, bool)) == 1


@pytest.mark.parametrize(
    ("confidence", "right", "text"),
    [
        (np.zeros(0), np.zeros(0, bool), r"both must be \(n,\); got \(0,\) and \(0,\)"),
        (np.zeros(2), np.zeros(3, bool), r"both must be \(n,\); got \(2,\) and \(3,\)"),
        (np.array([0.5, 1.1]), np.ones(2, bool), "confidences are 0 to 1; got 0.5 to 1.1"),
        (np.array([0.5, np.nan]), np.ones(2, bool), "confidences are 0 to 1; got nan"),
    ],
)
def test_refusals(confidence, right, text):
    with pytest.raises(ValueError, match=text):
        bins(confidence, right)


def test_chance():
    confidence = np.full(200, 0.8)  # one bin: the distance of a share of 200 from 0.8
    got = by_chance(confidence, seed=1)
    # mean absolute deviation of a normal: sd * sqrt(2 / pi)
    assert got["mean"] == pytest.approx((0.8 * 0.2 / 200 * 2 / np.pi) ** 0.5, rel=0.05)
    assert 0 <= got["low"] < got["mean"] < got["high"]
    assert by_chance(confidence, seed=1) == got != by_chance(confidence, seed=2)
    certain = by_chance(np.ones(10), seed=1)
    assert (certain["mean"], certain["high"]) == (0, 0)


def test_chance_bins_as_the_error_does():
    rng = np.random.default_rng(3)
    confidence = rng.random(90)
    for equal_mass in (False, True):
        drawn = [
            expected_calibration_error(
                confidence, rng.random(90) < confidence, equal_mass=equal_mass
            )
            for _ in range(400)
        ]
        got = by_chance(confidence, seed=4, equal_mass=equal_mass)
        assert got["mean"] == pytest.approx(np.mean(drawn), rel=0.05)

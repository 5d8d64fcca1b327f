"""A known temperature is found again, thresholds are those counted by hand, labels never change."""

import numpy as np
import pytest

from src_mindspore.evaluation.calibration import (
    HIGHEST,
    LOWEST,
    MIN_ANSWERED,
    MIN_PHOTOS,
    calibrate,
    cross_validated,
    fit_temperature,
    operating_points,
)
from src_mindspore.evaluation.calibration import CalibrationOptions as Options
from src_mindspore.evaluation.metrics import summary
from src_mindspore.evaluation.probabilities import probabilities
from src_mindspore.spec.calibration import OperatingPoint


def calibrated_logits(n: int, classes: int, seed: int, sigmoid: bool = False):
    """Logits, and labels drawn from just the probabilities that these logits mean."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, classes))
    if sigmoid:  # exactly one class is right: drawn from the vectors of which one is
        odds = np.exp(logits)
        share = odds / odds.sum(1, keepdims=True)
    else:
        share = probabilities(logits, "logits")
    labels = (share.cumsum(1) < rng.random((n, 1))).sum(1)
    return logits, np.minimum(labels, classes - 1)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_a_known_temperature_is_found_again(temperature):
    logits, labels = calibrated_logits(20_000, 5, seed=0)
    got = fit_temperature(logits * temperature, labels)
    # standard error at n = 20,000: about 1 %
    assert got == pytest.approx(temperature, rel=0.03)


def test_the_optimum_by_hand():
    # 3 of 4 right, logits d apart: softmax(d / T) = 3/4, so that T = d / ln 3
    logits = np.array([[2.0, 0.0]] * 4)
    assert fit_temperature(logits, np.array([0, 0, 0, 1])) == pytest.approx(2 / np.log(3), rel=1e-4)


def test_the_binary_optimum_by_hand():
    # each of both classes is an own question: +a is right 3 times of 4, -a is wrong as often
    logits = np.array([[2.0, -2.0]] * 4)
    got = fit_temperature(logits, np.array([0, 0, 0, 1]), "sigmoid_logits")
    assert got == pytest.approx(2 / np.log(3), rel=1e-4)


@pytest.mark.parametrize("kind", ["logits", "sigmoid_logits"])
def test_nothing_near_is_better(kind):
    logits, labels = calibrated_logits(300, 4, seed=1, sigmoid=kind != "logits")
    got = fit_temperature(3 * logits, labels, kind)
    least = summary(3 * logits / got, labels, kind)["loss"]
    for factor in (0.5, 0.9, 0.99, 1.01, 1.1, 2):
        assert summary(3 * logits / (got * factor), labels, kind)["loss"] > least


def test_where_all_are_right_or_wrong_the_ends_are_taken():
    logits = np.array([[1.0, 0.0]] * 60)
    assert fit_temperature(logits, np.zeros(60, int)) == LOWEST
    assert fit_temperature(logits, np.ones(60, int)) == HIGHEST
    _, report = calibrate(logits, np.zeros(60, int), "logits", Options(), "val", "")
    assert report["bounded"]


@pytest.mark.parametrize("kind", ["logits", "sigmoid_logits"])
@pytest.mark.parametrize("seed", range(5))
def test_no_label_and_no_rank_changes(kind, seed):
    logits, labels = calibrated_logits(200, 6, seed)
    spec, report = calibrate(logits, labels, kind, Options(), "val", "")
    before, after = probabilities(logits, kind), probabilities(logits / spec.temperature, kind)
    np.testing.assert_array_equal(before.argsort(1), after.argsort(1))
    assert report["after"]["loss"] <= report["before"]["loss"] + 1e-9


def test_cross_validation_is_of_the_others():
    logits, labels = calibrated_logits(100, 3, seed=2)
    got = cross_validated(logits, labels, "logits", seed=7)
    order = np.random.default_rng(7).permutation(100)
    for part in np.array_split(order, 5):
        others = np.setdiff1d(order, part)
        expected = logits[part] / fit_temperature(logits[others], labels[others])
        np.testing.assert_allclose(got[part], expected)


def test_operating_points_by_hand():
    # from the surest on: 14 right, wrong, 5 right, wrong, wrong
    right = np.array([1] * 14 + [0] + [1] * 5 + [0, 0], bool)
    confidence = np.linspace(0.99, 0.57, 22)  # 0.02 apart
    points = operating_points(confidence, right, (0.5, 0.9, 0.95, 0.96, 1.0))
    assert [(p.answered, p.right) for p in points] == [(22, 19), (21, 19), (20, 19), (14, 14)]
    assert [p.score for p in points] == pytest.approx([0, 0.58, 0.60, 0.72])


def test_equal_scores_are_answered_together():
    right = np.array([1] * 12 + [1, 0], bool)
    confidence = np.array([0.9] * 12 + [0.8, 0.8])
    (whole, sure) = operating_points(confidence, right, (0.9, 0.95))
    assert whole == OperatingPoint(0.0, 14, 13)
    assert (sure.score, sure.answered, sure.right) == (pytest.approx(0.85), 12, 12)


def test_a_handful_of_answers_is_no_result():
    right = np.array([True] * (MIN_ANSWERED - 1) + [False] * 60)
    confidence = np.linspace(1, 0.1, len(right))
    assert operating_points(confidence, right, (0.95,)) == ()


@pytest.mark.parametrize("seed", range(8))
def test_properties_of_operating_points(seed):
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.random(120), 2)  # with equal ones
    right = rng.random(120) < confidence
    points = operating_points(confidence, right)
    shares = [p.right / p.answered for p in points]
    assert [p.score for p in points] == sorted({p.score for p in points})
    assert shares == sorted(shares)
    for point in points:
        counts = confidence >= point.score
        assert (counts.sum(), right[counts].sum()) == (point.answered, point.right)
    for precision in (0.5, 0.8, 0.97):  # nothing smaller would do
        (best,) = operating_points(confidence, right, (precision,)) or (None,)
        for score in np.unique(confidence):
            counts = confidence >= score
            if counts.sum() >= MIN_ANSWERED and right[counts].mean() >= precision:
                assert best is not None
                assert best.score <= score


def test_what_calibrate_says():
    logits, labels = calibrated_logits(400, 4, seed=3)
    spec, report = calibrate(
        3 * logits, labels, "logits", Options(precision=0.9, seed=5), "val", "ab"
    )
    assert (spec.split, spec.n, spec.sha256) == ("val", 400, "ab")
    assert (report["split"], report["n"], report["sha256"]) == ("val", 400, "ab")
    assert spec.temperature == report["temperature"] == pytest.approx(3, rel=0.2)
    assert (spec.model_temperature, spec.precision) == (1, 0.9)
    assert report["reason"] is None
    assert not report["bounded"]
    assert report["after"]["ece"] < report["before"]["ece"] / 2
    assert report["cross_validated"]["loss"] >= report["after"]["loss"]
    kept = report["threshold"]
    assert (kept["wanted"], kept["reason"], kept["threshold"]) == (0.9, None, spec.threshold)
    assert kept["precision"] >= 0.9
    assert 0 < kept["coverage"] < 1
    again = calibrate(3 * logits, labels, "logits", Options(precision=0.9, seed=5), "val", "ab")
    assert again == (spec, report)


def test_what_was_not_asked_for():
    logits, labels = calibrated_logits(100, 4, seed=3)
    spec, report = calibrate(logits, labels, "logits", Options(temperature=False), "val", "")
    assert (spec.temperature, spec.threshold, report["threshold"]) == (1, None, None)
    assert report["reason"] == "calibration.temperature is false"
    assert report["before"] == report["after"]
    assert report["cross_validated"] is None


def test_too_few_photos():
    logits, labels = calibrated_logits(MIN_PHOTOS - 1, 4, seed=3)
    spec, report = calibrate(logits, labels, "logits", Options(precision=0.5), "val", "")
    assert (spec.temperature, spec.threshold, spec.points) == (1, None, ())
    assert report["reason"] == "49 photos are too few to fit a temperature on: 50 are needed"
    assert report["threshold"] == {
        "wanted": 0.5,
        "reason": "49 photos are too few to choose a threshold by: 50 are needed",
    }


def test_a_precision_that_nothing_reaches():
    logits = np.random.default_rng(0).normal(0, 1, (200, 4))
    labels = (logits.argmax(1) + 1) % 4  # never right
    spec, report = calibrate(logits, labels, "logits", Options(precision=0.99), "val", "")
    assert spec.threshold is None
    assert report["threshold"] == {
        "wanted": 0.99,
        "reason": "no threshold with 10 or more answers reaches this precision",
    }

"""Scores against confusion matrices and losses worked out by hand."""

import numpy as np
import pytest

from src_mindspore.evaluation.metrics import at_threshold, report, summary
from src_mindspore.evaluation.probabilities import log_softmax, probabilities


def test_log_softmax():
    logits = np.array([[0.0, np.log(3)], [1000.0, 1000.0], [-2000.0, 0.0]])
    expected = np.log([[0.25, 0.75], [0.5, 0.5], [1e-300, 1.0]])
    expected[2, 0] = -2000
    np.testing.assert_allclose(log_softmax(logits), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("scores", "labels", "top1", "top5"),
    [
        ([[1, 2, 3]], [2], 1, 1),
        ([[1, 2, 3]], [0], 0, 1),  # top-5 of 3 classes
        ([[7, 7, 7]], [0], 1, 1),  # a tie goes to the lower index
        ([[7, 7, 7]], [1], 0, 1),
        ([[9, 8, 7, 6, 5, 4]], [4], 0, 1),
        ([[9, 8, 7, 6, 5, 4]], [5], 0, 0),
        ([[1, 1, 1, 1, 1, 1]], [5], 0, 0),
        ([[3, 1], [1, 3], [3, 1], [3, 1]], [0, 0, 0, 1], 0.5, 1),
        ([[1, 0] * 50], [8], 0, 1),  # a tie among many, the fifth of them
        ([[1, 0] * 50], [10], 0, 0),
    ],
)
def test_top(scores, labels, top1, top5):
    got = summary(np.array(scores, np.float32), np.array(labels))
    assert (got["top1"], got["top5"]) == (top1, top5)


@pytest.mark.parametrize(
    ("kind", "scores", "expected"),
    [
        ("logits", [[0, np.log(3)], [np.log(3), 0]], (np.log(4 / 3) + np.log(4)) / 2),
        ("probabilities", [[0.25, 0.75], [0.5, 0.5]], (np.log(4 / 3) + np.log(2)) / 2),
        ("probabilities", [[1, 0], [0.5, 0.5]], (np.log(2.0**126) + np.log(2)) / 2),
        # sigmoid(ln 3) = 3/4
        ("sigmoid_logits", [[0, np.log(3)], [np.log(3), 0]], np.log([2, 4 / 3, 4, 2]).mean()),
        ("sigmoid_logits", [[800, -800], [0, 800]], (800 + 800 + np.log(2)) / 4),
        ("sigmoid_probabilities", [[0.5, 0.75], [0.75, 0.5]], np.log([2, 4 / 3, 4, 2]).mean()),
        ("sigmoid_probabilities", [[0, 1], [1, 0.5]], np.log([1, 1, 2.0**126, 2]).mean()),
    ],
)
def test_loss(kind, scores, expected):
    got = summary(np.array(scores), np.array([1, 1]), kind)["loss"]
    assert got == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("scores", "labels", "text"),
    [
        (np.zeros((0, 3)), [], r"scores \(0, 3\) and labels \(0,\) must be \(n, K\) and \(n,\)"),
        (np.zeros((2, 3)), [0], r"scores \(2, 3\) and labels \(1,\) must be"),
        (np.zeros(3), [0, 1, 2], r"scores \(3,\) and labels \(3,\) must be"),
    ],
)
def test_summary_refusals(scores, labels, text):
    with pytest.raises(ValueError, match=text):
        summary(scores, np.array(labels, int))


# class d never occurs and is said once, class c occurs and is never said, e does neither
CONFUSION = [[2, 1, 0, 0, 0], [0, 3, 0, 1, 0], [1, 0, 0, 0, 0], [0] * 5, [0] * 5]
PER_CLASS = [  # n, precision, recall, f1
    (3, 2 / 3, 2 / 3, 2 / 3),
    (4, 3 / 4, 3 / 4, 3 / 4),
    (1, None, 0, 0),
    (0, 0, None, 0),
    (0, None, None, None),
]


def test_report():
    pairs = [(t, p) for t in range(5) for p in range(5) for _ in range(CONFUSION[t][p])]
    labels, predicted = np.array(pairs).T
    got = report(np.eye(5)[predicted] * 9, labels, "abcde")
    assert (got["n"], got["top1"], got["top5"]) == (8, 5 / 8, 1)
    assert got["confusion"] == CONFUSION
    # a, b and c have images; c is never said; d, which is only said, and e count for nothing
    assert got["macro_f1"] == pytest.approx((2 / 3 + 3 / 4 + 0) / 3)
    # Wilson for 5 of 8, z = 1.959964: 0.5903 +- 0.2846
    assert got["top1_interval"] == pytest.approx([0.30574, 0.86316], abs=1e-5)
    confidence = np.exp(9) / (4 + np.exp(9))  # of every answer
    assert got["ece"] == pytest.approx(confidence - 5 / 8)
    # 8 photos make 8 bins of one photo each
    assert got["ece_adaptive"] == pytest.approx((3 * confidence + 5 * (1 - confidence)) / 8)
    assert [row["n"] for row in got["reliability"]] == [0] * 14 + [8]
    wrong, right = np.log(4 + np.exp(9)), np.log(4 + np.exp(9)) - 9
    assert got["loss"] == pytest.approx((3 * wrong + 5 * right) / 8)
    assert [line["label"] for line in got["per_class"]] == list("abcde")
    for line, (n, *scores) in zip(got["per_class"], PER_CLASS, strict=True):
        assert line["n"] == n
        assert [line[k] for k in ("precision", "recall", "f1")] == pytest.approx(scores)


def test_report_breaks_ties_as_top1_does():
    got = report(np.zeros((4, 3)), np.array([0, 0, 1, 2]), "abc")
    assert got["confusion"] == [[2, 0, 0], [1, 0, 0], [1, 0, 0]]
    assert got["top1"] == 0.5


@pytest.mark.parametrize(
    ("kind", "scores", "expected"),
    [
        ("logits", [[0, np.log(3)]], [[0.25, 0.75]]),
        ("probabilities", [[0.3, 0.7]], [[0.3, 0.7]]),
        ("sigmoid_logits", [[np.log(3), -800, 800, 0]], [[0.75, 0, 1, 0.5]]),
        ("sigmoid_probabilities", [[0.3, 0.3]], [[0.3, 0.3]]),
    ],
)
def test_probabilities(kind, scores, expected):
    np.testing.assert_allclose(probabilities(np.array(scores), kind), expected, rtol=1e-12)


def test_at_threshold():
    scores = np.array([[0.9, 0.1], [0.75, 0.25], [0.75, 0.25], [0.4, 0.6], [0.5, 0.5]])
    labels = np.array([0, 0, 1, 1, 0])
    got = at_threshold(scores, labels, "probabilities", 0.75)  # what is exactly so sure counts
    assert got["precision_interval"] == pytest.approx([0.20766, 0.93851], abs=1e-5)
    del got["precision_interval"]
    assert got == {
        **{"threshold": 0.75, "n": 5, "answered": 3, "coverage": 3 / 5},
        **{"right": 2, "precision": 2 / 3},
    }
    none = at_threshold(scores, labels, "probabilities", 0.95)
    assert (none["answered"], none["precision"], none["precision_interval"]) == (0, None, None)

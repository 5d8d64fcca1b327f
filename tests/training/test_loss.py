"""The losses against NumPy, and class weights by hand."""

import mindspore as ms
import numpy as np
import pytest
from helpers import mode

from src_mindspore.photos.class_weights import class_weights
from src_mindspore.training.loss import ClassificationLoss

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-30.0, 60.0, 3.0], [1.0, 4.0, -2.0]])
LABELS = np.array([0, 2, 0, 1])


@pytest.fixture(scope="module", autouse=True)
def pynative():
    with mode(ms.PYNATIVE_MODE):
        yield


def loss_of(loss: ClassificationLoss, logits, labels, weights) -> float:
    return float(
        loss(
            ms.Tensor(logits, ms.float32),
            ms.Tensor(labels, ms.int32),
            ms.Tensor(weights, ms.float32),
        )
    )


def expected_losses(binary: bool, smoothing: float) -> np.ndarray:
    """Per sample, from probabilities: another way than the logits that the loss works with."""
    targets = np.full((4, 3), smoothing / 3)
    targets[np.arange(4), LABELS] += 1 - smoothing
    if not binary:
        shares = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
        return -(targets * np.log(shares)).sum(1)
    yes, no = 1 / (1 + np.exp(-LOGITS)), 1 / (1 + np.exp(LOGITS))
    return -(targets * np.log(yes) + (1 - targets) * np.log(no)).mean(1)


@pytest.mark.parametrize("activation", [None, "softmax", "sigmoid"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [(1, 1, 1, 1), (0.5, 2, 0.25, 3), (1, 1, 0, 0)])
def test_matches_numpy(activation, smoothing, weights):
    each = expected_losses(activation == "sigmoid", smoothing)
    got = loss_of(ClassificationLoss(3, activation, smoothing), LOGITS, LABELS, weights)
    assert got == pytest.approx(np.average(each, weights=weights), rel=1e-5)


@pytest.mark.parametrize(
    ("activation", "logits", "expected"),
    [
        (None, [[0, 0, 0, 0]], np.log(4)),
        ("sigmoid", [[0, 0, 0, 0]], np.log(2)),
        (None, [[-300, 300, 0, 0]], 600),  # exp overflows and underflows
        ("sigmoid", [[-300, 300, -300, -300]], (300 + 300) / 4),
    ],
)
def test_hand_made_values(activation, logits, expected):
    got = loss_of(ClassificationLoss(4, activation), logits, [0], [1])
    assert got == pytest.approx(expected, rel=1e-5)


def test_padding_changes_nothing():
    loss = ClassificationLoss(3, None, 0.1)
    padded = loss_of(
        loss, np.vstack([LOGITS, np.full((2, 3), 50.0)]), [*LABELS, 0, 2], [1, 2, 3, 4, 0, 0]
    )
    assert padded == pytest.approx(loss_of(loss, LOGITS, LABELS, [1, 2, 3, 4]), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((3, "tanh"), "activation must be None, softmax or sigmoid; got 'tanh'"),
        ((3, None, 1.0), "label_smoothing must be 0 to below 1; got 1.0"),
        ((3, None, -0.1), "label_smoothing must be 0 to below 1; got -0.1"),
    ],
)
def test_loss_refusals(arguments, text):
    with pytest.raises(ValueError, match=text):
        ClassificationLoss(*arguments)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [  # 1, 4 and 3 photos; balanced 8 / (3 * count) = 8/3, 2/3, 8/9 has mean 1 over the photos
        ("none", [1, 1, 1]),
        ("balanced", [8 / 3, 2 / 3, 8 / 9]),
        # 1 / sqrt(count) = 1, 0.5, 0.57735; its mean over the photos (1 + 2 + 1.73205) / 8
        ("sqrt", [1 / 0.59150635, 0.5 / 0.59150635, 0.57735027 / 0.59150635]),
    ],
)
def test_class_weights(rule, expected):
    labels = np.array([0, 1, 1, 2, 1, 2, 2, 1])
    weights = class_weights(labels, 3, rule)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    assert weights[labels].mean() == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(
    ("classes", "rule", "text"),
    [
        (2, "square", "rule must be one of none, sqrt, balanced; got 'square'"),
        (3, "none", "class 2 has no photo"),
    ],
)
def test_class_weights_refusals(classes, rule, text):
    with pytest.raises(ValueError, match=text):
        class_weights(np.array([0, 1]), classes, rule)

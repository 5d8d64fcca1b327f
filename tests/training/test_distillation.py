"""What teachers say, and the loss that learns from it, against NumPy."""

from dataclasses import replace
from types import SimpleNamespace

import mindspore as ms
import numpy as np
import pytest
from helpers import mode
from mindspore import Tensor, nn

from src_mindspore.head import ClassifierHead
from src_mindspore.spec.input import square_input
from src_mindspore.system.errors import UserError
from src_mindspore.training.distillation import DistillationLoss, Targets, TaughtHead, soften
from src_mindspore.training.loss import ClassificationLoss
from src_mindspore.training.options import DistillOptions
from src_mindspore.training.teachers import (
    Teacher,
    has_new_features,
    principal_components,
    targets_of,
)

OPTIONS = DistillOptions(0.7, 2.0, 3.0, 4, 0.0, 0.0)
RNG = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def log_softmax(x: np.ndarray) -> np.ndarray:
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


@pytest.fixture(autouse=True)
def pynative():
    with mode(ms.PYNATIVE_MODE):
        yield


def test_a_softened_average_is_that_of_the_probabilities() -> None:
    logits = normal(2, 5, 3, 4)
    targets = Targets(logits, None, OPTIONS)
    photos, views = np.array([4, 0]), np.array([1, 2])
    (soft,) = targets.of(photos, views, np.random.default_rng(0))
    average = np.exp(log_softmax(logits)).mean(0)[photos, views]
    expected = np.sqrt(average)  # temperature 2
    np.testing.assert_allclose(soft, expected / expected.sum(1, keepdims=True), rtol=1e-5)


def test_softened_probabilities_are_those_of_divided_logits() -> None:
    logits = normal(6, 5)
    got = soften(np.exp(log_softmax(logits)), 3)
    np.testing.assert_allclose(np.log(got), log_softmax(logits / 3), rtol=1e-4)


@pytest.mark.parametrize(("dropout", "noise"), [(0.3, 0.0), (0.0, 1.0)])
def test_a_noisy_teacher_says_something_else_every_time(dropout, noise) -> None:
    options = DistillOptions(0.7, 1.0, 0.0, 4, dropout, noise)
    targets = Targets(normal(1, 5, 3, 4), None, options)
    where = np.arange(3), np.zeros(3, int)
    first, again, other = (targets.of(*where, np.random.default_rng(s))[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
    np.testing.assert_allclose(first.sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize("width", [0, 4], ids=["probabilities", "and features"])
def test_the_loss_is_the_sum_of_its_parts(width) -> None:
    classes, rows = 3, 6
    outputs, wanted = normal(rows, classes + width), normal(rows, width)
    labels = np.array([0, 1, 2, 0, 1, 2], np.int32)
    weights = np.array([1, 2, 0.5, 1, 0, 0], np.float32)
    soft = soften(np.exp(log_softmax(normal(rows, classes))), 2)
    loss = DistillationLoss(ClassificationLoss(classes, None, 0.1), OPTIONS)
    targets = (soft, wanted) if width else (soft,)
    got = float(loss(*map(Tensor, (outputs, labels, weights, *targets))).asnumpy())
    logits = outputs[:, :classes]
    hot = np.eye(classes)[labels] * 0.9 + 0.1 / classes
    hard = -(hot * log_softmax(logits)).sum(1)
    each = 0.7 * 4 * -(soft * log_softmax(logits / 2)).sum(1) + 0.3 * hard
    if width:
        each = each + 3 * ((outputs[:, classes:] - wanted) ** 2).mean(1)
    assert got == pytest.approx((each * weights).sum() / weights.sum(), rel=1e-5)


def test_extra_outputs_are_there_in_training_alone() -> None:
    head = ClassifierHead(4, 3, 3, normalisation="rms", dropout=0.5)
    taught = TaughtHead(head, 2)
    maps, keep = Tensor(normal(5, 4, 3, 3)), Tensor(np.full((5, 4), 2, np.float32))
    trained = taught.set_train(True)(maps, keep).asnumpy()
    assert trained.shape == (5, 5)
    np.testing.assert_array_equal(trained[:, :3], head(maps, keep).asnumpy())
    np.testing.assert_array_equal(taught.set_train(False)(maps).asnumpy(), head(maps).asnumpy())


@pytest.mark.parametrize("normalisation", ["none", "rms"])
def test_extra_outputs_begin_as_the_best_that_frozen_features_can_do(normalisation) -> None:
    head = ClassifierHead(4, 1, 3, normalisation=normalisation)
    taught = TaughtHead(head, 2).set_train(True)
    features = normal(300, 4) + 1
    seen = features
    if normalisation == "rms":
        seen = features / np.sqrt((features**2).mean(1, keepdims=True))
    wanted = seen @ normal(4, 2) + 5
    taught.begin_with(features, wanted)
    got = taught(Tensor(features[..., None, None])).asnumpy()[:, 3:]
    assert ((got - wanted) ** 2).mean() < 1e-4 * wanted.var()


def test_principal_components_are_those_of_a_singular_value_decomposition() -> None:
    basis = normal(6, 40)
    rows = [normal(50, 3, 6) @ basis[:, :25] + 1, normal(50, 3, 6) @ basis[:, 25:]]
    got, share = principal_components(rows, 5, seed=1)
    unit = [r / np.linalg.norm(r, axis=-1, keepdims=True) for r in rows]
    joined = np.concatenate(unit, -1).reshape(150, 40).astype(np.float64)
    centred = joined - joined.mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :5] * values[:5]
    assert share == pytest.approx((values[:5] ** 2).sum() / (values**2).sum(), rel=1e-4)
    flat = got.reshape(150, 5)
    assert flat.var(0).mean() == pytest.approx(1, rel=1e-3)
    for ours, theirs in zip(flat.T, expected.T, strict=True):  # each up to its sign and scale
        assert abs(np.corrcoef(ours, theirs)[0, 1]) > 0.999


def test_features_are_new_where_the_network_or_what_it_sees_is_another() -> None:
    one, other = (SimpleNamespace(backbone=nn.Dense(2, 3)) for _ in range(2))
    small, large = (square_input(size, (0.0,) * 3, (1.0,) * 3) for size in (96, 128))
    assert not has_new_features(one, replace(small), one, small)
    assert has_new_features(one, large, one, small)
    assert has_new_features(other, small, one, small)


def test_teachers_that_teach_nothing_are_refused(monkeypatch, caplog) -> None:
    monkeypatch.setattr("src_mindspore.training.teachers._logits", lambda *_: normal(4, 1, 3))
    teacher = Teacher("t", None, None, new_features=False)
    options = replace(OPTIONS, weight=0.7)
    found = targets_of([teacher], lambda _: {}, options, 1)
    assert found.components is None
    assert found.logits.shape == (1, 4, 1, 3)
    assert "distill.features: no effect, the teachers have the student's own" in caplog.text
    with pytest.raises(UserError, match=r"nothing is learned.*weight is 0, and their features are"):
        targets_of([teacher], lambda _: {}, replace(OPTIONS, weight=0.0), 1)

"""A head on a fold: the same as the compiled head by itself, from memory and from the disk."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from search_ground import toy_base, toy_ground

from src_mindspore.search import trial
from src_mindspore.search.trial import Stopped, answers, learning_rates, try_head
from src_mindspore.training import draws
from src_mindspore.training.fast_head import FastHead, first_weights
from src_mindspore.training.options import HEAD, STAGES

GO = threading.Event()


@pytest.fixture
def base(tmp_path):
    return toy_base(tmp_path)


def test_draws_are_those_of_the_head_stage_and_first_weights_have_their_own() -> None:
    assert STAGES.index(HEAD) == trial.STAGE
    assert trial.WEIGHTS not in (draws.ORDER, draws.VIEW, draws.DROPOUT)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"normalisation": "rms", "hidden": (6,), "hidden_activation": "tanh"},
        {"views": 0, "reduction": "max", "activation": "sigmoid", "class_weights": "balanced"},
    ],
)
def test_a_trial_is_the_compiled_head_on_the_photos_of_the_other_folds(base, change) -> None:
    settings, ground, fold = replace(base, **change), toy_ground(), 1
    outcome = try_head(ground, settings, 9, fold, GO)
    train, test = ground.folds.trained(fold), ground.folds.scored(fold)
    views, plain = _rows(settings.reduction)
    inputs = np.ascontiguousarray((views if settings.views else plain)[train])
    weights = first_weights(
        (inputs.shape[2], *settings.hidden, 3), np.random.default_rng([1, 0, trial.WEIGHTS])
    )
    head = FastHead(
        weights,
        learning_rates(settings, 9, len(train)),
        weight_decay=4e-5,
        dropout=0.2,
        label_smoothing=0.1,
        normalisation=settings.normalisation,
        hidden_activation=settings.hidden_activation,
        activation=settings.activation,
    )
    balance = np.ones(3, np.float32)
    if settings.class_weights == "balanced":
        counts = np.bincount(ground.labels[train])
        balance = (len(train) / (3 * counts)).astype(np.float32)
    for epoch in range(9):
        head.train_epoch(inputs, ground.labels[train], balance, (1, 0), epoch, 16)
    logits = head.logits(plain[test, 0])
    wrong, losses = answers(logits, ground.labels[test], settings.activation)
    np.testing.assert_array_equal(outcome.wrong, wrong)
    np.testing.assert_allclose(outcome.losses, losses, rtol=1e-4)
    assert 0 < outcome.wrong.sum() < len(test)


def _rows(reduction: str) -> tuple[np.ndarray, np.ndarray]:
    features = toy_ground().features
    return features.of(reduction, "none", True)[0], features.of(reduction, "none", False)[0]


@pytest.mark.parametrize("normalisation", ["none", "rms"])
def test_features_that_do_not_fit_into_memory_give_the_same(base, normalisation) -> None:
    settings = replace(base, normalisation=normalisation)
    held, read = (try_head(toy_ground(limit), settings, 3, 0, GO) for limit in (1e9, 0))
    np.testing.assert_array_equal(held.wrong, read.wrong)
    np.testing.assert_allclose(held.losses, read.losses, rtol=1e-5)


def test_a_head_that_diverges_is_wrong_everywhere(base) -> None:
    outcome = try_head(toy_ground(), replace(base, lr_max=100.0, weight_decay=10.0), 9, 0, GO)
    assert outcome.wrong.all()
    assert np.isinf(outcome.losses).all()


def test_it_stops_when_it_is_told_to(base) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        try_head(toy_ground(), base, 9, 0, stop)


def test_losses_are_those_of_probabilities_that_add_up_to_one() -> None:
    logits = np.array([[2.0, 0.0, -1.0], [0.0, 0.0, 3.0], [np.nan, 0, 0]], np.float32)
    labels = np.array([0, 1, 0])
    wrong, losses = answers(logits, labels, None)
    assert wrong.tolist() == [False, True, True]
    e = np.exp
    expected = [-np.log(e(2) / (e(2) + 1 + e(-1))), -np.log(1 / (2 + e(3)))]
    np.testing.assert_allclose(losses[:2], expected, rtol=1e-6)
    assert np.isinf(losses[2])
    _, losses = answers(logits, labels, "sigmoid")
    shares = 1 / (1 + e(-logits[0].astype(float)))
    np.testing.assert_allclose(losses[0], -np.log(shares[0] / shares.sum()), rtol=1e-6)


def test_a_shorter_schedule_has_the_shape_of_the_whole_one(base) -> None:
    whole = learning_rates(replace(base, warmup_epochs=3), 9, 48)
    short = learning_rates(replace(base, warmup_epochs=3), 3, 48)
    assert (len(whole), len(short)) == (27, 9)
    assert (whole.argmax(), short.argmax()) == (8, 2)
    assert whole.max() == short.max() == np.float32(0.03)

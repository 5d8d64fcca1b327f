"""A head stage in compiled calls gives what the loop gives, whatever epoch counts."""

from dataclasses import replace

import mindspore as ms
import numpy as np
import pytest
from helpers import mode
from mindspore import nn

from src_mindspore.head import ClassifierHead
from src_mindspore.training import fast_stage
from src_mindspore.training.fast_stage import fit_fast
from src_mindspore.training.inputs import CachedInputs
from src_mindspore.training.loop import Stage, fit, predict
from src_mindspore.training.loss import ClassificationLoss
from src_mindspore.training.optimizers import build_optimizer
from src_mindspore.training.options import StageOptions
from src_mindspore.training.step import TrainStep
from src_mindspore.weights.assign import arrays_of, assign_strict

WIDTH, CLASSES, EPOCHS, BATCH, PHOTOS = 12, 3, 6, 8, 30
LR = np.linspace(1.0, 0.01, EPOCHS * 4).astype(np.float32)
RULE = {"name": "momentum", "momentum": 0.9, "weight_decay": 0.01}
OPTIONS = StageOptions("head", EPOCHS, BATCH, 0, RULE, {})


class Top(nn.Cell):
    """A head alone, which is its own classifier."""

    def __init__(self, head: ClassifierHead) -> None:
        super().__init__(auto_prefix=False)
        self.head = head

    def construct(self, x, keep=None):
        return self.head.classify(x, keep)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(2)
    features = rng.gamma(1, 3, (PHOTOS, 2, WIDTH)).astype(np.float32)
    features[4] = np.nan  # it cannot be read any more
    return features, rng.integers(0, CLASSES, PHOTOS).astype(np.int32)


def stage_of(data, val: bool = True) -> Stage:
    features, labels = data
    top = Top(ClassifierHead(WIDTH, 1, CLASSES, normalisation="rms", dropout=0.2))
    rng = np.random.default_rng(5)
    start = {n: rng.normal(0, 0.3, a.shape).astype(np.float32) for n, a in arrays_of(top).items()}
    assign_strict(top, start, "the beginning")
    rule = {key: value for key, value in RULE.items() if key != "name"}
    optimizer = build_optimizer("momentum", top.trainable_params(), LR, **rule)
    return Stage(
        name="head",
        classifier=top,
        step=TrainStep(top, ClassificationLoss(CLASSES, None, 0.1), optimizer),
        inputs=CachedInputs(features, labels, (1, 0)),
        val=(features[:, 1], labels) if val else None,
        val_loss="logits",
        lr=LR,
        class_weights=np.array([1, 2, 0.5], np.float32),
        epochs=EPOCHS,
        batch_size=BATCH,
        patience=0,
    )


@pytest.fixture(scope="module")
def by_loop(data):
    """The stage, trained by the loop, and the logits of its last weights."""
    with mode(ms.GRAPH_MODE):
        stage = stage_of(data)
        fit(stage, lambda *_: None)
        return stage, predict(stage.step.top, data[0][5:, 1], BATCH)


def close(found, expected) -> None:
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, 1e-4, 1e-4, err_msg=name)


def test_the_last_epoch(data, by_loop) -> None:
    loop, logits = by_loop
    stage = stage_of(data, val=False)
    fitted = fit_fast(stage, OPTIONS, 0.1)
    close(arrays_of(stage.classifier), arrays_of(loop.classifier))
    np.testing.assert_allclose(fitted.logits(data[0][5:, 1]), logits, 1e-3, 1e-3)
    assert stage.progress.epoch == EPOCHS


def test_the_best_epoch(data, by_loop) -> None:
    loop, _ = by_loop
    stage = stage_of(data)
    fitted = fit_fast(stage, OPTIONS, 0.1)
    assert 0 < loop.progress.stale == stage.progress.stale  # the last epoch is not the best
    assert stage.progress.best_top1 == loop.progress.best_top1
    close(arrays_of(stage.classifier), loop.best)
    close(fitted.head.weights(), loop.best)


def test_patience_ends_it(data) -> None:
    stage = stage_of(data)
    stage.patience = 1
    fit_fast(stage, OPTIONS, 0.1)
    assert stage.progress.epoch < EPOCHS
    assert stage.progress.stale == 1


def test_what_it_does_not_do_is_left_to_the_loop(data, monkeypatch) -> None:
    stage = stage_of(data)
    assert fit_fast(stage, replace(OPTIONS, from_block=17), 0.1) is None
    monkeypatch.setattr(fast_stage, "MOST_BYTES", 100)
    assert fit_fast(stage, OPTIONS, 0.1) is None
    assert stage.progress.epoch == 0

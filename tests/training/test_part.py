"""A recipe on a part of the photos: with photos to choose an epoch by, it is that one's weights."""

from types import SimpleNamespace

import mindspore as ms
import numpy as np
import pytest
from helpers import mode
from mindspore import nn

from src_mindspore.dataset import DataSet
from src_mindspore.head import ClassifierHead
from src_mindspore.photos.records import Record
from src_mindspore.training import part
from src_mindspore.training.fast_head import FastHead
from src_mindspore.training.inputs import CachedInputs
from src_mindspore.training.loop import stage_logits
from src_mindspore.training.optimizers import build_optimizer
from src_mindspore.training.options import FeatureOptions, StageOptions, TrainingOptions
from src_mindspore.training.stage import Stage
from src_mindspore.weights.assign import arrays_of

WIDTH, CLASSES, PHOTOS, EPOCHS, BATCH = 6, 3, 24, 5, 8
LR = np.linspace(2.0, 3.0, EPOCHS * 3).astype(np.float32)  # so high that it gets worse again


class Top(nn.Cell):
    """A head alone, which is its own classifier."""

    head_cut = "mean"

    def __init__(self) -> None:
        super().__init__(auto_prefix=False)
        self.head = ClassifierHead(WIDTH, 1, CLASSES)

    def construct(self, x, keep=None):
        return self.head.classify(x, keep)


def stage_of(features, labels, val) -> Stage:
    ms.set_seed(1)
    top = Top()
    optimizer = build_optimizer("momentum", top.trainable_params(), LR)
    return Stage(
        name="head",
        classifier=top,
        step=SimpleNamespace(top=top, optimizer=optimizer),
        inputs=CachedInputs(features, labels, (1, 0)),
        val=val,
        val_loss="logits",
        lr=LR,
        class_weights=np.ones(CLASSES, np.float32),
        epochs=EPOCHS,
        batch_size=BATCH,
        patience=0,
        fast=FastHead(arrays_of(top), LR),
    )


@pytest.mark.parametrize("choosing", [False, True])
def test_the_weights_that_score_are_those_of_the_epoch_that_counts(monkeypatch, choosing) -> None:
    rng = np.random.default_rng(4)
    features = rng.normal(0, 1, (PHOTOS, 1, WIDTH)).astype(np.float32)
    labels = rng.integers(0, CLASSES, PHOTOS).astype(np.int32)
    tried = rng.normal(0, 1, (10, WIDTH)).astype(np.float32)
    val = (features[:, 0], labels) if choosing else None
    stage = stage_of(features, labels, val)
    materials = SimpleNamespace(classifier=stage.classifier, input=None, targets=None)
    monkeypatch.setattr(part, "materials_of", lambda *_: materials)
    monkeypatch.setattr(part, "build_stage", lambda *_: stage)
    monkeypatch.setattr(part, "plain_values", lambda *_: tried)
    options = TrainingOptions(
        1,
        (StageOptions("head", EPOCHS, BATCH, 0, {}, {}),),
        FeatureOptions("auto", 4, None, None, None),
    )
    data = DataSet(None, ("a", "b", "c"), {part.SCORED: (Record("a/1.png", 0),)})
    recipe = SimpleNamespace(options=options, teachers=())
    with mode(ms.PYNATIVE_MODE):
        reached = part.trained(recipe, data, None, 1)
        logits = stage_logits(reached.last, reached.values)
    last = {name: array.copy() for name, array in arrays_of(stage.step.optimizer).items()}
    assert (stage.progress.stale > 0) == choosing  # the last epoch is not the best
    weights = stage.best if choosing else last
    expected = tried @ weights["head.0.weight"].T + weights["head.0.bias"]
    np.testing.assert_allclose(logits, expected, 1e-4, 1e-4)

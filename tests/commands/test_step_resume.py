"""Every optimiser goes on from the middle of an epoch as if it had never stopped."""

import json

import mindspore as ms
import numpy as np
import pytest
from helpers import mode

from src_mindspore.lr import Plateau
from src_mindspore.network.classifier import Top, build_classifier
from src_mindspore.runs.folder import RunFolder
from src_mindspore.system.errors import UserError
from src_mindspore.training.inputs import CachedInputs
from src_mindspore.training.loop import fit
from src_mindspore.training.loss import ClassificationLoss
from src_mindspore.training.optimizers import build_optimizer
from src_mindspore.training.stage import Stage, go_on
from src_mindspore.training.stages import trainable
from src_mindspore.training.step import TrainStep
from src_mindspore.weights.assign import arrays_of, assign_strict

CLASSES, PHOTOS = 3, 22
RNG = np.random.default_rng(0)
FEATURES = RNG.normal(0, 1, (PHOTOS, 2, 1280)).astype(np.float32)
LABELS = (np.arange(PHOTOS) % CLASSES).astype(np.int32)


@pytest.fixture(scope="module")
def network():
    """A classifier with dropout, and its first weights."""
    with mode(ms.GRAPH_MODE):
        ms.set_seed(0)
        classifier = build_classifier({"width_mult": 0.35}, {"dropout": 0.3}, CLASSES, 32)
        yield classifier, arrays_of(classifier)


def stage_of(classifier, name: str, plateau: Plateau | None = None) -> Stage:
    epochs = 3 if plateau else 2
    rates = np.linspace(0.01, 0.001, 6 * epochs).astype(np.float32)
    if plateau:
        rates[:] = plateau.rate
    top = Top(classifier, "mean")
    optimizer = build_optimizer(name, trainable(top), rates, 0.9, 1e-3)
    return Stage(
        name="head",
        classifier=classifier,
        step=TrainStep(top, ClassificationLoss(CLASSES, None), optimizer),
        inputs=CachedInputs(FEATURES, LABELS, (1, 0)),
        val=(FEATURES[:, 0], LABELS),
        val_loss="logits",
        lr=rates,
        class_weights=np.array([1, 2, 0.5], np.float32),
        epochs=epochs,
        batch_size=4,
        patience=0,
        plateau=plateau,
    )


def arrays(stage: Stage) -> tuple[dict, dict]:
    """What a checkpoint holds: weights, optimiser."""
    return arrays_of(stage.classifier), arrays_of(stage.step.optimizer)


@pytest.mark.parametrize(
    "name",
    ["momentum", "adam"]
    + [pytest.param(n, marks=pytest.mark.long) for n in ("sgd", "adamw", "rmsprop", "plateau")],
)
def test_killed_in_the_middle_of_an_epoch(network, tmp_path, name):
    classifier, first = network

    def built() -> Stage:
        if name == "plateau":
            # no score is better than such a best one: every epoch lowers the rate
            return stage_of(classifier, "momentum", Plateau(0.01, 0.5, 0, best=1.0))
        return stage_of(classifier, name)

    def train(stage: Stage, run: RunFolder, stop: int | None) -> list[dict]:
        steps = []

        def after_step(stage: Stage) -> None:
            save(stage)
            steps.append(stage.progress.step)
            if len(steps) == stop:
                raise KeyboardInterrupt  # a kill leaves no more than this

        def save(stage: Stage) -> None:
            run.save(stage.name, stage.progress, *arrays(stage), stage.best)

        def after_epoch(stage: Stage, line: dict) -> None:
            run.log({**line, "seconds": 0})
            save(stage)

        fit(stage, after_epoch, lambda: True, after_step)
        return run.lines

    assign_strict(classifier, first, "the beginning")
    (tmp_path / "whole").mkdir()
    whole = built()
    expected = train(whole, RunFolder(tmp_path / "whole"), None)
    weights = arrays_of(classifier) | arrays_of(whole.step.optimizer)

    assign_strict(classifier, first, "the beginning")
    (tmp_path / "part").mkdir()
    for stop in (8, None):  # an epoch has 6 steps
        run, stage = RunFolder(tmp_path / "part"), built()
        state = run.begin(("head",))
        if state:
            go_on(stage, state, run.lines)
        try:
            lines = train(stage, run, stop)
        except KeyboardInterrupt:
            assign_strict(classifier, first, "another process would have these")
    assert json.dumps(lines) == json.dumps(expected)
    if name == "plateau":
        assert [line["lr"] for line in lines] == pytest.approx([0.01, 0.005, 0.0025])
    for key, value in (arrays_of(classifier) | arrays_of(stage.step.optimizer)).items():
        assert value.tobytes() == weights[key].tobytes(), key


def test_weights_that_are_no_numbers_are_not_kept(network, tmp_path):
    classifier, first = network
    assign_strict(classifier, first, "the beginning")
    stage, run = stage_of(classifier, "momentum"), RunFolder(tmp_path)

    def save(stage: Stage) -> None:
        run.save(stage.name, stage.progress, *arrays(stage), stage.best)

    save(stage)
    kept = (tmp_path / "last.ckpt").read_bytes()
    stage.step.optimizer.moments[0].set_data(ms.Tensor(np.full((3, 1280), np.nan, np.float32)))
    with pytest.raises(UserError, match="the training has diverged: moments"):
        save(stage)
    with pytest.raises(UserError, match=r"largest weight of head became nan at step 1 with"):
        fit(stage, lambda *_: None, lambda: True, save)
    assert (tmp_path / "last.ckpt").read_bytes() == kept

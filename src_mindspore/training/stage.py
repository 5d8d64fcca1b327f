"""A stage of training, ready to run: what is trained, on what, and how far it is."""

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mindspore import Tensor

from src_mindspore.lr import Plateau
from src_mindspore.network.classifier import Classifier
from src_mindspore.runs.names import LAST
from src_mindspore.runs.progress import StageProgress, State
from src_mindspore.system.errors import UserError
from src_mindspore.system.rows import Sliceable
from src_mindspore.training.fast_head import FastHead
from src_mindspore.training.inputs import TrainingInputs
from src_mindspore.training.step import TrainStep
from src_mindspore.training.workers import ALONE, Workers
from src_mindspore.weights.assign import restore

log = logging.getLogger(__name__)


@dataclass
class Stage:
    """A stage ready to run.

    Attributes:
        name: for messages and the log.
        classifier: the whole network, of which ``step`` trains a part.
        step: one step of training.
        inputs: what is trained on.
        val: the values at the cut of the validation photos (an array, or anything that gives
            arrays when sliced) and their labels (n,); None: no epoch is scored, the last counts.
        val_loss: how those are scored, see ``metrics.summary``.
        lr: (steps,) float32 over all epochs, as the optimiser has them.
        class_weights: (classes,) float32.
        epochs: passes over the training photos.
        batch_size: photos of a step, of all workers together.
        patience: epochs without a better one before the stage ends; 0 is never.
        freeze_bn_statistics: whether batch norms keep their mean and variance.
        workers: who trains together.
        progress: how far it is.
        best: the weights of the best epoch so far, over all stages; None before there is one.
        fast: trains the head in place of ``step``, an epoch a call, with the same numbers; the
            parameters and the optimiser of ``step`` are brought up to date after every epoch.
        plateau: lowers the rates of the epochs to come, by the score of each; it needs ``val``.
    """

    name: str
    classifier: Classifier
    step: TrainStep
    inputs: TrainingInputs
    val: tuple[Sliceable, np.ndarray] | None
    val_loss: str
    lr: np.ndarray
    class_weights: np.ndarray
    epochs: int
    batch_size: int
    patience: int
    freeze_bn_statistics: bool = True
    workers: Workers = ALONE
    progress: StageProgress = field(default_factory=StageProgress)
    best: Mapping[str, np.ndarray] | None = None
    fast: FastHead | None = None
    plateau: Plateau | None = None


def steps_per_epoch(photos: int, batch_size: int) -> int:
    """Optimiser steps in an epoch; the short last batch is one."""
    return -(-photos // batch_size)


def follow_plateau(stage: Stage, top1: float, done: int) -> None:
    """Tells the plateau of a stage, if it has one, how an epoch was scored.

    The rates of all later steps are lowered to what it then says; those of a warm-up that are below
    it stay. A resumed stage is told every epoch of its log: that is all that a plateau knows.

    Args:
        stage: its rates are changed, for its step, its compiled head and itself.
        top1: of the validation photos, 0..1.
        done: steps of the stage until the end of that epoch.
    """
    if stage.plateau is None:
        return
    before, rate = stage.plateau.rate, stage.plateau.after_epoch(top1)
    if rate == before or done == len(stage.lr):
        return
    log.info(
        "%s: no better val top-1 in %d epochs: learning rate %.6g",
        *(stage.name, stage.plateau.patience + 1, rate),
    )
    lr = stage.lr.copy()
    lr[done:] = np.minimum(lr[done:], np.float32(rate))
    stage.lr = lr
    stage.step.optimizer.parameters_dict()["learning_rate"].set_data(Tensor(lr))
    if stage.fast:
        stage.fast.set_rates(lr)


def go_on(stage: Stage, state: State, lines: Iterable[Mapping[str, Any]]) -> None:
    """Brings a stage, as it was built, to where a run of it was stopped.

    Args:
        stage: its classifier and optimiser get their arrays.
        state: of ``last.ckpt``.
        lines: of ``log.jsonl``, those of the epochs that ``state`` knows of.

    Raises:
        UserError: arrays of another network or optimiser.
    """
    restore((stage.classifier, stage.step.optimizer), state.arrays, LAST)
    stage.progress, stage.best = state.progress, state.best
    for line in lines:
        if line["stage"] == stage.name:
            follow_plateau(stage, line["val_top1"], line["step"])


def check_finite(stage: Stage, what: str, value: float, step: int) -> None:
    """Raises UserError, with the learning rate of a step, where a value is no number."""
    if not math.isfinite(value):
        raise UserError(
            f"the {what} of {stage.name} became {value} at step {step} "
            f"with learning rate {stage.lr[step - 1]:.6g}: a smaller "
            f"{stage.name}_stage.lr.max or a longer warm-up is needed, in a new run (--run), which "
            f"uses the cached features again; --resume would come to the same step"
        )

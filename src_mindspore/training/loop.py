"""The one training loop, for the head on cached features and for the backbone alike."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mindspore import Tensor

from src_mindspore.evaluation.metrics import summary
from src_mindspore.network.classifier import Classifier, batch_norms
from src_mindspore.network.forward import run_batched
from src_mindspore.network.kernels.cells import AnyTop
from src_mindspore.runs.progress import EpochSums, StageProgress
from src_mindspore.system.errors import UserError
from src_mindspore.system.memory import batch_of
from src_mindspore.system.progress import progress
from src_mindspore.system.rows import Part, Readable, Sliceable, blank
from src_mindspore.training.draws import DROPOUT
from src_mindspore.training.fast_head import FastHead, NotFiniteError
from src_mindspore.training.inputs import Batch, TrainingInputs
from src_mindspore.training.step import TrainStep
from src_mindspore.training.workers import ALONE, Workers
from src_mindspore.weights.assign import arrays_of, assign_strict

log = logging.getLogger(__name__)

ROWS = 4096  # of features that the compiled head takes at once: 21 MB of 1280
LOOK_EVERY = 16  # steps between looks at the clock, where several workers must agree on it


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
        lr: (steps,) float32 over all epochs, as given to the optimiser.
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


def steps_per_epoch(photos: int, batch_size: int) -> int:
    """Optimiser steps in an epoch; the short last batch is one."""
    return -(-photos // batch_size)


def _never() -> bool:
    return False


def fit(
    stage: Stage,
    after_epoch: Callable[[Stage, dict], None],
    due: Callable[[], bool] = _never,
    after_step: Callable[[Stage], None] = lambda _: None,
) -> None:
    """Trains a stage to its end, from where ``stage.progress`` says it is.

    After every epoch the whole validation split, if there is one, is scored, ``stage.progress``
    and ``stage.best`` are brought up to date and ``after_epoch(stage, line)`` is called, ``line``
    being the epoch's entry for ``log.jsonl``. Inside an epoch ``after_step(stage)`` is called, with
    the same right to go on from there, when ``due()`` of the first worker says so.

    Raises:
        UserError: a loss or a logit that is not finite, with the step and learning rate; no memory
            for a batch.
    """
    state = stage.progress
    if stage.fast:
        stage.fast.load(arrays_of(stage.step.optimizer))
    while state.epoch < stage.epochs:
        if stage.patience and state.stale >= stage.patience:
            log.info("%s: no better epoch in %d: stopped early", stage.name, stage.patience)
            return
        began = time.perf_counter()
        with batch_of(stage.name, stage.batch_size):
            sums = _fast_epoch(stage) if stage.fast else _train_epoch(stage, due, after_step)
            done = (state.epoch + 1) * steps_per_epoch(stage.inputs.photos, stage.batch_size)
            scores = _validate(stage, done) if stage.val else {}
        if scores:
            _keep_best(stage, scores)
        state.epoch, state.step, state.sums = state.epoch + 1, 0, []
        line = {
            "stage": stage.name,
            "epoch": state.epoch,
            "step": done,
            "lr": float(stage.lr[done - 1]),
            "train_n": stage.inputs.photos,
            "train_loss": sums.loss / sums.weight,
            "train_top1": sums.hits / sums.photos,
            **_validation_entries(stage, scores),
            "seconds": round(time.perf_counter() - began, 3),
        }
        log.info("%s", _sentence(line, stage.epochs))
        after_epoch(stage, line)


def _keep_best(stage: Stage, scores: Mapping[str, float]) -> None:
    """Keeps the weights where they are the best so far."""
    state = stage.progress
    if state.improves(scores["top1"], scores["loss"]):
        state.best_top1, state.best_loss, state.stale = scores["top1"], scores["loss"], 0
        stage.best = arrays_of(stage.classifier)
    else:
        state.stale += 1


def _validation_entries(stage: Stage, scores: Mapping[str, float]) -> dict[str, Any]:
    """Those of an epoch's line; none where nothing is scored."""
    if not scores:
        return {}
    named = {f"val_{key}": scores[key] for key in ("loss", "top1", "top5")}
    return {"val_n": len(stage.val[1]), **named, "best": not stage.progress.stale}


def _sentence(line: dict, epochs: int) -> str:
    """An epoch's entry of ``log.jsonl`` for people."""
    scored = ""
    if "val_n" in line:
        scored = (
            f"val loss {line['val_loss']:.4f} top-1 {line['val_top1']:.2%} (n={line['val_n']})"
            f"{' *' if line['best'] else ''}  "
        )
    return (
        f"{line['stage']} {line['epoch']}/{epochs}  lr {line['lr']:.5f}  "
        f"train loss {line['train_loss']:.4f} top-1 {line['train_top1']:.2%} "
        f"(n={line['train_n']})  {scored}{line['seconds']:.1f} s"
    )


def _train_epoch(
    stage: Stage, due: Callable[[], bool], after_step: Callable[[Stage], None]
) -> EpochSums:
    """Trains on every photo once, from ``stage.progress.step`` on; the sums of all workers."""
    stage.step.set_train(True)
    if stage.freeze_bn_statistics:
        for cell in batch_norms(stage.step.top):
            cell.set_train(False)
    state, photos = stage.progress, stage.inputs.photos
    size, workers = stage.batch_size, stage.workers
    sums = state.sums_of(workers.rank, workers.size)
    first = state.epoch * steps_per_epoch(photos, size)
    with progress(photos, f"{stage.name} {state.epoch + 1}/{stage.epochs}", quiet=True) as advance:
        advance(min(state.step * size, photos))
        batches = stage.inputs.batches(state.epoch, size, workers, state.step)
        for number, batch in enumerate(batches, start=state.step):
            sums = sums.plus(_train_step(stage, batch, number, first + number + 1))
            advance(min(size, photos - number * size))
            if (number + 1) % (LOOK_EVERY if workers.size > 1 else 1):
                continue
            table = workers.gather((due(), *sums))
            if table[0, 0]:
                check_finite(stage, "largest weight", _largest_weight(stage), first + number + 1)
                state.step, state.sums = number + 1, table[:, 1:].tolist()
                after_step(stage)
    return EpochSums(*workers.gather(sums).sum(0).tolist())


def _fast_epoch(stage: Stage) -> EpochSums:
    """What ``_train_epoch`` does, in one compiled call."""
    state, inputs = stage.progress, stage.inputs
    try:
        sums = stage.fast.train_epoch(
            inputs.features,
            inputs.labels,
            stage.class_weights,
            inputs.seed,
            state.epoch,
            stage.batch_size,
            first=state.step,
        )
    except NotFiniteError as error:
        check_finite(stage, "loss", error.loss, error.step)
        raise
    assign_strict(stage.step.optimizer, stage.fast.arrays(), "the compiled head")
    return state.sums_of(0, 1).plus(sums)


def _train_step(stage: Stage, batch: Batch, number: int, step: int) -> EpochSums:
    """Trains on batch ``number`` of an epoch; what it adds to the epoch's sums."""
    values, labels, *targets = batch
    size, workers = stage.batch_size, stage.workers
    real = np.arange(len(labels)) < workers.real(
        min(size, stage.inputs.photos - number * size), size
    )
    gone = blank(values)
    values[gone], real[gone] = 0, False
    weights = np.where(real, stage.class_weights[labels], 0)
    rng = np.random.default_rng([*stage.inputs.seed, stage.progress.epoch, DROPOUT, number])
    keep = stage.step.top.head.dropout_mask(size, rng)
    # one row where none is drawn
    keep = Tensor(keep[workers.rows(size)] if len(keep) == size else keep)
    tensors = _padded(values, labels, weights, size // workers.size)
    taught = _repeated(targets, size // workers.size)
    loss, logits = stage.step(*tensors, keep, *taught)
    loss_value, weight = float(loss.asnumpy()), float(weights.sum())
    check_finite(stage, "loss", loss_value, step)
    logits = logits.asnumpy()[: len(labels), : len(stage.class_weights)]
    hits = (logits.argmax(1) == labels)[real]
    return EpochSums(loss_value * weight, weight, float(hits.sum()), float(len(hits)))


def _padded(
    values: np.ndarray, labels: np.ndarray, weights: np.ndarray, size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Fills a short batch up with repeats of weight 0: one graph, and no photo is dropped."""
    rows = np.arange(size) % len(labels)
    full = np.where(np.arange(size) < len(labels), weights[rows], 0)
    return *_repeated((values, labels), size), Tensor(full.astype(np.float32))


def _repeated(arrays: Sequence[np.ndarray], size: int) -> list[Tensor]:
    """The rows of a short batch over and over, as in ``_padded``."""
    return [Tensor(array[np.arange(size) % len(array)]) for array in arrays]


def _validate(stage: Stage, done: int) -> dict[str, float]:
    """Scores the whole validation split; of several workers each does a part of it.

    They go by what the first makes of it, so that none stops while others go on.
    """
    values, labels = stage.val
    workers = stage.workers
    mine = workers.rows(len(labels))
    part = Readable(values if workers.size == 1 else Part(values, mine))
    # in the last column whether the photo can still be read
    table = np.zeros((len(labels), len(stage.class_weights) + 1), np.float32)
    if len(part):
        table[mine, :-1] = stage_logits(stage, part)
        table[mine, -1] = part.mask
    table = workers.add(table)
    logits, labels = (rows[table[:, -1] > 0] for rows in (table[:, :-1], labels))
    if not len(labels):
        raise UserError("no validation photo can be read any more")
    scores = summary(logits, labels, stage.val_loss)
    largest = float(np.abs(logits).max())
    largest, *agreed = workers.gather((largest, *scores.values()))[0].tolist()
    check_finite(stage, "largest validation logit", largest, done)
    return dict(zip(scores, agreed, strict=True))


def stage_logits(stage: Stage, values: Sliceable) -> np.ndarray:
    """Logits (n, classes) of a stage as it is now, for values at its cut (n, ...)."""
    if stage.fast is None:
        return predict(stage.step.top, values, stage.batch_size // stage.workers.size)
    starts = range(0, len(values), ROWS)
    return np.concatenate([stage.fast.logits(values[i : i + ROWS]) for i in starts])


def predict(top: AnyTop, values: Sliceable, batch_size: int) -> np.ndarray:
    """Logits (n, classes) for values at the cut (n, ...), in inference mode."""
    top.set_train(False)
    return run_batched(top, values, batch_size)


def _largest_weight(stage: Stage) -> float:
    """Absolute, of what is trained and of the optimiser's moments."""
    largest = [np.abs(p.asnumpy()).max() for p in stage.step.optimizer.get_parameters()]
    return float(np.max(largest))  # unlike Python's, NumPy's maximum is NaN where any is


def check_finite(stage: Stage, what: str, value: float, step: int) -> None:
    """Raises UserError, with the learning rate of a step, where a value is no number."""
    if not math.isfinite(value):
        raise UserError(
            f"the {what} of {stage.name} became {value} at step {step} "
            f"with learning rate {stage.lr[step - 1]:.6g}: a smaller "
            f"{stage.name}_stage.lr.max or a longer warm-up is needed, in a new run (--run), which "
            f"uses the cached features again; --resume would come to the same step"
        )
